"""Entchen: symbolic scores to token shards, and models that continue or harmonize them.

The public API, without params.yaml and without a project folder::

    >>> import pipeline
    >>> score = pipeline.read("tinyNotation: 4/4 c4 d e f g2 g2")    # or "tune.musicxml", "tune.abc", …
    >>> score.parts[0].pitch.tolist(), score.parts[0].onset_quarters[4]
    ([60, 62, 64, 65, 67, 67], Fraction(4, 1))
    >>> grid = score.quantize(steps_per_quarter=1)
    >>> tokens = pipeline.encode(grid)
    >>> tokens.tolist()
    [256, 60, 62, 64, 65, 67, 195, 67, 195, 257]
    >>> pipeline.decode(tokens, like=grid) == grid    # .save("tune.mid"), "tune.musicxml" or "tune.wav"
    True

In a project whose stages have run, ``load_dataset("melodies")`` opens a data set as a pandas DataFrame,
``load_model("melodies").generate(score)`` continues a score, and
``load_model("chorales-harmony").harmonize(score)`` adds the missing voices. Names are imported when they
are first used, so that ``import pipeline`` loads no library.

Layers of this package; each module or folder imports only those listed above it:

==========  ==================================================================================
errors      PipelineError, the base of all errors whose message is for the user
core        shared by all stages: music, vocabulary, tables, accounting, settings, files
workflow    around a stage: locking, progress, outputs, engines; changes no output
formats     readers (score files to exact notes) and writers (grids to MIDI, MusicXML, WAV)
corpora     sources of scores, and the notes tables parsed from them
datasets    tune families, quantization, filters, splits, encoding to token shards
models      one folder per kind of model, and their shared base
training    the training loop, losses, schedules, checkpoints
decoding    scoring, sampling, beam search, continuation and harmonization with a model
evaluation  metrics, baselines and samples of a trained model
report      the HTML report, one file per section
parameters  the whole of params.yaml, validated at once
tools       commands around the pipeline: inspection, explain, inference, cross-validation
api         the public API: scores, grids, data sets and trained models in Python
cli         the command ``entchen``, the same as ``python -m pipeline``
notebook    functions for exploring a data set in a notebook
==========  ==================================================================================

torch is imported by models and below, music21 by one reader; the stages up to encode import neither
of them, except parse.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipeline.api.data import load_dataset as load_dataset
    from pipeline.api.grids import ScoreGrid as ScoreGrid
    from pipeline.api.grids import decode as decode
    from pipeline.api.grids import encode as encode
    from pipeline.api.models import TrainedModel as TrainedModel
    from pipeline.api.models import load_model as load_model
    from pipeline.api.reading import read as read
    from pipeline.api.reading import read_all as read_all
    from pipeline.api.scores import Score as Score
    from pipeline.errors import PipelineError as PipelineError

__version__ = "1.0.0"
_SOURCES = {
    "PipelineError": "pipeline.errors",
    "Score": "pipeline.api.scores",
    "ScoreGrid": "pipeline.api.grids",
    "TrainedModel": "pipeline.api.models",
    "decode": "pipeline.api.grids",
    "encode": "pipeline.api.grids",
    "load_dataset": "pipeline.api.data",
    "load_model": "pipeline.api.models",
    "read": "pipeline.api.reading",
    "read_all": "pipeline.api.reading",
}
__all__ = ["__version__", *sorted(_SOURCES)]


def __getattr__(name: str) -> Any:
    """Import a public name on its first use (PEP 562)."""
    if name not in _SOURCES:
        raise AttributeError(f"module 'pipeline' has no attribute '{name}'")
    try:
        value = getattr(import_module(_SOURCES[name]), name)
    except ModuleNotFoundError as error:
        from pipeline.errors import missing_extra

        raise ModuleNotFoundError(missing_extra(error) or str(error), name=error.name) from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names and the modules of the package that are imported."""
    return sorted({*globals(), *__all__})
