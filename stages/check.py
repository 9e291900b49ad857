"""Validate the whole of params.yaml before anything runs."""

from pathlib import Path

from pipeline.files import write_text
from pipeline.parameters import check_parameters
from pipeline.runner import stage_main
from pipeline.settings import load_yaml


def run() -> None:
    """Check params.yaml; the first output never changes, so nothing else runs again for it.

    The names of the corpora stand in a file of their own, for DVC to see when one goes.
    """
    params = load_yaml()
    check_parameters(params)
    write_text(Path("data/checked.txt"), "params.yaml is valid\n")
    write_text(Path("data/corpora.txt"), "".join(f"{corpus}\n" for corpus in sorted(params["corpora"])))


if __name__ == "__main__":
    stage_main("check", run)
