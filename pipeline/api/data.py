"""Data sets as pandas DataFrames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipeline.core.schemas import SPLIT_NAMES, TOKENS
from pipeline.core.settings import PARAMS_FILE
from pipeline.core.tables import TableError, read_table
from pipeline.errors import nearest

if TYPE_CHECKING:
    import pandas as pd

TOKEN_FOLDER = Path("data/tokens")


def project_root(root: str | Path | None = None) -> Path:
    """The folder of the project: the given one, else the nearest one above that has a params.yaml."""
    if root is not None:
        return Path(root)
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / PARAMS_FILE).exists()), here)


def load_dataset(name: str | Path, split: str | None = None, root: str | Path | None = None) -> pd.DataFrame:
    """The token shards of a data set, one row per example; the columns of ``schemas.TOKENS``.

    Args:
        name: under ``datasets`` in params.yaml, or a folder with shards, such as one that
            ``entchen export-hub`` wrote.
        split: train, valid or test; None: all of them (see the column ``split``).
        root: the project; None: the nearest folder above that has a params.yaml.

    Raises:
        TableError: no such data set or split.
    """
    if split is not None and split not in SPLIT_NAMES:
        raise TableError(f"there is no split '{split}'; {nearest(split, SPLIT_NAMES)}")
    folder = Path(name)
    files = sorted(folder.glob("data/*.parquet")) or sorted(folder.glob("*/*.parquet"))
    if not files:
        files = sorted(_folder(str(name), project_root(root)).glob("*/*.parquet"))
    shards = [read_table(file, TOKENS).replace_schema_metadata(None) for file in files]
    frame: pd.DataFrame = pa.concat_tables([TOKENS.empty_table(), *shards]).to_pandas()
    return frame if split is None else frame[frame["split"] == split].reset_index(drop=True)


def _folder(name: str, root: Path) -> Path:
    shards = root / TOKEN_FOLDER
    known = sorted(folder.name for folder in shards.glob("*") if folder.is_dir())
    if name not in known:
        hint = nearest(name, known) if known else f"run `dvc repro` in {root} first"
        raise TableError(f"there is no data set '{name}' in {shards}; {hint}")
    return shards / name
