"""The documentation site builds strictly; every page is in it."""

import os
import subprocess
import sys
from pathlib import Path

from pipeline.core.settings import load_yaml
from tests.helpers.paths import ROOT


def test_every_page_is_in_the_navigation() -> None:
    pages = {page.name for page in (ROOT / "docs").glob("*.md")}
    assert set(load_yaml(ROOT / "mkdocs.yml")["nav"]) == pages


def test_the_site_builds_strictly(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(tmp_path)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "load_model" in (tmp_path / "reference/index.html").read_text(encoding="utf-8")
