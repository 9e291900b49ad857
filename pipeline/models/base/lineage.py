"""The training data of weights, over all trainings that led to them.

A fine-tuned model must not be evaluated on pieces whose relatives its initial weights
were trained on. So every run saves, of itself and of all its predecessors, the tune
families of the training pieces (``families.txt``, one per line), which fine-tuning checks
before it starts, and the held-out pieces with a soft relative among them
(``soft_relatives.txt``); evaluation also gives its figures without these. It also saves how
the data sets were split (``splits.txt``, one JSON object per line): a data set with an embargo
is only trained from weights of data sets with the same split and embargo. Then no training
piece anywhere in the lineage is a relative of a held-out piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from torch import nn

from pipeline.core.files import write_text
from pipeline.core.settings import Section, SettingsError
from pipeline.core.text import counted, plural
from pipeline.errors import PipelineError
from pipeline.models.base.pretrained import CheckpointError, load_run

FAMILIES = "families.txt"
SOFT_RELATIVES = "soft_relatives.txt"
SPLITS = "splits.txt"
HELD_OUT = ("valid", "test")
WEIGHTLESS = {"dropout"}  # settings without effect on the shape of weights: fine-tuning may change them
MAX_SHOWN = 3


class LeakError(PipelineError):
    """Held-out pieces have relatives among those that the weights were trained on."""


@dataclass(frozen=True)
class Lineage:
    """The training data of a run's weights, predecessors included.

    Attributes:
        families: tune families of all training pieces.
        soft_relatives: names of valid and test pieces with a soft relative among these.
        splits: the sections ``split`` of their data sets, as JSON.
    """

    families: frozenset[str] = frozenset()
    soft_relatives: frozenset[str] = frozenset()
    splits: frozenset[str] = frozenset()

    def then(self, families: Set[str], held_out: Iterable[pa.Table], split: str = "{}") -> Lineage:
        """The lineage after one more training.

        Args:
            families: of its training pieces.
            held_out: its valid and test pieces, columns ``piece_id`` and ``soft_relative``.
            split: the section ``split`` of its data set, as JSON.
        """
        rows = (row for table in held_out for row in table.to_pylist())
        related = {row["piece_id"] for row in rows if row["soft_relative"]}
        return Lineage(self.families | families, self.soft_relatives | related, self.splits | {split})

    def write(self, run: Path) -> None:
        """Write it to the folder of a run."""
        files = ((FAMILIES, self.families), (SOFT_RELATIVES, self.soft_relatives), (SPLITS, self.splits))
        for name, entries in files:
            write_text(run / name, "".join(f"{entry}\n" for entry in sorted(entries)))


def read_lineage(run: Path) -> Lineage:
    """The lineage of a run.

    Raises:
        CheckpointError: its files are missing or damaged.
    """
    return Lineage(*(_entries(run / name) for name in (FAMILIES, SOFT_RELATIVES, SPLITS)))


def mark_soft_relatives(rows: pa.Table, lineage: Lineage) -> pa.Table:
    """Rows of ``schemas.TOKENS``; ``soft_relative`` is also True for relatives in earlier trainings."""
    related = pc.is_in(rows["piece_id"], pa.array(sorted(lineage.soft_relatives), pa.string()))
    place = rows.schema.get_field_index("soft_relative")
    return rows.set_column(
        place, rows.field("soft_relative"), pc.if_else(related, True, rows["soft_relative"])
    )


def initialize_from(network: nn.Module, config: Section, parent: Path) -> None:
    """Set a network's weights to those of another run.

    Args:
        config: the network's own settings.
        parent: ``data/runs/EXPERIMENT``.

    Raises:
        SettingsError: the models differ in more than dropout.
        CheckpointError: the run is missing, damaged, or was not written by this project.
    """
    trained, facts = load_run(parent)
    ours, theirs = dict(config), dict(facts.model)
    names = sorted(n for n in (ours.keys() | theirs.keys()) - WEIGHTLESS if ours.get(n) != theirs.get(n))
    if names:
        found = ", ".join(f"{name}: {ours.get(name)} here, {theirs.get(name)} there" for name in names)
        raise SettingsError(f"the model differs from that of {parent}, its initial weights ({found})")
    network.load_state_dict(trained.state_dict())


def audit(dataset: str, held_out: Mapping[str, pa.Table], seen: Set[str]) -> None:
    """Make sure that weights were trained on no relative of a held-out piece.

    Args:
        dataset: the name of the data set that a training is measured on.
        held_out: by split its pieces, columns ``piece_id`` and ``tune_family``.
        seen: the families that the initial weights were trained on.

    Raises:
        LeakError: they were; the message names some of the pieces.
    """
    for split, table in held_out.items():
        rows = table.to_pylist()
        leaks = [row["piece_id"] for row in rows if row["tune_family"] in seen]
        if leaks:
            have = plural(len(leaks), "has", "have")
            raise LeakError(
                f"{len(leaks)} of {counted(len(rows), f'{split} piece')} of {dataset} {have} relatives "
                f"among the pieces that the weights were trained on ({', '.join(leaks[:MAX_SHOWN])}); give "
                "both data sets the same split"
            )


def require_embargo(dataset: str, split: str, held_out: Mapping[str, pa.Table], lineage: Lineage) -> None:
    """Make sure that an embargo of a data set also holds for the initial weights.

    Args:
        dataset: the name of the data set that a training is measured on.
        split: its section ``split``, as JSON.
        held_out: by split its pieces, column ``piece_id``.
        lineage: of the initial weights.

    Raises:
        LeakError: the data set has an embargo, and the weights were trained on a data set with
            another split or on a soft relative of a held-out piece.
    """
    if json.loads(split).get("embargo") != "soft":
        return
    others = sorted(lineage.splits - {split})
    if others:
        raise LeakError(
            f"{dataset} has an embargo, but the initial weights were trained on a data set with another "
            f"split ({others[0]}, here {split}); give all of them the same split, `embargo: soft` included"
        )
    names = {piece for table in held_out.values() for piece in table["piece_id"].to_pylist()}
    related = sorted(names & lineage.soft_relatives)
    if related:
        have = plural(len(related), "has", "have")
        raise LeakError(
            f"{counted(len(related), 'held-out piece')} of {dataset} {have} soft relatives among the "
            f"pieces that the initial weights were trained on ({', '.join(related[:MAX_SHOWN])}); run "
            "`dvc repro`"
        )


def _entries(path: Path) -> frozenset[str]:
    try:
        return frozenset(path.read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        raise CheckpointError(f"{path}: cannot be read; `dvc repro` makes it") from None
