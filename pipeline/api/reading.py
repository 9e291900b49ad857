"""Reading scores from files and texts.

A file is read in this process: no ``if __name__ == "__main__":`` is needed, in scripts,
notebooks and from standard input alike. ``isolated=True`` reads a file that is not trusted
in a child process with limits on time and memory, as the pipeline does.
"""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pipeline.api.grids import ScoreFileError
from pipeline.api.scores import Score
from pipeline.core.accounting import Rejection
from pipeline.errors import nearest
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.tools.inspection.encode_file import INLINE_FORMATS, inline_suffix, read_file, read_trusted

Accidentals = Literal["octave", "pitch", "not"]
LineEnds = Literal["phrases", "layout"]
LIMITS = ReadLimits(
    max_file_mib=32,
    max_unpacked_mib=64,
    max_members=10000,
    max_depth=100,
    max_notes=1_000_000,
    max_seconds=60,
    max_memory_mib=2048,
)
MOST_NAMED = 5  # pieces named in a message


def read(
    path: str | Path,
    piece: str | int | None = None,
    *,
    repeats: Literal["written", "played"] = "written",
    accidentals: Accidentals = "pitch",
    line_ends: LineEnds = "layout",
    isolated: bool = False,
) -> Score:
    """Read one score: MusicXML, ABC, kern, MIDI, tinyNotation, or a text in ABC or tinyNotation.

    >>> read("tinyNotation: 4/4 c4 d e f g2 g2")
    Score('prompt', 1 part, 6 notes)

    Args:
        path: a file, or a text that begins with ``tinyNotation:`` or ``X:``.
        piece: which piece of a file of several: its number (``X:17``), title or name.
        repeats: read as written, or with repeats unfolded (played).
        accidentals: scope of an ABC accidental in its bar.
        line_ends: whether the end of an ABC line ends a phrase.
        isolated: read a file that is not trusted, in a child process with limits; a script
            then needs ``if __name__ == "__main__":``.

    Raises:
        ScoreFileError: the file cannot be read, or contains several pieces and none is named.
    """
    scores, rejections = _read(path, repeats, accidentals, line_ends, isolated)
    if piece is None or not scores:
        _raise(path, rejections)
    return _choose(scores, "the text" if inline_suffix(str(path)) else str(path), piece)


def read_all(
    path: str | Path,
    *,
    repeats: Literal["written", "played"] = "written",
    accidentals: Accidentals = "pitch",
    line_ends: LineEnds = "layout",
    isolated: bool = False,
    errors: Literal["raise", "warn"] = "raise",
) -> list[Score]:
    r"""Read every piece of a file, for example all tunes of an ABC collection.

    >>> read_all("X:1\nT:One\nK:C\nCDEF\n\nX:2\nT:Two\nK:G\nGABc\n")
    [Score('prompt#1', 1 part, 4 notes), Score('prompt#2', 1 part, 4 notes)]

    Args:
        errors: ``warn`` leaves out the pieces that cannot be read, with one warning that names them.

    Raises:
        ScoreFileError: a piece cannot be read, unless ``errors`` is ``warn``.
    """
    scores, rejections = _read(path, repeats, accidentals, line_ends, isolated)
    if errors == "warn" and rejections:
        warnings.warn(_reasons(path, rejections), stacklevel=2)
        return scores
    _raise(path, rejections)
    return scores


def _raise(path: str | Path, rejections: Sequence[Rejection]) -> None:
    """Raise an error that names the pieces that cannot be read, if there are any."""
    if rejections:
        raise ScoreFileError(_reasons(path, rejections))


def _reasons(path: str | Path, rejections: Sequence[Rejection]) -> str:
    name = "the text" if inline_suffix(str(path)) else str(path)
    reasons = "; ".join(_reason(each) for each in rejections[:MOST_NAMED])
    more = f"; and {len(rejections) - MOST_NAMED} more" if len(rejections) > MOST_NAMED else ""
    return f"{name}: {reasons}{more}"


def _read(
    path: str | Path,
    repeats: Literal["written", "played"],
    accidentals: Accidentals,
    line_ends: LineEnds,
    isolated: bool,
) -> tuple[list[Score], list[Rejection]]:
    settings = ReadSettings(reader="auto", accidentals=accidentals, line_ends=line_ends, repeats=repeats)
    if not str(path):
        raise ScoreFileError(f"'': no such file; expected a score or a text beginning with {INLINE_FORMATS}")
    suffix = inline_suffix(str(path))
    if suffix is None:
        return _read_file(Path(path).expanduser(), settings, isolated)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"prompt{suffix}"
        file.write_text(str(path), encoding="utf-8")
        return _read_file(file, settings, isolated)


def _read_file(file: Path, settings: ReadSettings, isolated: bool) -> tuple[list[Score], list[Rejection]]:
    """The pieces that can be read, and why others cannot."""
    if file.is_dir() or not file.exists():
        what = "is a folder" if file.is_dir() else "no such file"
        raise ScoreFileError(f"{file}: {what}; expected a score or a text beginning with {INLINE_FORMATS}")
    if isolated:
        notes, rejections = read_file(file, "", settings, LIMITS)
    else:
        notes, rejections = read_trusted(file, settings)
    ids = notes["piece_id"].to_pylist()
    starts = [row for row, piece in enumerate(ids) if row == 0 or ids[row - 1] != piece]
    ends = [*starts[1:], len(ids)] if starts else []
    scores = [
        Score(ids[start].strip("/"), notes.slice(start, end - start))
        for start, end in zip(starts, ends, strict=True)
    ]
    return scores, rejections


def _choose(scores: Sequence[Score], file: str, piece: str | int | None) -> Score:
    if piece is None:
        if len(scores) == 1:
            return scores[0]
        raise ScoreFileError(
            f"{file} contains {len(scores)} pieces: name one by piece=…, or use read_all; {_some(scores)}"
        )
    wanted = str(piece)
    chosen = [s for s in scores if wanted in (s.name, s.name.rpartition("#")[2], s.title)]
    if len(chosen) != 1:
        known = [name for s in scores for name in (s.name, s.title) if name]
        raise ScoreFileError(f"{file}: there is no single piece '{wanted}'; {nearest(wanted, known)}")
    return chosen[0]


def _some(scores: Sequence[Score]) -> str:
    names = [f"{s.name} ({s.title})" if s.title else s.name for s in scores[:MOST_NAMED]]
    return ", ".join(names) + (", …" if len(scores) > MOST_NAMED else "")


def _reason(rejection: Rejection) -> str:
    number = rejection.piece_id.rpartition("#")[2] if "#" in rejection.piece_id else ""
    return f"{f'piece {number}: ' if number else ''}{rejection.rule}: {rejection.detail}"
