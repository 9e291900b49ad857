"""dvc.lock: what every stage was last run with."""

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
    """One stage as it last ran.

    Attributes:
        command: what was called.
        deps, outs: path to DVC's digest.
        params: (file, dotted name) to value.
    """

    command: str
    deps: Mapping[str, str]
    outs: Mapping[str, str]
    params: Mapping[tuple[str, str], Any]


def read_lock(root: Path = Path()) -> dict[str, Locked]:
    """Every stage that ever ran, by its name (``stage`` or ``stage@key``); none where there is no dvc.lock.

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
            f"{LOCK_FILE} is not whole, as if DVC had been killed while it wrote it. Delete it: "
            "`dvc repro` writes it anew and brings what has run back from its cache"
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
