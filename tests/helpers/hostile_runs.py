"""Runs of the stages with hostile parameters, in a tiny project.

Each value is either refused by :func:`pipeline.parameters.check_parameters`, or every stage that reads
the parameter and all later ones run. A stage may end with a message of its own where the data decide
(a filter that keeps nothing). A traceback, a hang or a killed process is a fault.
"""

from __future__ import annotations

import copy
import json
import os
import shutil
import signal
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from ruamel.yaml import YAML

from pipeline.core.settings import load_yaml
from pipeline.corpora import parsing
from pipeline.corpora.parsing.cache import cache_file
from pipeline.corpora.sources.downloads import single
from pipeline.errors import PipelineError
from pipeline.formats.readers import SUFFIXES
from pipeline.parameters import check_parameters
from pipeline.workflow import cluster
from pipeline.workflow.runner import refusal
from stages import check, download, encode, evaluate, families, filter, parse, quantize, report, split, train
from tests.helpers.hostile_params import CHAIN, Edit, first_stage, parameters
from tests.helpers.paths import ROOT
from tests.helpers.project import tune

SECONDS_AT_MOST = 120  # of processor time: a busy machine is no fault
SECONDS_ASLEEP = 1200
MEMORY_AT_MOST = 4 << 30  # bytes
BYTES_A_BATCH = 400  # a few tunes: several workers have work
STAGES = {
    **{"check": check, "download": download, "parse": parse, "families": families, "quantize": quantize},
    **{"filter": filter, "split": split, "encode": encode, "train": train, "evaluate": evaluate},
    "report": report,
}


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
            return "its memory exceeded the limit"
    return ""


def _child(
    root: Path, params: dict[str, Any], stages: Sequence[str], experiments: Sequence[str], outcome: Path
) -> None:
    with suppress(BaseException):
        os.chdir(root)
        if "parse" in stages:  # pieces are read, in several batches
            cache_file().unlink(missing_ok=True)
            parsing.BYTES_A_BATCH = BYTES_A_BATCH
        cluster.SECONDS_TO_CONNECT = 2.0  # nothing listens there
        single.ATTEMPTS_PER_URL = 1
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
