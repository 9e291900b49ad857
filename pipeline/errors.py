"""What a user is told.

Every error that a user's data, parameters or files can cause derives from
:class:`PipelineError` and is defined beside the code that raises it. A stage
prints its message (what was found, where, what is allowed) and ends with exit
status 1; any other exception is a fault of this project and keeps its
traceback::

    PipelineError
    ├── SettingsError        settings     params.yaml holds something else than allowed
    ├── GridError            music        arrays that are no valid grid
    ├── TokenError           vocabulary   a token sequence breaks the grammar
    ├── CutError             examples     a piece has no second half
    ├── GivenError           examples     voices that cannot be given
    ├── BooksError           books        a stage lost or invented rows
    ├── EmptyDatasetError    books        nothing is left of a data set
    ├── TableError           tables       a Parquet file is missing, damaged or of another schema
    ├── DvcFileError         dvcfile      dvc.yaml names no such stage
    ├── SummaryError         summary      the files that a stage made are missing or damaged
    ├── ClusterError         cluster      a Dask cluster does not answer, or has no workers
    ├── EngineError          engine       a worker died
    ├── IsolationError       isolation    a child process does not start
    ├── StageError           runner       a stage cannot run, or its inputs changed under it
    ├── CatalogueError       sources      the catalogue knows no such corpus
    ├── IndexFileError       sources      an index of files is missing, damaged or of other files
    ├── PlaceError           sources      a folder or bundle is missing, or holds no score
    ├── DownloadError        sources      no address gave the file that was asked for
    ├── ArchiveError         sources      an archive is damaged, or tries what it must not
    ├── ManifestError        sources      source.json is missing or damaged
    ├── VersionError         parsing      workers have other code than the stage
    ├── ReadError            readers      a piece cannot be read (becomes a rejected row)
    ├── SplitError           splits       a piece is in no tune family or published split
    ├── RoundTripError       encoding     tokens do not give their grid back
    ├── BatchError           batches      examples that cannot stand in one batch
    ├── TaskError            models       a model is asked for what it cannot do
    ├── DivergedError        training     the loss is no longer a finite number
    ├── CheckpointError      training     saved weights are foreign or damaged
    ├── SamplingError        sampling     a way of choosing symbols that does not exist
    ├── ContinuationError    metrics      no whole steps, or a prime without a note
    ├── LeakError            training     held-out pieces have relatives that the weights have seen
    ├── LikelihoodError      metrics      probabilities are no distribution
    ├── ScoreError           scores       a grid cannot be written as a score
    ├── FoldError            crossvalidation  no such experiment, or nothing to divide into folds
    ├── EvaluationError      evaluation   nothing to evaluate, or a model of other data
    ├── FileError            inspecting   a file on its own cannot be encoded or decoded
    ├── TokenTextError       inspecting   a line of tokens that cannot be read
    ├── LockError            explaining   dvc.lock is damaged
    ├── PromptError          generating   nothing to go on from, or no such experiment
    ├── UnknownPieceError    inspecting   no data set or corpus holds such a piece
    ├── ReportError          report       a file that the report needs is missing
    └── BenchmarkError       benchmark    a file of results is damaged
"""

from collections.abc import Iterable
from difflib import get_close_matches


class PipelineError(Exception):
    """Base of all errors that are meant for the user."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names what is allowed, the nearest name first.

    >>> nearest("essn", ["essen", "ryans"])
    "did you mean 'essen'? Known: essen, ryans"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names) or 'none'}"
