"""What weights have been trained on, over all trainings that led to them.

A training that begins with the weights of another must not be measured on
pieces whose relatives those weights have seen. So every run notes of itself and
of all runs before it the tune families of its training pieces (``families.txt``,
one in a line), at which fine-tuning looks before it begins, and the held-out
pieces that have a soft relative there (``soft_relatives.txt``), without which
evaluation gives its figures, too.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from torch import nn

from pipeline.batches import read_rows
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.settings import Section, SettingsError
from pipeline.training.checkpoints import CheckpointError
from pipeline.training.runs import load_run

FAMILIES = "families.txt"
SOFT_RELATIVES = "soft_relatives.txt"
HELD_OUT = ("valid", "test")
OF_NOISE = {"dropout"}  # settings that shape no weight: both trainings may differ in them
SHOWN = 3


class LeakError(PipelineError):
    """Held-out pieces have relatives among those that the weights were trained on."""


@dataclass(frozen=True)
class Lineage:
    """What the weights of a run have heard.

    Attributes:
        families: tune families of all training pieces.
        soft_relatives: names of valid and test pieces with a soft relative among these.
    """

    families: frozenset[str] = frozenset()
    soft_relatives: frozenset[str] = frozenset()

    def then(self, tokens: Path) -> Lineage:
        """What they have heard after one more training, on ``data/tokens/DATASET``."""
        held_out = [read_rows(tokens, split, ["piece_id", "soft_relative"]).to_pylist() for split in HELD_OUT]
        related = {row["piece_id"] for rows in held_out for row in rows if row["soft_relative"]}
        return Lineage(self.families | families_of(tokens, "train"), self.soft_relatives | related)

    def write(self, run: Path) -> None:
        """Note it in a run's folder."""
        for name, entries in ((FAMILIES, self.families), (SOFT_RELATIVES, self.soft_relatives)):
            write_text(run / name, "".join(f"{entry}\n" for entry in sorted(entries)))


def read_lineage(run: Path) -> Lineage:
    """What the weights of a run have heard.

    Raises:
        CheckpointError: the run does not say.
    """
    return Lineage(*(_entries(run / name) for name in (FAMILIES, SOFT_RELATIVES)))


def families_of(tokens: Path, split: str) -> frozenset[str]:
    """The tune families of one split of a data set (``data/tokens/DATASET``)."""
    return frozenset(read_rows(tokens, split, ["tune_family"]).column("tune_family").to_pylist())


def mark_soft_relatives(rows: pa.Table, lineage: Lineage) -> pa.Table:
    """Rows of ``tables.TOKENS`` in which ``soft_relative`` is also True where weights heard one elsewhere."""
    heard = pc.is_in(rows["piece_id"], pa.array(sorted(lineage.soft_relatives), pa.string()))
    place = rows.schema.get_field_index("soft_relative")
    return rows.set_column(place, rows.field("soft_relative"), pc.if_else(heard, True, rows["soft_relative"]))


def begin_with(network: nn.Module, config: Section, parent: Path) -> None:
    """Give a network the weights of another run.

    Args:
        config: the network's own settings.
        parent: ``data/runs/EXPERIMENT``.

    Raises:
        SettingsError: the models differ in more than noise.
        CheckpointError: the run is missing, damaged or foreign.
    """
    trained, facts = load_run(parent)
    ours, theirs = config.model_dump(), facts.model.model_dump()
    names = sorted(n for n in (ours.keys() | theirs.keys()) - OF_NOISE if ours.get(n) != theirs.get(n))
    if names:
        found = ", ".join(f"{name}: {ours.get(name)} here, {theirs.get(name)} there" for name in names)
        raise SettingsError(f"the model is not the one of {parent} that it is to begin with ({found})")
    network.load_state_dict(trained.state_dict())


def audit(tokens: Path, seen: Set[str]) -> None:
    """Make sure that weights have seen no relative of a held-out piece.

    Args:
        tokens: the data set that a training is measured on.
        seen: the families that the weights to begin with were trained on.

    Raises:
        LeakError: they have; the message names some of the pieces.
    """
    for split in HELD_OUT:
        rows = read_rows(tokens, split, ["piece_id", "tune_family"]).to_pylist()
        leaks = [row["piece_id"] for row in rows if row["tune_family"] in seen]
        if leaks:
            raise LeakError(
                f"{len(leaks)} of {len(rows)} {split} pieces of {tokens} have relatives among those that the "
                f"weights were trained on ({', '.join(leaks[:SHOWN])}); give both data sets the same split"
            )


def _entries(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        raise CheckpointError(f"{path}: cannot be read; `dvc repro` makes it") from None
