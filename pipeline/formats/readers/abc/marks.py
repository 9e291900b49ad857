"""Decorations and words for jumps: D.C., D.S., Fine, Segno, Coda.

Source: the ABC music standard 2.1, sections 4.14 (decorations) and 4.16 (symbols); the
words are those of printed music, as annotations or written as a chord symbol.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.staff import Ticks

DECORATIONS = (  # names between plus signs in old files; other letters there are a chord
    "trill", "lowermordent", "uppermordent", "mordent", "pralltriller", "roll", "turn", "turnx",
    "invertedturn", "invertedturnx", "arpeggio", "accent", "emphasis", "fermata", "invertedfermata",
    "tenuto", "wedge", "upbow", "downbow", "open", "thumb", "snap", "slide", "plus", "breath",
    "shortphrase", "mediumphrase", "longphrase", "segno", "coda", "D.S.", "D.C.", "dacoda", "dacapo",
    "D.C.alfine", "D.C.alcoda", "D.S.alfine", "D.S.alcoda", "fine", "crescendo(", "crescendo)",
    "diminuendo(", "diminuendo)", "pppp", "ppp", "pp", "p", "mp", "mf", "f", "ff", "fff", "ffff", "sfz",
    "editorial", "courtesy",
)  # fmt: skip
SYMBOLS = {"H": "fermata", "S": "segno", "O": "coda"}  # unless U: gives the letter another meaning

Kind = Literal["fine", "da_capo", "dal_segno", "to_coda", "segno", "coda"]

KINDS: dict[str, Kind] = {
    "fine": "fine", "segno": "segno", "coda": "coda", "dacoda": "to_coda", "tocoda": "to_coda",
    "dc": "da_capo", "dacapo": "da_capo", "dcalfine": "da_capo", "dacapoalfine": "da_capo",
    "dcalcoda": "da_capo", "dacapoalcoda": "da_capo",
    "ds": "dal_segno", "dalsegno": "dal_segno", "dsalfine": "dal_segno", "dalsegnoalfine": "dal_segno",
    "dsalcoda": "dal_segno", "dalsegnoalcoda": "dal_segno",
}  # fmt: skip
LANDINGS = ("segno", "coda")
_OVER_BASS = re.compile(r"/\s*[A-Ga-g][#♯b♭+]*\)?\s*$")


class JumpMark(NamedTuple):
    """A decoration or word that was read.

    Attributes:
        onset: onset of the next note for the target of a jump; otherwise the end of the bar.
        in_words: whether it is written as text; text is followed only if it is unambiguous.
    """

    kind: Kind
    onset: Ticks
    in_words: bool


def kind_of(text: str) -> Kind | None:
    """The kind of jump sign of a decoration's name or an annotation; None for others.

    A note name after a slash is the bass of a chord symbol: ``D/C`` is D over C.

    >>> kind_of("D.C."), kind_of("^D.S. al Fine"), kind_of("To Coda"), kind_of("D/c+")
    ('da_capo', 'dal_segno', 'to_coda', None)
    """
    if _OVER_BASS.search(text):
        return None
    text = re.sub(r"^(?:@[-\d.]+,[-\d.]+|[\^_<>@])\s*", "", text)
    return KINDS.get(re.sub(r"[\W_]+", "", text).lower())


def signs_of_marks(marks: Sequence[JumpMark]) -> tuple[list[Sign], int]:
    """The jump signs in the order of the score, and the number of ignored marks.

    The first of two codas jumps to the second, unless there is a "Da Coda". Text alone causes
    a jump back only if the end of the repeated music is unambiguous: there is a Fine or a jump
    to the coda, and for D.S. a Segno. The corresponding decoration is always followed.
    """
    onsets: dict[str, list[Ticks]] = {}
    for mark in marks:
        onsets.setdefault(mark.kind, []).append(mark.onset)
    first_way = min(onsets.get("to_coda", [-1]))
    codas = sorted({onset for onset in onsets.get("coda", []) if onset > first_way})
    two_codas = "to_coda" not in onsets and len(codas) > 1
    goes_somewhere = "fine" in onsets or two_codas or ("to_coda" in onsets and bool(codas))
    signs: list[Sign] = []
    left_out: set[tuple[Kind, Ticks]] = set()
    for mark in marks:
        clear = goes_somewhere and (mark.kind != "dal_segno" or "segno" in onsets)
        if mark.kind in ("da_capo", "dal_segno") and mark.in_words and not clear:
            left_out.add((mark.kind, mark.onset))
        elif mark.kind == "coda" and two_codas and mark.onset == codas[0]:
            signs.append(Sign(mark.onset, "to_coda"))
        else:
            signs.append(Sign(mark.onset, mark.kind))
    return signs, len(left_out - {(sign.kind, sign.onset) for sign in signs})
