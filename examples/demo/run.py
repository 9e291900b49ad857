"""`make demo`: 400 chorales become a data set, a small model, a continuation and a report, in .cache/demo.

The copy has its own params.yaml, outputs and DVC cache; the project's own are not touched.
"""

import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEMO = ROOT / ".cache/demo"
PROMPT = "tinyNotation: 4/4 g4 a b c' d'2 b4 a g2"  # any score file will do
DVC = [sys.executable, "-m", "dvc"]


def main() -> None:
    """Copy the code, run the stages, generate, and show where the results are."""
    if len(sys.argv) > 1:
        raise SystemExit(f"examples/demo/run.py takes no arguments; found {' '.join(sys.argv[1:])}")
    began = time.monotonic()
    prepare()
    call(*DVC, "repro")
    for suffix in ("musicxml", "wav"):
        call(*generate(f"continuation.{suffix}"))
    names = ("data/report/index.html", "continuation.musicxml", "continuation.wav", "data/tokens/demo")
    kinds = ("report", "continuation", "sound", "token shards")
    print(f"\nThe demo took {time.monotonic() - began:.0f} seconds:")
    for kind, name in zip(kinds, names, strict=True):
        print(f"  {kind:12}  {(DEMO / name).relative_to(ROOT)}")
    print(
        "Next: `make repro` for all data sets and models, or `entchen add FOLDER --name NAME` for your own."
    )


def prepare() -> None:
    """A folder with the code of now and the settings of the demo; what ran before is kept."""
    (DEMO / "data/crossvalidation").mkdir(parents=True, exist_ok=True)
    (DEMO / "data/crossvalidation/README.md").write_text("Results of `entchen cross-validate`.\n")
    for folder in ("pipeline", "stages"):
        shutil.rmtree(DEMO / folder, ignore_errors=True)
        shutil.copytree(ROOT / folder, DEMO / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("dvc.yaml", "versions.yaml", ".dvcignore"):
        shutil.copyfile(ROOT / file, DEMO / file)
    shutil.copyfile(Path(__file__).parent / "params.yaml", DEMO / "params.yaml")
    if not (DEMO / ".dvc").exists():
        call(*DVC, "init", "--no-scm", "--quiet")
    settings = (ROOT / ".dvc/config").read_text(encoding="utf-8")
    (DEMO / ".dvc/config").write_text(
        settings.replace("[core]", "[core]\n    no_scm = true"), encoding="utf-8"
    )
    shutil.copyfile(ROOT / ".dvc/plots.html", DEMO / ".dvc/plots.html")


def generate(out: str) -> list[str]:
    """The command that continues PROMPT."""
    options = ["--experiment", "demo", "--prompt", PROMPT, "--temperature", "0.8", "--quarters", "32"]
    return [sys.executable, "-m", "pipeline", "generate", *options, "--out", out]


def call(*command: str) -> None:
    """Run a command in the folder of the demo; its failure ends the demo."""
    if subprocess.run(command, cwd=DEMO, check=False).returncode:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
