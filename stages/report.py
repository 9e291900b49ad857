"""Write the page that a person reads."""

from pathlib import Path

from pipeline.files import write_text
from pipeline.progress import say
from pipeline.report import page
from pipeline.runner import stage_main
from pipeline.settings import load_yaml

PAGE = Path("data/report/index.html")
VERSIONS = Path("versions.yaml")


def run() -> None:
    """Gather what the stages left behind into one page."""
    write_text(PAGE, page(Path("data"), load_yaml(), load_yaml(VERSIONS)))
    say(f"report: {PAGE}")


if __name__ == "__main__":
    stage_main("report", run)
