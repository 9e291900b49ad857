"""Functions for notebooks: open a data set, display a row, play it, train on it.

::

    from pipeline.notebook import collate, decode_row, hear, open_dataset, save, see, torch_dataset

    test = open_dataset("melodies", "test")            # a pandas DataFrame, one row per piece
    grid = decode_row(test.iloc[0])                    # in the key of the score
    see(grid, test.iloc[0])                            # a piano roll in text
    hear(grid, test.iloc[0])                           # an audio player, if the notebook shows HTML
    save(grid, "tune.mid", test.iloc[0])               # or "tune.musicxml", "tune.wav"
    examples = torch_dataset("melodies", "train")      # a torch Dataset of Example
    loader = torch.utils.data.DataLoader(examples, batch_size=32, collate_fn=collate)

All take ``root``, the folder of the project, for a notebook in another folder.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.utils.data import Dataset

from pipeline.api.grids import plain_row
from pipeline.core import vocabulary
from pipeline.core.files import replacing
from pipeline.core.music import Grid
from pipeline.core.schemas import PLACES
from pipeline.core.tables import TableError
from pipeline.errors import nearest
from pipeline.formats.writers.layout import Layout, grid_of, layout_of, transposed
from pipeline.models.base.batches import collate, read_rows
from pipeline.models.base.examples import Example
from pipeline.models.base.tasks import EXAMPLE_COLUMNS, cut_rows
from pipeline.tools.inspection.piano_roll import WIDTH, draw
from pipeline.tools.inspection.pieces import find_grids, find_tokens
from pipeline.tools.inspection.token_text import as_score

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Examples",
    "Sound",
    "collate",
    "decode_row",
    "hear",
    "open_dataset",
    "open_piece",
    "save",
    "see",
    "torch_dataset",
]

Row = Mapping[str, Any]  # a row of a DataFrame has the methods that are used here


class Examples(Dataset[Example]):
    """The pieces of a split, each cut into source and target.

    Give ``collate`` to a DataLoader: it pads examples to a ``batches.Batch``.
    """

    def __init__(self, examples: Sequence[Example]) -> None:
        self._examples = examples

    def __len__(self) -> int:
        return len(self._examples)

    def __getitem__(self, index: int) -> Example:
        return self._examples[index]


def open_dataset(name: str, split: str = "train", root: str | Path = ".") -> pd.DataFrame:
    """One split of a data set, one row per example; the columns of ``schemas.TOKENS``.

    Args:
        name: under ``datasets`` in params.yaml.
        split: train, valid or test; or embargoed: relatives of held-out pieces, which no model is trained on.

    Raises:
        TableError: no such data set or split, or its shards are of another vocabulary.
    """
    frame: pd.DataFrame = read_rows(_folder(name, split, root), split).to_pandas()
    return frame


def torch_dataset(name: str, split: str = "train", cut: float = 0.5, root: str | Path = ".") -> Examples:
    """One split of a data set as a torch Dataset, in the order of ``open_dataset``.

    Args:
        cut: prompt length as a share of a piece's notes.

    Raises:
        TableError: no such data set or split, or its shards are of another vocabulary.
        CutError: a piece has fewer than two notes.
    """
    return Examples(cut_rows(read_rows(_folder(name, split, root), split, EXAMPLE_COLUMNS), cut))


def decode_row(row: Row | pd.Series[Any], as_written: bool = True) -> Grid:
    """The grid of a row of ``open_dataset``.

    Args:
        as_written: in the key of the score; False for the key of the tokens.

    Raises:
        TokenError: the tokens break the grammar.
    """
    grid = vocabulary.decode(row["tokens"], int(row["voices"]))
    return transposed(grid, -int(row["transposition"])) if as_written else grid


def open_piece(piece_id: str, dataset: str | None = None, root: str | Path = ".") -> tuple[Grid, Row]:
    """The grid of a piece, filtered or not, and its row of the shards, else of the grids.

    Args:
        dataset: None for the first data set that contains it.

    Raises:
        UnknownPieceError: no data set has a grid of that piece.
    """
    name, grids = find_grids(piece_id, dataset, Path(root))
    row = grids.to_pylist()[0]
    tokens = [found for _, found in find_tokens(row["piece_id"], name, Path(root))]
    return grid_of(row), tokens[0] if tokens else row


def see(grid: Grid, row: Row | pd.Series[Any] | None = None, width: int = WIDTH) -> None:
    """Print a piano roll.

    Args:
        row: of the shards, for the bar lines; None: no bar lines.
        width: columns of a line.
    """
    bars = None if row is None else row["step_in_bar"]
    print(draw(grid, bars, width))


@dataclass(frozen=True)
class Sound:
    """A WAV file that a notebook shows as a player."""

    wav: bytes

    def _repr_html_(self) -> str:
        content = base64.b64encode(self.wav).decode("ascii")
        return f'<audio controls src="data:audio/wav;base64,{content}"></audio>'


def hear(grid: Grid, row: Row | pd.Series[Any] | None = None, steps_per_quarter: int = 4) -> Sound:
    """A grid as sound, 120 quarter notes per minute; a notebook shows it as a player.

    Args:
        row: of the shards, for the resolution.
        steps_per_quarter: the resolution if there is no row.
    """
    return Sound(as_score(grid, _layout(row, steps_per_quarter), ".wav"))


def save(
    grid: Grid, path: str | Path, row: Row | pd.Series[Any] | None = None, steps_per_quarter: int = 4
) -> Path:
    """Write a grid as a score or as sound, by the suffix of its name: .mid, .musicxml or .wav.

    Args:
        row: of the shards, for time signature, key, title and resolution; None: without them.
        steps_per_quarter: the resolution if there is no row.

    Raises:
        TokenTextError: no such format.
    """
    path = Path(path)
    score = as_score(grid, _layout(row, steps_per_quarter), path.suffix)
    with replacing(path) as partial:
        partial.write_bytes(score)
    return path


def _layout(row: Row | pd.Series[Any] | None, steps_per_quarter: int) -> Layout:
    return Layout(steps_per_quarter) if row is None else replace(layout_of(plain_row(row), mark=0), mark=None)


def _folder(name: str, split: str, root: str | Path) -> Path:
    shards = Path(root) / "data/tokens"
    known = sorted(folder.name for folder in shards.glob("*") if folder.is_dir())
    if name not in known:
        raise TableError(f"{shards}: there is no data set '{name}'; {nearest(name, known)}")
    if split not in PLACES:
        raise TableError(f"there is no split '{split}'; {nearest(split, PLACES)}")
    return shards / name
