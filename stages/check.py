"""Validate the whole of params.yaml before anything runs."""

from pathlib import Path

from pipeline.files import write_text
from pipeline.parameters import check_parameters
from pipeline.runner import stage_main
from pipeline.settings import load_yaml


def run() -> None:
    """Check params.yaml; the output never changes, so nothing else runs again for it."""
    check_parameters(load_yaml())
    write_text(Path("data/checked.txt"), "params.yaml is valid\n")


if __name__ == "__main__":
    stage_main("check", run)
