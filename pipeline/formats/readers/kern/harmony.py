"""Chord symbols of Humdrum: the spines ``**mxhm`` (converted from MusicXML) and ``**harm``.

A token of ``**mxhm`` is a root, a kind of MusicXML and perhaps a bass: ``C major``,
``B- minor-seventh/D-``. A token of ``**harm`` is a Roman numeral in the key of its spine
(`pipeline.formats.readers.kern.roman`); a spine without a key has that of the spines of notes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from pipeline.core.chord_kinds import Harmony, to_harte
from pipeline.core.chords import UNKNOWN_CHORD
from pipeline.formats.readers.base.chord_symbols import harte_of_text
from pipeline.formats.readers.kern.roman import read_roman
from pipeline.formats.readers.kern.tokens import KernKey

SPINES = ("**mxhm", "**harm")

_TOKEN = re.compile(r"([A-G])([#-]*)\s+([^/]+?)\s*(?:/\s*([A-G])([#-]*))?")
_PartT = TypeVar("_PartT")


def read_symbol(token: str, spine: str, key: KernKey | None = None) -> str:
    """Return a token of a spine of chord symbols in Harte's syntax; ``X`` where it is not understood.

    Args:
        token: as the spine has it.
        spine: the type of the spine, one of `SPINES`.
        key: the key of Roman numerals; None for none.
    """
    if spine != "**mxhm":
        return read_roman(token, key) or UNKNOWN_CHORD
    match = _TOKEN.fullmatch(token.strip())
    if match is None:
        return harte_of_text(token) or UNKNOWN_CHORD
    step, signs, kind, bass, bass_signs = match.groups()
    root, bass = step + signs.replace("-", "b"), (bass or "") + (bass_signs or "").replace("-", "b")
    return to_harte(Harmony(root, kind, (), bass)) or UNKNOWN_CHORD


def nearest(parts: Sequence[_PartT | None], place: int) -> _PartT | None:
    """Return the part in the column nearest to the left of a place, else to the right; None for none."""
    left = [part for part in parts[:place] if part is not None]
    right = [part for part in parts[place + 1 :] if part is not None]
    return next(iter(left[::-1] + right), None)
