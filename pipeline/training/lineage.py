"""What weights have been trained on, over all trainings that led to them.

A training that begins with the weights of another must not be measured on
pieces whose relatives those weights have seen. So every run names the tune
families of its training pieces and of all runs before it in ``families.txt``,
one in a line, and fine-tuning looks there before it begins.
"""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from torch import nn

from pipeline.batches import read_rows
from pipeline.errors import PipelineError
from pipeline.files import write_text
from pipeline.settings import Section, SettingsError
from pipeline.training.checkpoints import CheckpointError
from pipeline.training.runs import load_run

FAMILIES = "families.txt"
HELD_OUT = ("valid", "test")
OF_NOISE = {"dropout"}  # settings that shape no weight: both trainings may differ in them
SHOWN = 3


class LeakError(PipelineError):
    """Held-out pieces have relatives among those that the weights were trained on."""


def families_of(tokens: Path, split: str) -> frozenset[str]:
    """The tune families of one split of a data set (``data/tokens/DATASET``)."""
    return frozenset(read_rows(tokens, split, ["tune_family"]).column("tune_family").to_pylist())


def write_families(run: Path, families: Set[str]) -> None:
    """Note in a run's folder what its weights have seen."""
    write_text(run / FAMILIES, "".join(f"{family}\n" for family in sorted(families)))


def read_families(run: Path) -> frozenset[str]:
    """What the weights of a run have seen.

    Raises:
        CheckpointError: the run does not say.
    """
    try:
        return frozenset((run / FAMILIES).read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError):
        raise CheckpointError(f"{run / FAMILIES}: cannot be read; `dvc repro` makes it") from None


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
