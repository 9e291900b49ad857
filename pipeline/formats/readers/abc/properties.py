"""Properties of a voice set by K: and V: in addition to the key: clef, octave, transposition, name.

Source: the ABC music standard 2.1, sections 4.6 (clefs and transposition) and 7.1 (voice
properties). The specifiers may be used independently of each other; unknown ones and
unknown clefs are ignored. ``middle`` and ``stafflines`` affect only the engraving, and so
do clefs except for their octave (``treble-8``).
"""

from __future__ import annotations

import re
from typing import NamedTuple

CLEFS = (
    "treble", "bass", "alto", "tenor", "baritone", "soprano", "mezzosoprano", "mezzo", "perc", "percussion",
    "drum", "none", "auto",
)  # fmt: skip
SPECIFIERS = (
    "clef", "octave", "transpose", "t", "middle", "m", "stafflines", "name", "nm", "subname", "snm", "sname",
    "stem", "staffscale", "style", "shift", "sound", "score",
)  # fmt: skip

ABBREVIATIONS = {"t": "transpose", "m": "middle", "nm": "name", "snm": "subname"}

_SPACED = re.compile(rf"\b({'|'.join(SPECIFIERS)})[ \t]*=[ \t]*(?=\S)")
_WORD = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_SPECIFIER = re.compile(r"([a-z][\w:.-]*)=(.*)", re.DOTALL)
_CLEF = re.compile(rf"({'|'.join(CLEFS)})\d?(?:[-+^_](?:8|15)(?:v[ab])?)?", re.IGNORECASE)
_OCTAVES = re.compile(r"([-+])(8|15)(?:v[ab])?$")  # treble^8 and treble_8 do not change the sounding pitch
_NUMBER = re.compile(r"[-+]?\d{1,2}")


class Properties(NamedTuple):
    """Properties set by a field; None does not change a property.

    Attributes:
        clef_octave: octaves by which the staff sounds higher because of its clef (``treble+8``).
        octave, transpose: octaves and semitones that are added.
        percussion: whether the clef is a percussion clef.
        name: the name as written, without quotation marks.
    """

    clef_octave: int | None = None
    octave: int | None = None
    transpose: int | None = None
    percussion: bool | None = None
    name: str | None = None

    def over(self, others: Properties) -> Properties:
        """These properties, or those of the other where these are None."""
        if others == AS_WRITTEN or self == AS_WRITTEN:
            return others if self == AS_WRITTEN else self
        mixed = (other if mine is None else mine for mine, other in zip(self, others, strict=True))
        return Properties(*mixed)  # type: ignore[arg-type]

    @property
    def shift(self) -> int:
        """Semitones from written to sounding pitch."""
        return 12 * ((self.clef_octave or 0) + (self.octave or 0)) + (self.transpose or 0)


AS_WRITTEN = Properties()


def words_of(text: str) -> list[str]:
    """The words of a field; quoted text is one word."""
    return _WORD.findall(_SPACED.sub(r"\1=", text) if "=" in text else text)


def is_property(word: str) -> bool:
    """Whether a word of K: is not part of the key: a specifier, a clef, or a quoted name.

    >>> is_property("octave=-1"), is_property("bass"), is_property("Am"), is_property("=c")
    (True, True, False, False)
    """
    return word.startswith('"') or _SPECIFIER.fullmatch(word) is not None or _CLEF.fullmatch(word) is not None


def read_properties(words: list[str]) -> Properties:
    """The properties that the words set.

    >>> read_properties(["clef=treble-8", "t=2"]).shift, read_properties(['name="t=2"']).shift
    (-10, 0)
    """
    found: dict[str, int | bool | str] = {}
    for word in words:
        specifier = _SPECIFIER.fullmatch(word)
        name, value = (specifier[1], specifier[2].strip('"')) if specifier else ("", word)
        name = ABBREVIATIONS.get(name, name)
        if name in ("octave", "transpose") and _NUMBER.fullmatch(value):
            found[name] = int(value)
        elif name == "name" or value.startswith('"'):
            found["name"] = " ".join(value.strip('"').replace("\\n", " ").split())
        elif name == "clef" or (name == "" and _CLEF.fullmatch(value)):
            octaves = _OCTAVES.search(value)
            found["clef_octave"] = int(octaves[1] + {"8": "1", "15": "2"}[octaves[2]]) if octaves else 0
            found["percussion"] = value.lower().startswith(("perc", "drum"))
    return Properties(**found)  # type: ignore[arg-type]
