"""Texts of a source, as they go into a column: one line, without control characters, of bounded length."""

from __future__ import annotations

import re
from dataclasses import replace

from pipeline.core.music import Part, Piece

LONGEST = 1000  # characters; a longer text is cut, and ends in an ellipsis

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OF_PIECE = ("title", "composer", "origin", "tune_type", "region")


def tidy(text: str) -> str:
    r"""A text with single spaces, without control characters, of at most LONGEST characters.

    >>> tidy("Alle \n meine\x07Entchen ")
    'Alle meine Entchen'
    """
    text = " ".join(_CONTROL.sub(" ", text).split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def tidy_piece(piece: Piece) -> Piece:
    """A piece whose texts are tidy: its own, the names of its parts, and their lyrics."""
    texts = {name: tidy(getattr(piece, name)) for name in _OF_PIECE}
    parts = tuple(_tidy_part(part) for part in piece.parts)
    left_out = tuple((tidy(name), rule) for name, rule in piece.left_out)
    return replace(piece, **texts, parts=parts, left_out=left_out)  # type: ignore[arg-type]


def _tidy_part(part: Part) -> Part:
    name, lyrics = tidy(part.name), part.lyrics
    if lyrics is not None:
        lyrics = tuple(text and (tidy(text) or None) for text in lyrics)
    return part if name == part.name and lyrics == part.lyrics else replace(part, name=name, lyrics=lyrics)
