"""The page of ``dvc plots show`` in a real browser with no network."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.chromium import asked_of_others, browser, needs_chromium, visit
from tests.helpers.paths import ROOT

__all__ = ["browser"]

TEMPLATE = ROOT / ".dvc/plots.html"
STAGE = """
stages:
  train:
    cmd: "true"
    plots: [learning.csv: {cache: false, x: epoch, y: valid_nats}]
"""
SEE = """
[...document.querySelectorAll("svg")].map((svg) => ({
  label: svg.getAttribute("aria-label"), lines: svg.querySelectorAll("path").length,
  heights: [...svg.querySelectorAll("circle")].map((dot) => Number(dot.getAttribute("cy"))),
}))
"""

pytestmark = needs_chromium


@pytest.fixture
def shown(tmp_path: Path) -> Path:
    """The page of `dvc plots show` for one learning curve."""
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--no-scm", "-q"], cwd=tmp_path, check=True)
    shutil.copy(TEMPLATE, tmp_path / ".dvc")
    config = (ROOT / ".dvc/config").read_text(encoding="utf-8")
    (tmp_path / ".dvc/config").write_text(config.replace("[core]\n", "[core]\n    no_scm = true\n"))
    (tmp_path / "dvc.yaml").write_text(STAGE)
    (tmp_path / "learning.csv").write_text("epoch,train_nats,valid_nats\n1,4,2.5\n2,3,1.5\n3,2,2\n")
    subprocess.run([*dvc, "plots", "show", "-o", "plots"], cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "plots/index.html"


def test_curves_are_drawn_and_the_page_requests_nothing(browser: int, shown: Path) -> None:
    ((charts,), events) = visit(browser, shown, SEE)
    (chart,) = charts
    assert chart["label"].endswith("valid_nats by epoch")
    assert chart["lines"] == 1
    first, second, third = chart["heights"]
    assert first < third < second  # y grows downwards: 2.5 is highest, 1.5 lowest
    assert third == pytest.approx((first + second) / 2)
    assert asked_of_others(events) == {shown.as_uri()}
