"""Write the report."""

from pathlib import Path

from pipeline.core.files import write_text
from pipeline.core.settings import load_yaml
from pipeline.report import page
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main

PAGE = Path("data/report/index.html")
VERSIONS = Path("versions.yaml")


def run() -> None:
    """Write the results of all stages as one HTML page."""
    write_text(PAGE, page(Path("data"), load_yaml(), load_yaml(VERSIONS)))
    say(f"report: {PAGE}")


if __name__ == "__main__":
    stage_main("report", run)
