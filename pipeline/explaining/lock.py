"""dvc.lock: what every stage was last run with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.outputs import LOCK_FILE
from pipeline.settings import load_yaml


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
        SettingsError: dvc.lock is damaged.
    """
    if not (root / LOCK_FILE).exists():
        return {}
    stages = load_yaml(root / LOCK_FILE).get("stages") or {}
    return {name: _locked(stage) for name, stage in stages.items()}


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
