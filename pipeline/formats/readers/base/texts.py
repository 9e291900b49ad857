"""Normalize texts of a source for a column: one line, no control characters, bounded length."""

from __future__ import annotations

import operator
import re
from dataclasses import replace
from typing import Any

from pipeline.core.music import Part, Piece

LONGEST = 1000  # characters; a longer text is cut, and ends in an ellipsis

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OF_PIECE = ("title", "composer", "origin", "tune_type", "region")


def tidy(text: str) -> str:
    r"""A text with single spaces, without control characters, of at most LONGEST characters.

    >>> tidy("Alle \n meine\x07Entchen ")
    'Alle meine Entchen'
    """
    if not text:
        return text
    if not text.isprintable():  # nor is any text with a control character
        text = _CONTROL.sub(" ", text)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def tidy_piece(piece: Piece) -> Piece:
    """The piece with normalized texts: its own, the names of its parts, and their lyrics."""
    changed: dict[str, Any] = {
        name: text for name in _OF_PIECE if (text := tidy(getattr(piece, name))) != getattr(piece, name)
    }
    parts = tuple(map(_tidy_part, piece.parts))
    if any(map(operator.is_not, parts, piece.parts)):
        changed["parts"] = parts
    if piece.left_out:
        changed["left_out"] = tuple((tidy(name), rule) for name, rule in piece.left_out)
    return replace(piece, **changed) if changed else piece


def _tidy_part(part: Part) -> Part:
    name, lyrics = tidy(part.name), part.lyrics
    if lyrics is not None:
        lyrics = tuple(text and (tidy(text) or None) for text in lyrics)
    return part if name == part.name and lyrics == part.lyrics else replace(part, name=name, lyrics=lyrics)
