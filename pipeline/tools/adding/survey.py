"""Survey of a folder of scores: formats, parts, keys, and the grid that fits its notes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.core.accounting import Rejection
from pipeline.core.music import TICKS_PER_QUARTER
from pipeline.core.schemas import NOTES
from pipeline.core.text import counted
from pipeline.corpora.sources.collect import files_below
from pipeline.errors import PipelineError
from pipeline.formats.readers import SUFFIXES, ReadLimits, ReadSettings
from pipeline.tools.inspection.encode_file import read_files
from pipeline.workflow.progress import track

GRIDS = (4, 12, 24)  # steps per quarter that are tried, the coarsest first
EXACT_ENOUGH = 0.95  # share of onsets on the grid
FILES_A_BATCH = 100
FEW_PIECES = 100  # with fewer, validation and test splits are small
NAMED = 3  # pieces or files named in a remark


class FolderError(PipelineError):
    """A folder that cannot become a corpus."""


@dataclass(frozen=True)
class Survey:
    """The contents of a folder of scores.

    Attributes:
        files: number of files by format.
        ignored: number of other files by suffix.
        notes: one row per part of every piece that can be read.
        rejections: pieces that cannot be read, with the reason.
    """

    files: Counter[str]
    ignored: Counter[str]
    notes: pa.Table
    rejections: Sequence[Rejection]

    @property
    def pieces(self) -> list[str]:
        """piece_id of every piece that can be read."""
        return list(dict.fromkeys(self.notes["piece_id"].to_pylist()))

    @property
    def several_parts(self) -> list[str]:
        """Pieces with more than one part."""
        return [piece for piece, n in Counter(self.notes["piece_id"].to_pylist()).items() if n > 1]

    @property
    def keyless(self) -> list[str]:
        """Pieces whose source has no key signature in the top part."""
        return [str(row["piece_id"]) for row in self._tops() if row["key_fifths"] is None]

    @property
    def part_names(self) -> list[str]:
        """Names of parts in pieces of several parts, the most frequent first."""
        several = set(self.several_parts)
        rows = self.notes.select(["piece_id", "part_name"]).to_pylist()
        names = Counter(row["part_name"] or "(no name)" for row in rows if row["piece_id"] in several)
        return [name for name, _ in names.most_common()]

    def exact_share(self, steps_per_quarter: int) -> float:
        """Share of onsets that are on a grid exactly."""
        onsets = self.notes["onset"].combine_chunks().flatten().to_numpy().astype(np.int64)
        return float(np.mean(onsets * steps_per_quarter % TICKS_PER_QUARTER == 0)) if len(onsets) else 1.0

    @property
    def steps_per_quarter(self) -> int:
        """The coarsest grid that fits nearly all notes, else sixteenths."""
        return next((grid for grid in GRIDS if self.exact_share(grid) >= EXACT_ENOUGH), GRIDS[0])

    def rows(self) -> list[tuple[str, str]]:
        """Files by format, then ignored files."""
        formats = [(name, str(n)) for name, n in sorted(self.files.items())]
        others = [(f"ignored: {suffix or 'no suffix'}", str(n)) for suffix, n in sorted(self.ignored.items())]
        return [*formats, *others]

    def remarks(self) -> list[str]:
        """Remarks for the user before the data set is built, one sentence per line."""
        pieces, several, keyless = self.pieces, self.several_parts, self.keyless
        lines = [f"{counted(len(pieces), 'piece')} can be read, {len(self.rejections)} cannot."]
        for broken in self.rejections[:NAMED]:
            lines.append(f"  {broken.piece_id}: {broken.rule}: {broken.detail}")
        if len(self.rejections) > NAMED:
            lines.append(f"  and {len(self.rejections) - NAMED} more")
        if several:
            lines.append(
                f"{counted(len(several), 'piece')} with several parts ({_some(several)}): the top part is "
                f"taken; parts are named {_some(self.part_names)}. Choose another in quantize.parts."
            )
        if keyless:
            lines.append(
                f"{counted(len(keyless), 'piece')} without a key signature ({_some(keyless)}): keys are "
                "estimated from the notes (encode.key: analysis)."
            )
        if self.exact_share(self.steps_per_quarter) < EXACT_ENOUGH:
            share = self.exact_share(self.steps_per_quarter)
            lines.append(
                f"Only {share:.0%} of the notes start exactly on a grid of "
                f"{counted(self.steps_per_quarter, 'step')} per quarter: if this is performed MIDI, "
                "quantize it first, or filters reject most pieces "
                "(filter.max_moved_share)."
            )
        if len(pieces) < FEW_PIECES:
            lines.append(
                f"With only {counted(len(pieces), 'piece')}, scores on the test split depend on chance."
            )
        return lines

    def _tops(self) -> list[dict[str, object]]:
        rows = self.notes.select(["piece_id", "key_fifths"]).to_pylist()
        return list({row["piece_id"]: row for row in reversed(rows)}.values())


def survey(folder: Path, name: str, settings: ReadSettings, limits: ReadLimits) -> Survey:
    """Read every score of a folder, each file within limits and in a child process.

    Args:
        name: of the corpus, the first part of every piece_id.

    Raises:
        FolderError: no such folder, or no score in it.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder}: no such folder")
    found = files_below(folder)
    scores = [file for file in found if file.suffix.lower() in SUFFIXES]
    ignored = Counter(file.suffix.lower() for file in found if file.suffix.lower() not in SUFFIXES)
    if not scores:
        what = ", ".join(f"{n} {suffix or 'without suffix'}" for suffix, n in sorted(ignored.items()))
        known = ", ".join(sorted(SUFFIXES))
        raise FolderError(f"{folder}: no score; found: {what or 'no file'}; suffixes of scores: {known}")
    paths = [file.relative_to(folder).as_posix() for file in scores]
    tables, rejections = [NOTES.empty_table()], []
    batches = [paths[first : first + FILES_A_BATCH] for first in range(0, len(paths), FILES_A_BATCH)]
    for batch in track(batches, f"reading {folder}", len(batches), f"batches of {FILES_A_BATCH} files"):
        notes, broken = read_files(folder, batch, name, settings, limits)
        tables.append(notes)
        rejections += broken
    formats = Counter(SUFFIXES[file.suffix.lower()] for file in scores)
    return Survey(formats, ignored, pa.concat_tables(tables), rejections)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
