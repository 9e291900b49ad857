"""A data set or a trained model as a folder that can be uploaded as it is."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.errors import PipelineError, nearest
from pipeline.tools.hub.dataset import export_dataset
from pipeline.tools.hub.model import export_model


class ExportError(PipelineError):
    """A name that cannot be exported, or a folder that cannot be written to."""


def export(name: str, folder: Path, allowed: Collection[str] = (), root: Path = Path()) -> list[str]:
    """Export the data set, else the experiment, of that name.

    If both have the name, ``dataset/NAME`` and ``model/NAME`` distinguish them; the name
    alone is the data set.

    Args:
        folder: new, or empty.
        allowed: licences that may be redistributed, in addition to those known.

    Returns:
        Messages about what was written.

    Raises:
        ExportError: no such name, or a folder that is not empty.
        TableError, CheckpointError: the stage has not run.
    """
    params = load_yaml(root / PARAMS_FILE)
    datasets, experiments = lookup(params, "datasets"), lookup(params, "experiments")
    kind, _, short = name.rpartition("/")
    if kind not in ("", "dataset", "model") or not (short in datasets or short in experiments):
        raise ExportError(
            f"there is no data set or experiment '{name}'; {nearest(short, {*datasets, *experiments})}"
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder}: a new or empty folder is expected")
    if kind != "model" and short in datasets:
        lines = export_dataset(short, folder, allowed, root)
        more = [f"The model of this name: export-hub model/{short} FOLDER"] if short in experiments else []
        return [*lines, *more]
    if short not in experiments:
        raise ExportError(f"there is no experiment '{short}'; {nearest(short, experiments)}")
    return export_model(short, folder, root)
