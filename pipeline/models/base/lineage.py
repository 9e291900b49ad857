"""What weights have been trained on, over all trainings that led to them.

A training that begins with the weights of another must not be measured on
pieces whose relatives those weights have seen. So every run notes of itself and
of all runs before it the tune families of its training pieces (``families.txt``,
one in a line), at which fine-tuning looks before it begins, and the held-out
pieces that have a soft relative there (``soft_relatives.txt``), without which
evaluation gives its figures, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from torch import nn

from pipeline.core.files import write_text
from pipeline.core.settings import Section, SettingsError
from pipeline.errors import PipelineError
from pipeline.models.base.pretrained import CheckpointError, load_run

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

    def then(self, families: Set[str], held_out: Iterable[pa.Table]) -> Lineage:
        """The lineage after one more training.

        Args:
            families: of its training pieces.
            held_out: its valid and test pieces, columns ``piece_id`` and ``soft_relative``.
        """
        rows = (row for table in held_out for row in table.to_pylist())
        related = {row["piece_id"] for row in rows if row["soft_relative"]}
        return Lineage(self.families | families, self.soft_relatives | related)

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


def mark_soft_relatives(rows: pa.Table, lineage: Lineage) -> pa.Table:
    """Rows of ``tables.TOKENS`` in which ``soft_relative`` is also True where weights heard one elsewhere."""
    heard = pc.is_in(rows["piece_id"], pa.array(sorted(lineage.soft_relatives), pa.string()))
    place = rows.schema.get_field_index("soft_relative")
    return rows.set_column(place, rows.field("soft_relative"), pc.if_else(heard, True, rows["soft_relative"]))


def initialize_from(network: nn.Module, config: Section, parent: Path) -> None:
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


def audit(dataset: str, held_out: Mapping[str, pa.Table], seen: Set[str]) -> None:
    """Make sure that weights have seen no relative of a held-out piece.

    Args:
        dataset: the name of the data set that a training is measured on.
        held_out: by split its pieces, columns ``piece_id`` and ``tune_family``.
        seen: the families that the initial weights were trained on.

    Raises:
        LeakError: they have; the message names some of the pieces.
    """
    for split, table in held_out.items():
        rows = table.to_pylist()
        leaks = [row["piece_id"] for row in rows if row["tune_family"] in seen]
        if leaks:
            raise LeakError(
                f"{len(leaks)} of {len(rows)} {split} pieces of {dataset} have relatives among the pieces "
                f"that the weights were trained on ({', '.join(leaks[:SHOWN])}); give both data sets the "
                "same split"
            )


def _entries(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        raise CheckpointError(f"{path}: cannot be read; `dvc repro` makes it") from None
