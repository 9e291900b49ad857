"""Chord symbols as text, such as ``Am7`` or ``G/B``, in Harte's syntax.

A symbol is parsed from left to right: root, quality, number, alterations, bass.
Text that is not used up is no chord symbol; the caller keeps and counts it.

Sources: ABC 2.1, section 4.18 (``[A-G][#b]<type>/<bass>``); the spellings of the Nottingham
collection, which writes ``d`` for diminished, ``a`` for augmented and ``D/f+`` for D over
F sharp.
"""

from __future__ import annotations

import re

from pipeline.core.chords import KINDS, NO_CHORD, UNKNOWN_CHORD, chord_of, transpose

_ROOT = re.compile(r"([A-G])([#♯b♭]{0,2})")
_BASS = re.compile(r"/\s*([A-Ga-g])([#♯+b♭]{0,2})\s*$")
_NO_CHORD = {"n", "nc", "n.c.", "n.c", "no chord", "nochord", "tacet"}

# Longest first: "maj" before "ma" before "m". Case matters: M is major, m minor.
_QUALITIES: tuple[tuple[str, str], ...] = (
    *(
        (word, "maj")
        for word in ("major", "Major", "maj", "Maj", "MAJ", "ma", "Ma", "MA", "M", "Δ", "△", "∆", "^")
    ),
    *((word, "min") for word in ("minor", "Minor", "min", "Min", "MIN", "mi", "Mi", "MI", "m", "-", "−")),
    *((word, "dim") for word in ("dim", "Dim", "DIM", "°", "º", "o", "d")),
    *((word, "hdim") for word in ("ø", "Ø", "h")),
    *((word, "aug") for word in ("aug", "Aug", "AUG", "+", "a")),
    ("sus", "sus"),
)
_QUALITY_WORDS = sorted(_QUALITIES, key=lambda pair: -len(pair[0]))
_MAJOR_SEVENTH = re.compile(r"\(?(?:maj|Maj|MAJ|ma|Ma|M|Δ|△|∆|\+|#)\s*(7|9|11|13)\)?")
_NUMBER = re.compile(r"6\s*[/,\\]?\s*9|69|13|11|9|7|6|5|4|2")
_CHANGE = re.compile(r"[\s,]*(add|no|omit|sus|[#♯+b♭\-−])\s*(?:([#♯b♭]?)\s*(13|11|9|7|6|5|4|3|2))?")
_LIKE_A_CHORD = re.compile(r"[A-G][#b♯♭]?(?:m(?![a-z]{2})|M|maj|min|dim|aug|sus|add|[-+°øΔ/(]|\d)")
_DECORATION = str.maketrans("([", ",,", ")] ")

# quality and number → kind, degrees
_KINDS: dict[tuple[str, str], tuple[str, tuple[str, ...]]] = {
    ("", ""): ("maj", ()),
    ("", "2"): ("maj", ("2",)),
    ("", "4"): ("maj", ("4",)),
    ("", "5"): ("5", ()),
    ("", "6"): ("maj6", ()),
    ("", "69"): ("maj6", ("9",)),
    ("", "7"): ("7", ()),
    ("", "9"): ("9", ()),
    ("", "11"): ("11", ()),
    ("", "13"): ("13", ()),
    ("maj", ""): ("maj", ()),
    ("maj", "6"): ("maj6", ()),
    ("maj", "69"): ("maj6", ("9",)),
    ("maj", "7"): ("maj7", ()),
    ("maj", "9"): ("maj9", ()),
    ("maj", "11"): ("maj11", ()),
    ("maj", "13"): ("maj13", ()),
    ("min", ""): ("min", ()),
    ("min", "2"): ("min", ("2",)),
    ("min", "4"): ("min", ("4",)),
    ("min", "6"): ("min6", ()),
    ("min", "69"): ("min6", ("9",)),
    ("min", "7"): ("min7", ()),
    ("min", "9"): ("min9", ()),
    ("min", "11"): ("min11", ()),
    ("min", "13"): ("min13", ()),
    ("minmaj", "7"): ("minmaj7", ()),
    ("minmaj", "9"): ("minmaj7", ("9",)),
    ("dim", ""): ("dim", ()),
    ("dim", "7"): ("dim7", ()),
    ("dimmaj", "7"): ("dim", ("7",)),
    ("hdim", ""): ("hdim7", ()),
    ("hdim", "7"): ("hdim7", ()),
    ("hdim", "9"): ("hdim7", ("9",)),
    ("aug", ""): ("aug", ()),
    ("aug", "7"): ("aug", ("b7",)),
    ("aug", "9"): ("aug", ("b7", "9")),
    ("augmaj", "7"): ("aug", ("7",)),
    ("sus", ""): ("sus4", ()),
    ("sus", "2"): ("sus2", ()),
    ("sus", "4"): ("sus4", ()),
}
_SUSPENDED = {"": (), "7": ("b7",), "9": ("b7", "9"), "13": ("b7", "9", "13"), "6": ("6",), "maj7": ("7",)}


def harte_of_text(text: str) -> str | None:
    """Return a written chord symbol in Harte's syntax.

    Args:
        text: as the score has it, such as ``Am7``, ``G/B``, ``F#m7b5``, ``N.C.`` or ``(E7)``.

    Returns:
        Harte's syntax (`pipeline.core.chords`), ``N`` for no chord, None for text that is no
        chord symbol. Of alternatives, ``G(Em)``, the first is taken.
    """
    text = text.strip()
    if text.lower() in _NO_CHORD:
        return NO_CHORD
    if text[:1] == "(" and text[-1:] == ")" and text.count("(") == 1:
        text = text[1:-1].strip()
    root = _ROOT.match(text)
    if root is None:
        return None
    name = _note_name(root[1], root[2])
    rest = text[root.end() :]
    bass = _BASS.search(rest)
    if bass is not None:
        rest = rest[: bass.start()]
    alternative = re.search(r"\([A-G][^()]*\)$", rest)
    if alternative is not None:
        rest = rest[: alternative.start()]
    described = _suffix(rest.strip())
    if described is None:
        return None
    return _written(name, *described, _note_name(bass[1], bass[2]) if bass else "")


def sounding(text: str, semitones: int) -> str | None:
    """Return a written chord symbol in Harte's syntax at sounding pitch.

    Args:
        text: as for `harte_of_text`.
        semitones: by how much the part sounds above its written pitch.
    """
    harte = harte_of_text(text)
    return harte if harte is None else transpose(harte, semitones)


def unread(text: str) -> str | None:
    """Return ``X`` for text that begins like a chord symbol, None for other words.

    >>> unread("C7xyz"), unread("Fine"), unread("tr")
    ('X', None, None)
    """
    return UNKNOWN_CHORD if _LIKE_A_CHORD.match(text.strip()) else None


def _note_name(letter: str, signs: str) -> str:
    return letter.upper() + signs.replace("♯", "#").replace("+", "#").replace("♭", "b")


def _written(root: str, kind: str, changes: tuple[str, ...], bass: str) -> str:
    return str(chord_of(root, kind, changes, bass))


def _suffix(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return kind and changes of what follows the root; None where the text is no chord."""
    quality, text = _quality(text)
    number, text = _number(quality, text)
    if quality == "min" and not number:
        seventh = re.match(r"[(/]?(?:maj|Maj|MAJ|ma|Ma|M|Δ|△|∆|\+|#)\s*(7|9)\)?|[(/]?(?:Δ|△|∆)()\)?", text)
        if seventh is not None:
            quality, number, text = "minmaj", seventh[1] or "7", text[seventh.end() :]
    if quality == "" and number == "7" and re.match(r"\s*(aug|\+(?!\d)|a$)", text):
        quality, text = "aug", re.sub(r"^\s*(aug|\+|a)", "", text)
    if quality == "" and number == "9" and re.match(r"\s*(aug|\+(?!\d))", text):
        quality, text = "aug", re.sub(r"^\s*(aug|\+)", "", text)
    if quality in ("dim", "aug") and not number and (seventh := re.match(r"\(?(?:maj|Maj|M|Δ)7\)?", text)):
        quality, number, text = quality + "maj", "7", text[seventh.end() :]
    described = _KINDS.get((quality, number))
    return None if described is None else _changed(*described, f"{quality}{number}", text)


def _quality(text: str) -> tuple[str, str]:
    if text.startswith(("add", "alt")):
        return "", text
    for word, quality in _QUALITY_WORDS:
        if text.startswith(word) and text[len(word) - 1 : len(word) + 2] not in ("add", "alt"):
            rest = text[len(word) :].lstrip()
            if word in ("Δ", "△", "∆", "^") and not rest[:1].isdigit():
                rest = "7" + rest
            return quality, rest
    return "", text


def _number(quality: str, text: str) -> tuple[str, str]:
    match = _NUMBER.match(text)
    if match is None:
        return "", text
    number = "69" if match[0].startswith("6") and match[0] != "6" else match[0]
    if (quality, number) not in _KINDS:
        return "", text
    return number, text[match.end() :]


def _changed(
    kind: str, changes: tuple[str, ...], number: str, text: str
) -> tuple[str, tuple[str, ...]] | None:
    """Read the alterations, additions and omissions after the number."""
    text = text.translate(_DECORATION).replace("♯", "#").replace("♭", "b").replace("−", "-")
    if text.lstrip(",") == "alt":
        return "7" if kind == "maj" else kind, (*changes, "b5", "#5", "b9", "#9", "*5")
    while text:
        if match := re.match(r",*sus(2|4)?", text):
            if number.removeprefix("maj") not in _SUSPENDED and number not in _SUSPENDED:
                return None
            kind, changes = "sus2" if match[1] == "2" else "sus4", _SUSPENDED[number]
        elif match := re.match(r"[,/]*(?:add)?([#+b\-]?)(13|11|9|6|5|4|2|7)", text):
            sign = {"+": "#", "-": "b"}.get(match[1], match[1])
            added = "add" in match[0] or match[0][0] in ",/"
            if not sign and not added:
                return None
            replaced = bool(sign) and "add" not in match[0] and match[2] in KINDS[kind]
            changes += (f"*{match[2]}",) * replaced + (sign + match[2],)
        elif match := re.match(r",*(?:no|omit)(3|5|7)", text):
            changes += (f"*{match[1]}",)
        elif match := re.match(r",*(\+|aug)$", text):
            changes += ("*5", "#5")
        else:
            return None
        text = text[match.end() :]
    return kind, changes
