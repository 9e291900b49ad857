"""Hostile values for every parameter, tried on all stages of a tiny project.

Each value is either refused by :func:`pipeline.parameters.check_parameters`, or every stage that reads
the parameter and all later ones run. A stage may end with a message of its own where the data decide
(a filter that keeps nothing). A traceback, a hang or a killed process is a fault.
"""

from __future__ import annotations

import copy
import json
import math
import os
import shutil
import signal
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from pipeline.core.settings import load_yaml
from pipeline.errors import PipelineError
from pipeline.formats.readers import SUFFIXES
from pipeline.parameters import check_parameters
from pipeline.workflow.runner import refusal
from stages import check, download, encode, evaluate, families, filter, parse, quantize, report, split, train
from tests.helpers import sections
from tests.helpers.paths import ROOT
from tests.helpers.project import tune

SECONDS_AT_MOST = 120  # of processor time: a busy machine is no fault
SECONDS_ASLEEP = 1200
MEMORY_AT_MOST = 4 << 30  # bytes
MODELS = {  # of the tasks that the sections of the other tests do not cover
    "copying": sections.COPYING,
    "transformer": {
        **{"kind": "transformer", "size": 8, "heads": 2, "layers": 1, "widening": 1, "distances": 8},
        **{"bars": True, "meter": True, "dropout": 0.0},
    },
    "decoder": {
        **{"kind": "decoder", "embedding_size": 8, "hidden_size": 8, "layers": 1},
        **{"meter": True, "dropout": 0.0},
    },
}
HUGE = 10**30
NUMBERS: Sequence[Any] = (
    *(0, 1, -1, 2, 3, 7, 64, 65, 1000, 2**31, 2**63 - 1, 2**63, -(2**63), HUGE, -HUGE),
    *(0.0, 1.0, 0.5, -0.5, 1e-320, 1e-12, 0.999999, 1.0000001, 1e300, math.inf, -math.inf, math.nan),
)
TEXTS: Sequence[Any] = ("", "x", "1", "auto", "default", "nan", "\x1b[31m", "a" * 5000, "../..", "\0", "ü/\n")
OTHERS: Sequence[Any] = (
    *(None, True, False, *TEXTS),
    *([], [[]], [1, 2], ["x"], [None], [[0], [0]], list(range(100)), {}, {"x": 1}, {"default": None}),
)
# sections in the order in which the stages read them: the stages that run again after an edit
CHAIN = (
    *("download", "parse", "families", "quantize", "filter", "split", "encode"),
    *("train", "evaluate", "report"),
)
FIRST_STAGE = {  # the innermost section counts
    "engine": "parse",
    "source": "download",
    "watch": "download",
    "read": "parse",
    "limits": "parse",
    "families": "families",
    "datasets": "quantize",
    "quantize": "quantize",
    "filter": "filter",
    "split": "split",
    "encode": "encode",
    "experiments": "train",
    "evaluation": "evaluate",
}
STAGES = {
    **{"check": check, "download": download, "parse": parse, "families": families, "quantize": quantize},
    **{"filter": filter, "split": split, "encode": encode, "train": train, "evaluate": evaluate},
    "report": report,
}


@dataclass(frozen=True)
class Edit:
    """One parameter and its hostile value."""

    path: tuple[str, ...]
    value: Any

    def apply(self, params: dict[str, Any]) -> dict[str, Any]:
        """A copy of the parameters with the value."""
        changed = copy.deepcopy(params)
        section = changed
        for name in self.path[:-1]:
            section = section[name]
        section[self.path[-1]] = self.value
        return changed

    def __str__(self) -> str:
        return f"{'.'.join(self.path)}={repr(self.value)[:60]}"


@dataclass(frozen=True)
class Outcome:
    """What one edit led to.

    Attributes:
        kind: ``refused`` by check, ``ran`` through all stages, ``message`` of a stage, ``fault``.
        detail: the message or the traceback.
    """

    edit: Edit
    kind: str
    detail: str = ""


def parameters() -> dict[str, Any]:
    """Parameters of a project in which every kind of section occurs."""
    experiments = {"first": sections.continuing("tunes"), "choir": sections.harmonizing("tunes")}
    for name, model in MODELS.items():
        experiments[name] = {**sections.continuing("tunes"), "model": model}
    for experiment in experiments.values():
        experiment["training"]["threads"] = experiment["evaluation"]["threads"] = 1
        if experiment["task"]["kind"] == "continue":
            experiment["evaluation"] |= {"continued_pieces": 3, "continuation_samples": 1}
    params = {
        "engine": sections.ENGINE,
        "defaults": {},
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {"tunes": sections.dataset("songs")},
        "experiments": experiments,
    }
    plain: dict[str, Any] = json.loads(json.dumps(params))
    return plain


def edits(params: dict[str, Any], values: Sequence[Any] = (*NUMBERS, *OTHERS)) -> list[Edit]:
    """Every parameter with every value; sections that all experiments share are tried in one of them."""
    return [Edit(path, value) for path in _leaves(params, ()) if not _tried(path) for value in values]


def _tried(path: tuple[str, ...]) -> bool:
    return path[0] == "experiments" and path[1] in MODELS and path[2] != "model"


def _leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    if isinstance(node, dict) and node:
        for name, below in node.items():
            yield from _leaves(below, (*path, name))
    else:
        yield path


def build(root: Path, last: str = CHAIN[-1]) -> dict[str, Any]:
    """Write the project and run every stage once, up to the last one."""
    params = parameters()
    (root / "scores").mkdir(parents=True)
    (root / "scores/all.abc").write_text("".join(map(tune, range(1, 21))))
    (root / "data/crossvalidation").mkdir(parents=True)
    (root / "data/suffixes.txt").write_text("\n".join(SUFFIXES))
    shutil.copy(ROOT / "versions.yaml", root)
    _write(root, params)
    stages = CHAIN[: CHAIN.index(last) + 1]
    status, detail = _in_child(root, params, stages, list(params["experiments"]))
    assert status == "ran", detail
    return params


def attempt(
    project: Path, edit: Edit, params: dict[str, Any], scratch: Path, last: str = CHAIN[-1]
) -> Outcome:
    """Check the edited parameters, and run the stages that read them in a copy of the project."""
    return checked(project, [edit], params, scratch) or Outcome(
        edit, *run_stages(project, [edit], params, scratch, last)
    )


def checked(project: Path, edited: Sequence[Edit], params: dict[str, Any], scratch: Path) -> Outcome | None:
    """The outcome of the last edit if `check` refuses all edits together; None: it accepts them."""
    changed = _apply(edited, params)
    try:
        check_parameters(changed, project)
        _write(scratch, changed)
        check_parameters(load_yaml(scratch / "params.yaml"), project)
    except PipelineError as error:
        return Outcome(edited[-1], "refused" if str(error) else "fault", str(error))
    except Exception:
        return Outcome(edited[-1], "fault", traceback.format_exc())
    return None


def run_stages(
    project: Path, edited: Sequence[Edit], params: dict[str, Any], scratch: Path, last: str = CHAIN[-1]
) -> tuple[str, str]:
    """Run the stages that read one of the parameters, and all later ones; kind and detail of the outcome."""
    copied = scratch / "project"
    shutil.copytree(project, copied, dirs_exist_ok=True)
    try:
        changed = _apply(edited, params)
        _write(copied, changed)
        first = min(CHAIN.index(first_stage(edit)) for edit in edited)
        experiments = dict.fromkeys(name for edit in edited for name in _experiments(edit))
        return _in_child(copied, changed, CHAIN[first : CHAIN.index(last) + 1], list(experiments))
    finally:
        shutil.rmtree(copied)


def _apply(edited: Sequence[Edit], params: dict[str, Any]) -> dict[str, Any]:
    for edit in edited:
        params = edit.apply(params)
    return params


def first_stage(edit: Edit) -> str:
    """The first stage that reads the parameter."""
    return next((FIRST_STAGE[name] for name in reversed(edit.path) if name in FIRST_STAGE), CHAIN[0])


def _experiments(edit: Edit) -> Sequence[str]:
    return (edit.path[1],) if edit.path[0] == "experiments" else ("first", "choir")


def _write(root: Path, params: dict[str, Any]) -> None:
    with (root / "params.yaml").open("w", encoding="utf-8") as file:
        YAML(typ="safe").dump(copy.deepcopy(params), file)


def _in_child(
    root: Path, params: dict[str, Any], stages: Sequence[str], experiments: Sequence[str]
) -> tuple[str, str]:
    """Run the stages in a forked child with limits of time and memory."""
    outcome = root / "outcome.json"
    outcome.unlink(missing_ok=True)
    child = os.fork()
    if not child:
        os.setsid()
        _child(root, params, stages, experiments, outcome)
    deadline = time.monotonic() + SECONDS_ASLEEP
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        wrong = _too_much(child, deadline)
        if wrong:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "fault", wrong
        time.sleep(0.02)
    if not outcome.exists():
        return "fault", f"the process ended with status {status}"
    kind, detail = json.loads(outcome.read_text(encoding="utf-8"))
    return str(kind), str(detail)


def _too_much(child: int, deadline: float) -> str:
    if time.monotonic() > deadline:
        return "it hangs"
    with suppress(psutil.Error):
        process = psutil.Process(child)
        if sum(process.cpu_times()) > SECONDS_AT_MOST:
            return "it ran too long"
        if process.memory_info().rss > MEMORY_AT_MOST:
            return "it took too much memory"
    return ""


def _child(
    root: Path, params: dict[str, Any], stages: Sequence[str], experiments: Sequence[str], outcome: Path
) -> None:
    with suppress(BaseException):
        os.chdir(root)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        outcome.write_text(json.dumps(_run_all(params, stages, experiments)), encoding="utf-8")
    os._exit(0)


def _run_all(params: dict[str, Any], stages: Sequence[str], experiments: Sequence[str]) -> tuple[str, str]:
    for name in stages:
        keys: Sequence[str | None] = [None]
        if name in ("download", "parse"):
            keys = list(params["corpora"])
        elif name in ("quantize", "filter", "split", "encode"):
            keys = list(params["datasets"])
        elif name in ("train", "evaluate"):
            keys = experiments
        for key in keys:
            try:
                STAGES[name].run(*([key] if key else []))
            except PipelineError as error:
                return "message", f"{name}: {error}"
            except Exception as error:
                refused = refusal(error)
                return (
                    ("fault", traceback.format_exc())
                    if refused is None
                    else ("message", f"{name}: {refused}")
                )
    return "ran", ""
