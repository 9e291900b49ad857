"""Differences between the last run of a stage and its current inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.core.settings import PARAMS_FILE, SCRATCH, SettingsError, load_yaml, lookup
from pipeline.formats.readers import SUFFIXES
from pipeline.tools.explain.digests import differing, digest_of
from pipeline.workflow.dvcfile import Declared, declared, stage_names
from pipeline.workflow.dvclock import Locked, read_lock

MISSING = object()  # a missing parameter


@dataclass(frozen=True)
class Explained:
    """Why ``dvc repro`` would run a stage.

    Attributes:
        stage: its name, ``stage`` or ``stage@key``.
        reasons: why it runs, one line each.
        waits_for: stages that run or may run and write inputs of this one; it runs if
            those bytes change.
    """

    stage: str
    reasons: tuple[str, ...]
    waits_for: tuple[str, ...]


def explain(root: Path = Path()) -> list[Explained]:
    """Every stage that ``dvc repro`` would run or might have to, in the order of dvc.yaml.

    Raises:
        SettingsError: dvc.yaml or params.yaml is missing or damaged.
        LockError: dvc.lock is damaged.
    """
    locked, constant = read_lock(root), _constant_outputs(root)
    stages = {name: _declared(name, root) for name in stage_names(root)}
    makers = {out: name for name, stage in stages.items() for out in stage.outs if out not in constant}
    found: dict[str, Explained] = {}
    for name in _in_order(stages, makers):
        stage = stages[name]
        anew = {
            dep: sorted(maker for maker in _makers(dep, makers) if maker in found and maker != name)
            for dep in stage.deps
        }
        waits = tuple(dict.fromkeys(maker for from_ in anew.values() for maker in from_))
        reasons = tuple(_reasons(stage, locked.get(name), {dep for dep in anew if anew[dep]}, root))
        if reasons or waits:
            found[name] = Explained(name, reasons, waits)
    return [found[name] for name in stages if name in found]


def changed_params(before: Any, after: Any, name: str) -> Iterator[str]:
    """One line for every single value that differs, at whatever depth.

    >>> list(changed_params({"a": 1, "b": [1]}, {"a": 2, "b": [1]}, "filter"))
    ['filter.a: 1 → 2']
    """
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from changed_params(before.get(key, MISSING), after.get(key, MISSING), f"{name}.{key}")
    elif before is MISSING:
        yield f"{name}: {after} is new"
    elif after is MISSING:
        yield f"{name}: {before} is gone"
    elif before != after:
        yield f"{name}: {before} → {after}"


def _declared(name: str, root: Path) -> Declared:
    stage, _, key = name.partition("@")
    return declared(stage, key or None, root)


def _constant_outputs(root: Path) -> set[str]:
    """The outputs of ``check`` that do not change: constants, and unchanged lists."""
    lists = {
        "data/corpora.txt": sorted(load_yaml(root / PARAMS_FILE).get("corpora") or {}),
        "data/suffixes.txt": sorted(SUFFIXES),
    }
    same = {
        path
        for path, names in lists.items()
        if (root / path).is_file() and (root / path).read_text(encoding="utf-8").split() == names
    }
    return {"data/checked.txt", f"data/runs/{SCRATCH}", *same}


def _in_order(stages: Mapping[str, Declared], makers: Mapping[str, str]) -> list[str]:
    """Every stage after the stages that write its inputs."""
    done: dict[str, None] = {}

    def visit(name: str) -> None:
        if name in done:
            return
        for dep in stages[name].deps:
            for maker in sorted(_makers(dep, makers)):
                if maker != name:
                    visit(maker)
        done[name] = None

    for name in stages:
        visit(name)
    return list(done)


def _makers(dep: str, makers: Mapping[str, str]) -> set[str]:
    """The stages whose outputs are an input, are inside it, or contain it."""
    return {
        maker
        for out, maker in makers.items()
        if out == dep or out.startswith(f"{dep}/") or dep.startswith(f"{out}/")
    }


def _reasons(stage: Declared, before: Locked | None, anew: set[str], root: Path) -> Iterator[str]:
    if before is None:
        yield "it has never run"
        return
    for out in stage.outs:
        now = digest_of(root / out)
        if now is None:
            yield f"{out} is missing"
        elif now != before.outs.get(out):
            yield f"{out} changed after this stage wrote it"
    yield from _params(stage.params, before.params, root)
    for dep in stage.deps:
        if dep in anew:
            continue
        locked, now = before.deps.get(dep), digest_of(root / dep)
        if locked is None:
            yield f"{dep} is a new input"
        elif now is None:
            yield f"{dep} is missing"
        elif now != locked:
            yield from differing(root, dep, locked) or [f"{dep} changed"]
    yield from (f"{dep} is not an input any more" for dep in before.deps if dep not in stage.deps)


def _params(
    wanted: Sequence[tuple[str, str]], before: Mapping[tuple[str, str], Any], root: Path
) -> Iterator[str]:
    for file, name in wanted:
        try:
            value = lookup(load_yaml(root / file), *name.split("."))
        except SettingsError:
            value = MISSING
        where = name if file == str(PARAMS_FILE) else f"{file}, {name}"
        yield from changed_params(before.get((file, name), MISSING), value, where)
