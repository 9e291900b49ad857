import os
import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from pipeline.corpora.parsing.isolation import ChildFailure, ChildLimits, run_isolated
from tests.helpers.orphans import end, killed_at_work, processes_with
from tests.helpers.paths import ROOT
from tests.helpers.waiting import wait_until

LIMITS = ChildLimits(seconds=1.0, memory_bytes=256 << 20)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="limits are Linux' own")


def behave(item: str) -> str:
    if item == "hang":
        Event().wait()
    if item == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if item == "exit":
        os._exit(3)
    if item == "eat":
        bytearray(1 << 30)
    if item == "fail":
        raise ValueError("a fault of ours")
    return item.upper()


def test_good_items_give_their_results() -> None:
    assert list(run_isolated(behave, ["a", "b"], LIMITS)) == ["A", "B"]


@pytest.mark.parametrize(
    ("bad", "rule", "detail"),
    [
        ("hang", "too_slow", "no result within 1 second"),
        ("die", "crashed", "signal SIGKILL"),
        ("exit", "crashed", "exit status 3"),
        ("eat", "out_of_memory", "more than 256 MiB"),
    ],
)
def test_a_bad_item_is_given_up_alone(bad: str, rule: str, detail: str) -> None:
    first, given_up, last = run_isolated(behave, ["a", bad, "b"], LIMITS)
    assert (first, last) == ("A", "B")
    assert isinstance(given_up, ChildFailure)
    assert given_up.rule == rule
    assert detail in given_up.detail


def test_bad_items_in_a_row() -> None:
    outcomes = list(run_isolated(behave, ["exit", "die", "a", "exit"], LIMITS))
    assert [outcome if isinstance(outcome, str) else outcome.rule for outcome in outcomes] == [
        "crashed",
        "crashed",
        "A",
        "crashed",
    ]


def test_an_error_of_the_function_is_raised_again() -> None:
    with pytest.raises(ValueError, match="a fault of ours"):
        list(run_isolated(behave, ["a", "fail", "b"], LIMITS))


def process_of(item: str) -> int:
    """The process that processes an item; after ``grow`` it has held 300 MiB."""
    if item == "grow":
        len(b"x" * (300 << 20))
    return os.getpid()


def test_a_child_is_kept_for_the_next_items() -> None:
    (first,), (second,) = (run_isolated(process_of, ["a"], LIMITS) for _ in range(2))
    assert first == second


def test_children_of_a_server_started_beforehand_have_its_modules() -> None:
    code = """
from pipeline.corpora.parsing.children import start_server
start_server(["colorsys"])
from pipeline.corpora.parsing.isolation import ChildLimits, run_isolated
from tests.helpers.jobs import is_imported
print(*run_isolated(is_imported, ["colorsys", "chunk"], ChildLimits(seconds=60, memory_bytes=1 << 30)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")


def test_a_child_that_has_grown_is_replaced() -> None:
    roomy = ChildLimits(seconds=20, memory_bytes=1 << 30)
    grown, same, other = run_isolated(process_of, ["grow", "a", "b"], roomy)
    assert grown != same == other


def test_each_job_of_a_child_has_its_own_memory_limit() -> None:
    roomy = ChildLimits(seconds=60, memory_bytes=1 << 31)
    assert list(run_isolated(behave, ["a"], LIMITS)) == ["A"]
    assert list(run_isolated(behave, ["eat"], roomy)) == ["EAT"]


@pytest.mark.parametrize("kind", ["serial", "processes"])
def test_no_process_outlives_a_process_that_is_killed_while_children_read(kind: str, tmp_path: Path) -> None:
    mark = killed_at_work(kind, tmp_path)
    try:
        wait_until(lambda: not processes_with(mark), what="the end of every process")
    finally:
        end(processes_with(mark))
