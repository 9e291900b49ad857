"""Stages as dvc.yaml declares them: files and parameters, ``foreach`` resolved.

DVC itself is not imported: that takes longer than most stages. Only the syntax that this
project's dvc.yaml uses is supported: ``${key}``, ``${item.a.b}`` and plain
lists.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.errors import PipelineError, nearest

DVC_FILE = Path("dvc.yaml")
_TEMPLATE = re.compile(r"\$\{([^}]+)\}")


class DvcFileError(PipelineError):
    """dvc.yaml has no such stage."""


@dataclass(frozen=True)
class Declared:
    """One stage as dvc.yaml declares it.

    Attributes:
        deps, outs: paths, in the order of the file; metrics and plots are outs.
        params: (file, dotted name); a name of "" means the whole file.
    """

    deps: tuple[str, ...]
    outs: tuple[str, ...]
    params: tuple[tuple[str, str], ...]


def stage_names(root: Path = Path()) -> list[str]:
    """Every stage, ``foreach`` resolved to ``stage@key``, in the order of dvc.yaml and params.yaml."""
    stages, params = lookup(load_yaml(root / DVC_FILE), "stages"), load_yaml(root / PARAMS_FILE)
    names = []
    for stage, body in stages.items():
        items = lookup(params, _TEMPLATE.findall(body["foreach"])[0]) if "foreach" in body else {}
        names += [f"{stage}@{key}" for key in items] if "foreach" in body else [stage]
    return names


def declared(stage: str, key: str | None = None, root: Path = Path()) -> Declared:
    """Resolve ``stage`` or ``stage@key``.

    Raises:
        DvcFileError: there is no such stage, or no such key.
    """
    stages = lookup(load_yaml(root / DVC_FILE), "stages")
    if stage not in stages:
        raise DvcFileError(f"dvc.yaml has no stage '{stage}'; {nearest(stage, stages)}")
    body = stages[stage]
    values: dict[str, Any] = {}
    if "foreach" in body:
        items = lookup(load_yaml(root / PARAMS_FILE), _TEMPLATE.findall(body["foreach"])[0])
        if key not in items:
            raise DvcFileError(f"stage {stage}: there is no '{key}'; {nearest(str(key), items)}")
        values = {"key": key, "item": items[key]}
        body = body["do"]
    outs = [_path(entry) for kind in ("outs", "metrics", "plots") for entry in body.get(kind, [])]
    return Declared(
        deps=tuple(_fill(dep, values) for dep in body.get("deps", [])),
        outs=tuple(_fill(out, values) for out in outs),
        params=tuple(pair for entry in body.get("params", []) for pair in _params(entry, values)),
    )


def _path(entry: Any) -> str:
    """An output is a path, or a mapping from its path to options."""
    return str(next(iter(entry))) if isinstance(entry, Mapping) else str(entry)


def _params(entry: Any, values: Mapping[str, Any]) -> list[tuple[str, str]]:
    if isinstance(entry, Mapping):
        return [(file, _fill(name, values)) for file, names in entry.items() for name in names or [""]]
    return [(str(PARAMS_FILE), _fill(entry, values))]


def _fill(template: str, values: Mapping[str, Any]) -> str:
    return _TEMPLATE.sub(lambda match: str(lookup(values, *match.group(1).strip().split("."))), template)
