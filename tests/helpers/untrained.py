"""A copy of a finished project in which experiments have untrained weights."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from pipeline.models.base.batches import fingerprint
from pipeline.models.base.pretrained import Run, save_run
from pipeline.models.base.registry import ModelConfig, build
from tests.helpers.project import edit


def untrained(
    finished: Path,
    project: Path,
    configs: Mapping[str, ModelConfig],
    task: str = "continue",
    change: Callable[[dict[str, Any]], None] | None = None,
) -> None:
    """Copy the project, with these experiments alone.

    Args:
        finished: a project with the data set ``tunes``.
        project: the folder of the copy.
        configs: the model of each experiment, all of one task.
        change: a further change of params.yaml.
    """
    shutil.copytree(finished, project)
    torch.manual_seed(3)
    shards = fingerprint(project / "data/tokens/tunes")
    for name, config in configs.items():
        save_run(project / "data/runs" / name, build(config), Run(config, "tunes", shards, 1, 1.0))

    def add(params: dict[str, Any]) -> None:
        params["experiments"] = {name: {"dataset": "tunes", "task": {"kind": task}} for name in configs}
        if change is not None:
            change(params)

    edit(project / "params.yaml", add)
