"""Next steps after a run: the report, commands to try, changed files and the reasons."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup

PAGE = Path("data/report/index.html")
EXAMPLES = "examples/params"
EXPERIMENT = re.compile(r"^  ([a-z][\w-]*):", re.MULTILINE)
REASONS = {  # by the beginning of a path
    "dvc.lock": "what every stage read and wrote",
    "data/metrics/": "scores of models: weights depend on the CPU in their last digits",
    "data/plots/": "learning curves, for the same reason",
    "params.yaml": "your settings",
}


def lines(root: Path = Path()) -> list[str]:
    """The text, line by line.

    Args:
        root: the folder of the project.
    """
    page = root / PAGE
    found = ["", f"Report: {page.resolve().as_uri()}" if page.exists() else "Report: `dvc repro report`", ""]
    return [*found, "To try:", *(f"  {command}" for command in commands(root)), *_changes(root)]


def commands(root: Path) -> list[str]:
    """Commands that work with the entries of params.yaml."""
    experiments = lookup(load_yaml(root / PARAMS_FILE), "experiments")
    able = [name for name, entry in experiments.items() if lookup(entry, "task", "kind") == "continue"]
    trained = [name for name in able if (root / "data/runs" / name / "config.json").exists()]
    names = [name for name in ("melodies", *reversed(trained)) if name in trained]
    generate = [
        line
        for name in names[:1]
        for line in (
            f"entchen generate --experiment {name} --out tune.musicxml \\",
            '    --prompt "tinyNotation: 4/4 c4 d e f g2 g"',
        )
    ]
    return [
        "entchen explain                  # what runs after a change in params.yaml",
        *generate,
        "entchen add FOLDER --name NAME   # your own scores",
        *_more_experiments(root, experiments),
    ]


def _more_experiments(root: Path, present: Iterable[str]) -> list[str]:
    """A command for each file of examples with experiments that params.yaml does not have yet."""
    texts = {path: path.read_text(encoding="utf-8") for path in sorted((root / EXAMPLES).glob("*.yaml"))}
    offered = {
        path.relative_to(root).as_posix(): EXPERIMENT.findall(text.partition("\nexperiments:\n")[2])
        for path, text in texts.items()
    }
    return [
        f"grep '^  ' {path} >> params.yaml; dvc repro   # also {' and '.join(names)}"
        for path, names in offered.items()
        if names and not set(names) & set(present)
    ]


def _changes(root: Path) -> list[str]:
    """Files that git shows as changed, by kind, with the reason."""
    changed = _changed(root)
    counts = {start: sum(name.startswith(start) for name in changed) for start in REASONS}
    told = [
        f"  {start:14} {REASONS[start]}{f' ({n} files)' if n > 1 else ''}" for start, n in counts.items() if n
    ]
    if not told:
        return []
    explained = "The bytes of data sets are the same on every machine; those of trained models are not."
    return ["", "Changed in git:", *told, f"  {explained}"]


def _changed(root: Path) -> Sequence[str]:
    """Tracked files that differ from the last commit; empty without git."""
    command = ["git", "diff", "--name-only", "--relative", "HEAD"]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return []
    return done.stdout.splitlines()
