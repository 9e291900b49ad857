"""Where the fast readers and music21 differ over the bundled corpora, and why.

Both read a piece; where their notes differ, the text is rewritten without the
sign that music21 is known to misread, one fault after the other, until both
agree. What had to be rewritten is the cause: everything else in the piece is
thereby read alike. ``BY_HAND`` holds the pieces that no rewriting explains,
each looked at.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.core.music import Part, Piece
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadSettings, Source
from tests.helpers.reading import ESSEN, LIMITS, READ

FOLDERS = {  # corpus in params.yaml → folder in the music21 wheel, files
    "bach-chorales": ("bach", "*.mxl"),
    "essen": ("essenFolksong", "*.abc"),
    "oneills": ("oneills1850", "*.abc"),
    "ryans": ("ryansMammoth", "*.abc"),
    "airds": ("airdsAirs", "*.abc"),
}

_BAR = re.compile(r"^P:.*\n|(?P<sign>:*\|+[\]:|]*|\[\||::+)(?:\[?(?P<number>\d))?", re.MULTILINE)
_FIELDS = re.compile(r"(?:[ \t]*\n[A-Za-z]:.*)*\n?")

BY_HAND = {
    "bach/bwv130.6.mxl": "one part is longer than the others in the last bar: ours end together",
    "bach/bwv171.6.mxl": "music21 lets resting trumpets drift five quarters away from the voices",
    "ryansMammoth/CupOfTeaReel.abc": "a |: cut in two by the end of a line is no sign to music21",
    "ryansMammoth/LadyGardnersReel.abc": "played out, music21 refuses a [|] next to a repeat sign",
    "ryansMammoth/MorganRattlerJig.abc": "played out, music21 refuses a [|] next to a repeat sign",
    "airdsAirs/book4.abc#773": "played out, music21 loses the tied note at the end of a long bar",
}


class Unread(NamedTuple):
    """One bundled piece: its name, its source, and the corpus' reading parameters."""

    name: str
    source: Source
    settings: ReadSettings


def bundled_files() -> dict[str, tuple[ReadSettings, list[Path]]]:
    """The files of the five bundled corpora, and how each corpus is read."""
    from music21 import common

    wheel = Path(common.getCorpusFilePath())
    return {
        corpus: (
            ESSEN if corpus == "essen" else READ,
            sorted((wheel / folder).glob(pattern)),
        )
        for corpus, (folder, pattern) in FOLDERS.items()
    }


def bundled() -> Iterator[Unread]:
    """Every piece of the five bundled corpora, in order."""
    for corpus, (settings, paths) in bundled_files().items():
        folder = FOLDERS[corpus][0]
        for path in paths:
            for source in readers.split(path.name, path.read_bytes(), LIMITS):
                name = f"{folder}/{path.name}" + (f"#{source.name}" if source.name else "")
                yield Unread(name, source, settings)


def bundled_kern() -> Iterator[Unread]:
    """Every **kern piece of the wheel, read as the chorales are."""
    from music21 import common

    wheel = Path(common.getCorpusFilePath())
    for path in sorted(wheel.rglob("*.krn")):
        for source in readers.split(path.name, path.read_bytes(), LIMITS):
            name = path.relative_to(wheel).as_posix() + (f"#{source.name}" if source.name else "")
            yield Unread(name, source, READ)


def played(unread: Unread) -> Unread:
    """The same piece, its repeats to be played out."""
    return unread._replace(settings=unread.settings.model_copy(update={"repeats": "played"}))


def read(unread: Unread, reader: str) -> Piece | ReadError:
    """One piece by one reader; what music21 warns of is not the question here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            settings = unread.settings.model_copy(update={"reader": reader})
            return readers.read(unread.source, settings, LIMITS)
        except ReadError as error:
            return error


def alike(fast: Piece | ReadError, slow: Piece | ReadError) -> bool:
    """Whether all parts have the same notes, end and key."""
    if isinstance(fast, ReadError) or isinstance(slow, ReadError):
        return False
    return [_row(part) for part in fast.parts] == [_row(part) for part in slow.parts]


def _row(part: Part) -> tuple[Any, ...]:
    notes = part.onset.tolist(), part.duration.tolist(), part.pitch.tolist()
    return *notes, part.end, part.key_fifths, part.key_mode


def causes(unread: Unread, fast: Piece | ReadError) -> tuple[str, ...]:
    """Why the readers differ on a piece; ("unexplained",) where nothing known explains it."""
    if unread.name in BY_HAND:
        return (BY_HAND[unread.name],)
    if isinstance(fast, ReadError):
        return (f"refused by us: {fast.rule}",)
    faults = _faults(unread)
    text = unread.source.content.decode()
    needed: list[str] = []
    for name, rewrite in faults.items():
        rewritten = rewrite(text)
        if rewritten != text:
            text = rewritten
            needed.append(name)
            if _alike_when(unread, text):
                return _without_needless(unread, needed)
    return ("unexplained",)


def _faults(unread: Unread) -> dict[str, Callable[[str], str]]:
    """What music21 may have misread in a piece."""
    faults = {"abc": FAULTS, "kern": KERN_FAULTS}.get(unread.source.format, {})
    if unread.settings.repeats == "played" and unread.source.format == "abc":
        return PLAYED_FAULTS | faults
    return faults


def _without_needless(unread: Unread, needed: list[str]) -> tuple[str, ...]:
    """Leave out the rewritings that are not needed; the last one is."""
    for name in needed[:-1]:
        fewer = [other for other in needed if other != name]
        text = unread.source.content.decode()
        for other in fewer:
            text = _faults(unread)[other](text)
        if _alike_when(unread, text):
            needed = fewer
    return tuple(needed)


def _alike_when(unread: Unread, text: str) -> bool:
    rewritten = unread._replace(source=Source("", unread.source.format, text.encode()))
    return alike(read(rewritten, "auto"), read(rewritten, "music21"))


def _replace(pattern: str, replacement: str) -> Callable[[str], str]:
    """A rewriting of the lines of music alone."""
    compiled = re.compile(pattern)

    def rewrite(text: str) -> str:
        head, key, body = text.partition("\nK:")
        lines = (key + body).split("\n")
        return head + "\n".join(
            line if re.match(r"[A-Zmrsw+]:(?![|:])", line) else compiled.sub(replacement, line)
            for line in lines
        )

    return rewrite


def _plain_header(text: str) -> str:
    head, key, body = text.partition("\nK:")
    lines = [line for line in head.split("\n") if re.match(r"[A-Za-z]:|%", line)]
    return "\n".join(lines) + key + body


def _voice_by_voice(text: str) -> str:
    """All lines of a voice together: music21 takes each ``[V:1]`` for another part."""
    head, key, body = text.partition("\nK:")
    lines = body.split("\n")
    voices: dict[str, list[str]] = {}
    for line in lines[1:]:
        found = re.match(r"\s*\[V:(\d+)\](.*)", line)
        if found:
            voices.setdefault(found[1], []).append(found[2])
    if not voices:
        return text
    music = "\n".join(f"V:{voice}\n" + "\n".join(rows) for voice, rows in voices.items())
    return re.sub(r"\nV:.*", "", head) + f"{key}{lines[0]}\n{music}\n"


def _explicit_starts(text: str) -> str:
    """A ``|:`` at the beginning of each section that is repeated and has none."""
    head, key, body = re.sub("%.*", "", text).partition("\nK:")
    places: list[int] = []
    mark, opened, in_ending = 0, False, False
    for found in _BAR.finditer(body):
        sign, number = found["sign"] or "P:", found["number"]
        if sign.startswith(":") and not opened and mark:
            places.append(mark)
        if number:
            in_ending, opened = True, opened or sign.startswith(":")
        elif sign.startswith(":") or sign == "P:" or (sign != "|" and (in_ending or not opened)):
            mark, opened, in_ending = found.end(), sign.endswith(":") and sign != "P:", False
        else:
            opened = opened or sign.endswith(":")
    for mark in reversed(places):
        place = _FIELDS.match(body, mark).end()  # music21 forgets a |: before a field
        body = f"{body[:place]} |: {body[place:]}"
    return head + key + body


# what music21 10.5 misreads → a rewriting of the text without it
FAULTS: dict[str, Callable[[str], str]] = {
    "a note with a fermata (H) is dropped": _replace("H", ""),
    "the text of an ending is read as a chord": _replace(r'\["[^"]*"(?=\s)', ""),
    'an annotation before a note (">", fingering) drops it or its dot': _replace('"[^"]*"', ""),
    "a dot (> or <) next to a slur, a tie or a space is dropped": lambda text: _replace(
        r"(?<=[<>])[-(.~\suvT]+|[-).\s]+(?=[<>])", ""
    )(_replace(r"\((?!\d)|\)", "")(text)),
    "a decoration before an accidental or a note changes it": _replace(r"[uvTMPSk~.]|![^!\s]*!", ""),
    "a grace note counts in a tuplet, and splits a dotted pair": _replace(r"\{[^}]*\}", ""),
    "a tie or an accidental inside a chord is not kept": _replace(r"\[([_^=]*[a-gA-G][,']*)[^\]]*\]", r"\1"),
    "a tied note loses its accidental at the bar line": _replace("-", ""),
    "a note before :: is read as a field": _replace("::", ":| |:"),
    "a line of the header without a colon is read as music": _plain_header,
    "text of electronic mail (=20) is read as accidentals": lambda text: re.sub(
        r"=[ \t]*\n", "", text.replace("=20", " ").replace("=3D", "=")
    ),
    "voices that begin inside a line are run together": _voice_by_voice,
    "a chord of old files (+ceg+) is read as a row of notes": _replace(r"\+([a-gA-G]\d*)[^+]*\+", r"\1"),
    "an invisible rest (x) or a rest of bars (Z) takes no time": _replace("[xX]|Z", "z"),
    "a field inside a line is lost": _replace(r"\[([LMK]:[^\]]*)\]", r"\n\1\n"),
    "the length of a note is misread (3//, or two dots in a row)": _replace(r"//|[<>]", ""),
}

# what music21 10.5 plays otherwise
PLAYED_FAULTS: dict[str, Callable[[str], str]] = {
    "a section without |: is played from the very beginning": _explicit_starts,
    "a |: that no :| closes is refused": lambda text: re.sub(r"\|:(?!.*:[|:])", "|", text, flags=re.DOTALL),
    "the order of parts (P:) is passed over": lambda text: re.sub(r"^P:.*\n", "", text, flags=re.MULTILINE),
}

# what music21 10.5 misreads in **kern
KERN_FAULTS: dict[str, Callable[[str], str]] = {
    "the name of a key is a second signature": lambda text: re.sub(
        r"(?<![^\t\n])\*[a-gA-G][#-]?:[a-z]*(?![^\t\n])", "*", text
    ),
}
