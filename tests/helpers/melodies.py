"""Small melodies and models that several tests share."""

from collections.abc import Collection, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.core import vocabulary
from pipeline.core.schemas import TOKENS
from pipeline.core.tables import write_table
from pipeline.core.vocabulary import START, STOP, TIED
from pipeline.models.base.examples import ContinueExample, Example, cut_at_note
from pipeline.models.base.tasks import Continue
from pipeline.models.copying.config import CopyingConfig
from pipeline.models.decoder.config import DecoderConfig
from pipeline.models.lstm.config import LstmConfig
from pipeline.models.stepwise.config import StepwiseConfig
from pipeline.models.transformer.config import TransformerConfig
from pipeline.training.data import TrainingData
from pipeline.training.settings import TrainingSettings

ENTCHEN = [START, 60, 62, 64, 65, 67, 195, 67, 195, 69, 69, 69, 69, 67, 195, 69, 69]
ENTCHEN += [69, 69, 67, 195, 65, 65, 65, 65, 64, 192, 64, 192, 62, 62, 62, 62, 60, 188, STOP]


def scale(start: int, n_notes: int, held: int = 1) -> list[int]:
    """A rising scale, each note ``held`` steps long."""
    steps = [[start + i, *[TIED + start + i] * (held - 1)] for i in range(n_notes)]
    return [START, *(token for note in steps for token in note), STOP]


def scales() -> list[ContinueExample]:
    """Eight scales of different lengths, cut in the middle."""
    return [cut_at_note(scale(55 + i, 4 + i, 1 + i % 3), 0.5) for i in range(8)]


def lstm(**changes: object) -> LstmConfig:
    """A tiny LSTM with attention."""
    shape = {
        "kind": "lstm",
        "input": "embedding",
        "attention": "dot",
        "attention_size": 6,
        "embedding_size": 8,
        "hidden_size": 12,
    }
    return LstmConfig.model_validate({**shape, "layers": 1, "bidirectional": True, "dropout": 0.0, **changes})


def copying(**changes: object) -> CopyingConfig:
    """A tiny LSTM with a copy mechanism."""
    shape = {"embedding_size": 8, "hidden_size": 12, "layers": 1, "attention_size": 6, "dropout": 0.0}
    ways = {"copies": ["pitch", "interval"], "matches": True, "bars": True}
    return CopyingConfig.model_validate({"kind": "copying", **shape, **ways, **changes})


def transformer(**changes: object) -> TransformerConfig:
    """A tiny transformer."""
    shape = {"size": 12, "heads": 2, "layers": 1, "widening": 2, "distances": 5, "bars": True, "dropout": 0.0}
    return TransformerConfig.model_validate({"kind": "transformer", **shape, **changes})


def decoder(**changes: object) -> DecoderConfig:
    """A tiny decoder-only LSTM."""
    shape = {"embedding_size": 8, "hidden_size": 12, "layers": 1, "dropout": 0.0}
    return DecoderConfig.model_validate({"kind": "decoder", **shape, **changes})


def stepwise(**changes: object) -> StepwiseConfig:
    """A tiny stepwise LSTM."""
    shape = {"embedding_size": 8, "hidden_size": 12, "layers": 1, "dropout": 0.0}
    return StepwiseConfig.model_validate({"kind": "stepwise", **shape, **changes})


def training(**changes: object) -> TrainingSettings:
    """A short training on the processor."""
    steps = {"seed": 1, "epochs": 3, "batch_tokens": 40, "learning_rate": 0.01}
    plan = {"warmup": 0.0, "schedule": "constant", "clip_norm": 1.0, "teacher_forcing": 1.0, "patience": 0}
    extras = {"transpose_semitones": 0, "label_smoothing": 0.0, "ema_decay": 0.0}
    where = {"precision": "float32", "checkpoint_seconds": 0.0, "device": "cpu", "threads": 2}
    return TrainingSettings.model_validate({**steps, **plan, **extras, **where, **changes})


def continuing(**changes: object) -> Continue:
    """The task to continue pieces that are cut in the middle, the same in every epoch."""
    cuts = {"cut": 0.5, "min_cut": 0.5, "max_cut": 0.5}
    return Continue.model_validate({"kind": "continue", **cuts, **changes})


def training_data(
    train: Sequence[Example], valid: Sequence[Example] | None = None, **task: object
) -> TrainingData:
    """Examples to continue, as training takes them.

    Args:
        train: training examples.
        valid: validation examples; None for the training examples.
        task: what differs from :func:`continuing`.
    """
    return TrainingData(continuing(**task), train, train if valid is None else valid)


def write_shard(
    path: Path,
    tunes: list[list[int]],
    bars: Sequence[tuple[int, list[int]] | None] = (),
    vocabulary_sha256: str | None = None,
    soft_relatives: Collection[int] = (),
    chords: Sequence[Sequence[str | None] | None] = (),
) -> None:
    """A token shard of tunes of one voice, their bars as (steps per bar, step in bar).

    Args:
        soft_relatives: numbers of the tunes that have one in training.
        chords: of each step of each tune, in Harte's syntax.
    """
    rows = [
        {
            "piece_id": f"test/{i}",
            "corpus": "test",
            "tune_family": str(i),
            "soft_relative": i in soft_relatives,
            "split": path.parent.name,
            "tokens": np.array(tune, np.uint16),
            "n_steps": len(tune) - 2,
            "voices": 1,
            "steps_per_quarter": 1,
            "steps_per_bar": metre[0] if metre else None,
            "step_in_bar": metre[1] if metre else None,
            "chord": symbols,
        }
        for i, (tune, metre, symbols) in enumerate(zip_longest(tunes, bars, chords))
    ]
    table = pa.Table.from_pylist(rows, schema=TOKENS)
    write_table(path, table, TOKENS, {"vocabulary_sha256": vocabulary_sha256 or vocabulary.sha256()})
