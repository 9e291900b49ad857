"""dvc.lock: the inputs and parameters of the last run of every stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.settings import SettingsError, load_yaml
from pipeline.errors import PipelineError
from pipeline.workflow.outputs import LOCK_FILE


class LockError(PipelineError):
    """dvc.lock is damaged."""


@dataclass(frozen=True)
class Locked:
    """The last run of one stage.

    Attributes:
        command: its command line.
        deps, outs: path to DVC's digest.
        params: (file, dotted name) to value.
    """

    command: str
    deps: Mapping[str, str]
    outs: Mapping[str, str]
    params: Mapping[tuple[str, str], Any]


def read_lock(root: Path = Path()) -> dict[str, Locked]:
    """Every stage that has run, by name (``stage`` or ``stage@key``); empty without a dvc.lock.

    Raises:
        LockError: dvc.lock is damaged.
    """
    if not (root / LOCK_FILE).exists():
        return {}
    try:
        stages = load_yaml(root / LOCK_FILE)["stages"]
        return {name: _locked(stage) for name, stage in stages.items()}
    except (SettingsError, LookupError, TypeError, AttributeError):
        raise LockError(
            f"{LOCK_FILE} is incomplete, as if DVC had been killed while writing it. Delete it: "
            "`dvc repro` writes it again and restores finished stages from its cache"
        ) from None


def _locked(stage: Mapping[str, Any]) -> Locked:
    return Locked(
        command=stage["cmd"],
        deps=_digests(stage, "deps"),
        outs=_digests(stage, "outs"),
        params={
            (file, name): value
            for file, values in (stage.get("params") or {}).items()
            for name, value in values.items()
        },
    )


def _digests(stage: Mapping[str, Any], kind: str) -> dict[str, str]:
    return {entry["path"]: entry.get("md5", "") for entry in stage.get(kind) or []}
