"""A copy of the project with tiny corpora, for tests that run real stages."""

from __future__ import annotations

import copy
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.tools.explain.reasons import explain
from tests.helpers import sections
from tests.helpers.paths import ROOT

NOTES = "CDEFGABcdefg"


def tune(number: int) -> str:
    """A tune of its own family: random notes, the same for the same number."""
    dice = random.Random(number)
    bars = ["".join(dice.choices(NOTES, k=4)) for _ in range(8)]
    return f"X:{number}\nT:Tune {number}\nM:4/4\nL:1/4\nK:C\n{'|'.join(bars)}|]\n\n"


def edit(path: Path, change: Callable[[Any], None]) -> None:
    yaml = YAML()
    content = yaml.load(path.read_text())
    change(content)
    with path.open("w") as file:
        yaml.dump(content, file)


class Project:
    """A copy of the project with tiny corpora.

    Args:
        root: an empty folder.
        programs: folders put before PATH, for :mod:`tests.helpers.preloading`.
    """

    def __init__(self, root: Path, programs: Sequence[Path] = ()) -> None:
        self.root = root
        self.programs = programs
        ignore = shutil.ignore_patterns("__pycache__")
        for folder in ("pipeline", "stages"):
            shutil.copytree(ROOT / folder, root / folder, ignore=ignore)
        for file in ("dvc.yaml", "versions.yaml", ".dvcignore"):
            shutil.copy(ROOT / file, root / file)
        for corpus, numbers in (("songs", range(1, 31)), ("dances", range(101, 111))):
            folder = root / "scores" / corpus
            folder.mkdir(parents=True)
            (folder / "all.abc").write_text("".join(map(tune, numbers)))
        (root / "data/crossvalidation").mkdir(parents=True)
        (root / "data/crossvalidation/.gitkeep").touch()
        self.write_params()
        self.call("git", "init", "--quiet")
        self.call("dvc", "init", "--quiet")

    @classmethod
    def at(cls, root: Path, programs: Sequence[Path] = ()) -> Project:
        """One that is there already."""
        project = cls.__new__(cls)
        project.root = root
        project.programs = programs
        return project

    def write_params(self) -> None:
        tunes = sections.dataset("songs", "dances")
        tunes["quantize"]["steps_per_quarter"] = 2
        params = {
            "engine": sections.ENGINE,
            "corpora": {name: sections.corpus(f"scores/{name}") for name in ("songs", "dances")},
            "families": sections.FAMILIES,
            "datasets": {"tunes": tunes},
            "experiments": {
                "first": sections.continuing("tunes"),
                "second": sections.continuing("tunes"),
                "tuned": sections.continuing("tunes", init_from="second"),
                "choir": sections.harmonizing("tunes"),
            },
        }
        with (self.root / "params.yaml").open("w") as file:
            YAML().dump(copy.deepcopy(params), file)

    def call(self, *command: str) -> tuple[int, str]:
        path = [*map(str, self.programs), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = {
            **os.environ,
            "PATH": os.pathsep.join(path),
            "DVC_NO_ANALYTICS": "1",
        }
        done = subprocess.run(
            command, cwd=self.root, env=environment, capture_output=True, text=True, check=False, timeout=600
        )
        return done.returncode, done.stdout + done.stderr

    def repro(self, *options: str) -> list[str]:
        """Run everything; the names of the stages that really ran, as ``explain`` foretold."""
        foretold = [] if options else explain(self.root)
        status, output = self.call("dvc", "repro", *options)
        assert status == 0, output
        ran = re.findall(r"Running stage '([^']+)'", output)
        done = {*ran, *re.findall(r"Stage '([^']+)' is cached", output)}
        assert {stage.stage for stage in foretold if stage.reasons} <= done
        assert options or done <= {stage.stage for stage in foretold}
        return ran

    def edit(self, change: Callable[[Any], None]) -> None:
        edit(self.root / "params.yaml", change)
