"""The errors whose messages are for users.

Every error that a user's data, parameters or files can cause derives from :class:`PipelineError`
and is defined in the module that raises it. A stage prints its message (what was found, where, and what
is allowed) and ends with exit status 1. Any other exception is a bug of this project and keeps its
traceback::

    PipelineError
    ├── SettingsError      core.settings          a parameter is missing, unknown or not allowed
    ├── GridError          core.music             arrays that are not a valid grid
    ├── ChordError         core.chords            text that is not a chord symbol
    ├── TokenError         core.vocabulary        a token sequence breaks the grammar
    ├── AccountingError    core.accounting        a stage lost or invented rows
    ├── EmptyDatasetError  core.accounting        every piece of a data set is rejected
    ├── TableError         core.tables            a Parquet file is missing, damaged or of another schema
    ├── DvcFileError       workflow.dvcfile       dvc.yaml names no such stage
    ├── LockError          workflow.dvclock       dvc.lock is damaged
    ├── SummaryError       workflow.summary       files of a stage are missing or damaged
    ├── ClusterError       workflow.cluster       a Dask cluster does not answer, or has no workers
    ├── EngineError        workflow.engine        a worker process died
    ├── StageError         workflow.runner        a stage cannot run, or its inputs changed while it ran
    ├── ReadError          formats.readers        a piece cannot be read (becomes a rejected row)
    ├── ScoreError         formats.writers        a grid cannot be written as a score
    ├── CatalogueError     corpora.sources        the catalogue has no such corpus
    ├── IndexFileError     corpora.sources        an index of files is missing, damaged or out of date
    ├── PlaceError         corpora.sources        a folder or bundle is missing, or contains no score
    ├── DownloadError      corpora.sources        no address has the expected file
    ├── ArchiveError       corpora.sources        an archive is damaged, or a member is not allowed
    ├── ManifestError      corpora.sources        source.json is missing or damaged
    ├── VersionError       corpora.parsing        workers run different code than the stage
    ├── IsolationError     corpora.parsing        a child process does not start
    ├── SplitError         datasets.splits        a piece is in no tune family or published split
    ├── RoundTripError     datasets.encoding      decoding the tokens does not give the grid back
    ├── CutError           models.base            a piece is too short to be cut
    ├── GivenError         models.base            given voices that the data set does not have
    ├── BatchError         models.base            examples that do not fit into one batch
    ├── CheckpointError    models.base            saved weights are of another model, or damaged
    ├── LeakError          models.base            initial weights were trained on relatives of held-out pieces
    ├── TaskError          models.stepwise        a task that the model does not support
    ├── DivergedError      training.loop          the loss is no longer a finite number
    ├── PredictionError    decoding.sampling      a model's predictions are not numbers
    ├── SamplingError      decoding.sampling      an unknown sampling method
    ├── ContinuationError  evaluation.metrics     tokens that do not fill steps, or a prompt without a note
    ├── LikelihoodError    evaluation.metrics     probabilities that are not a distribution
    ├── EvaluationError    evaluation.predictor   nothing to evaluate, or a model of another data set
    ├── ReportError        report.inputs          a file that the report needs is missing
    ├── EngravingError     report.engraving       a score cannot be drawn: damaged, or too long for a page
    ├── FileError          tools.inspection       a single file cannot be encoded or decoded
    ├── TokenTextError     tools.inspection       a line of tokens cannot be read
    ├── UnknownPieceError  tools.inspection       no data set or corpus has such a piece
    ├── PromptError        tools.inference        no usable prompt, or no such experiment
    ├── FolderError        tools.adding           a folder cannot become a corpus
    ├── ExportError        tools.hub              a data set or model cannot be exported
    ├── ColumnsError       tools.reference        there is no such table
    ├── NoReportError      cli.report             there is no report to open
    ├── ScoreFileError     api.grids              a score cannot be read or quantized
    ├── ModelFolderError   api.models             a model folder lacks the settings of its data set
    ├── FoldError          tools.crossvalidation  no such experiment, or too few families for the folds
    └── BenchmarkError     tools.benchmark        a file of results is damaged
"""

from collections.abc import Iterable
from difflib import get_close_matches


class PipelineError(Exception):
    """Base of all errors whose message is for the user."""


EXTRAS = {  # of pyproject.toml, by the library that is missing
    "torch": "models",
    "safetensors": "models",
    "dvc": "pipeline",
    "music21": "pipeline",
    "jinja2": "report",
    "vl_convert": "report",
    "verovio": "report",
    "distributed": "cluster",
}


def missing_extra(error: ModuleNotFoundError) -> str | None:
    """A sentence that names the package to install; None where no extra has the module.

    >>> missing_extra(ModuleNotFoundError("No module named 'torch'", name="torch"))
    "this needs torch, which is not installed: pip install 'entchen[models]'"
    """
    library = (error.name or "").partition(".")[0]
    if library not in EXTRAS:
        return None
    return f"this needs {library}, which is not installed: pip install 'entchen[{EXTRAS[library]}]'"


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names what is allowed, the nearest name first.

    >>> nearest("essn", ["essen", "ryans"])
    "did you mean 'essen'? Known: essen, ryans"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    known = "Known" if hint else "known"
    return f"{hint}{known}: {', '.join(names) or 'none'}"
