"""Validate the whole of params.yaml before anything runs."""

from pathlib import Path

from pipeline.core.files import write_json, write_text
from pipeline.core.settings import SCRATCH, load_yaml
from pipeline.formats.readers import SUFFIXES
from pipeline.parameters import check_parameters
from pipeline.workflow.runner import stage_main


def run() -> None:
    """Check params.yaml; the first output never changes, so no other stage reruns because of it.

    The other outputs give DVC facts that belong to no single stage: the names of the corpora, the
    suffixes of score files, and the constant that means random weights in init_from. The section
    ``experiments``, which the report shows, is a file because DVC copies parameters into dvc.lock,
    and parses the whole of that file again after every stage.
    """
    params = load_yaml()
    check_parameters(params)
    write_text(Path("data/checked.txt"), "params.yaml is valid\n")
    write_json(Path("data/experiments.json"), params["experiments"])
    write_text(Path("data/suffixes.txt"), "".join(f"{suffix}\n" for suffix in sorted(SUFFIXES)))
    write_text(Path("data/runs") / SCRATCH / "README.txt", "init_from: scratch means random weights\n")
    write_text(Path("data/corpora.txt"), "".join(f"{corpus}\n" for corpus in sorted(params["corpora"])))


if __name__ == "__main__":
    stage_main("check", run)
