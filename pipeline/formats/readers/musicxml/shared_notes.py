"""Notes with the same text, parsed once.

Most of a score are notes, and half of them have the same text as another one. Each ``<note>`` is cut
out of the document, and an empty element takes the place of each run: notes with nothing but white space
between them. Texts of :mod:`plain_notes` are matched; the others are parsed together, each once.

If every such element is found again where notes are, each run was cut out between two tags of the
document (not out of a comment, for example), and the result is the same as that of parsing the
document. Any other document is parsed as a whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pipeline.formats.readers.musicxml.note import NoteContent, content_of
from pipeline.formats.readers.musicxml.plain_notes import plain_note

# In UTF-8, and without declarations that change what elements contain: nothing before the root but the
# version, the encoding, a DOCTYPE that declares nothing itself, and comments
_PROLOG = re.compile(
    rb"(?:\xef\xbb\xbf)?"
    rb"""(?:<\?xml\s+version=["']1\.0["'](?:\s+encoding=["']utf-8["'])?(?:\s+standalone=["'](?:yes|no)["'])?\s*\?>)?"""
    rb"""(?:\s|<!--[^<>]*-->|<!DOCTYPE\s+[\w-]+(?:\s+(?:PUBLIC|SYSTEM)(?:\s+"[^"<>]*"|\s+'[^'<>]*')*)?\s*>)*"""
    rb"<score-(?:part|time)wise[\s>]",
    re.IGNORECASE,
)
# where a note is printed matters to no reader, and would make most texts different
_NOTE = re.compile(rb"""<note(?:((?: default-x="[-.\d]*")?(?: default-y="[-.\d]*")?>)|[\s/>])""")
_LENGTH = len(b"<note")
_TAG = b"<note>"


class Apart(NamedTuple):
    """A score without its notes, and the contents of the notes.

    Attributes:
        root: an empty element with a tag of its own takes the place of each run of notes.
        runs: the notes of each run by that tag.
        has_plain: whether any note is plain.
        parsed: the notes that are not, each different one once.
    """

    root: Element
    runs: dict[str, list[NoteContent]]
    has_plain: bool
    parsed: list[Element]


def parse_apart(content: bytes) -> Apart | None:
    """Parse a score and its notes; None if the document must be parsed as a whole."""
    cut = _cut(content) if _PROLOG.match(content) else None
    if cut is None:
        return None
    plain = [plain_note(text) for text in cut.texts]
    odd = [_whole(text) for text, note in zip(cut.texts, plain, strict=True) if note is None]
    together = b"<all>%b</all>" % b"".join(odd)
    if cut.skeleton.count(b"<note.") != len(cut.runs) or _has(together, b"!") or _has(together, b"?"):
        return None
    try:
        root = ElementTree.fromstring(cut.skeleton)
        parsed = ElementTree.fromstring(together).findall("note")
    except (ElementTree.ParseError, LookupError, ValueError):
        return None
    if len(parsed) != len(odd):
        return None
    others = map(content_of, parsed)
    notes = [next(others) if note is None else note for note in plain]
    runs = {f"note.{number}": [notes[place] for place in run] for number, run in enumerate(cut.runs)}
    n_found = sum([child.tag in runs for part in root for measure in part for child in measure])
    return Apart(root, runs, len(odd) < len(notes), parsed) if n_found == len(runs) else None


class _Cut(NamedTuple):
    """A document without its notes.

    Attributes:
        texts: the different texts of notes up to ``</note>``, and without ``<note>`` unless that has
            attributes other than the place on the page.
        runs: the places of the notes of each run among the texts.
    """

    skeleton: bytes
    texts: list[bytes]
    runs: list[list[int]]


def _cut(content: bytes) -> _Cut | None:
    """Cut all notes out; None if there are none, or if one is not like the others."""
    pieces: list[bytes] = []
    places: dict[bytes, int] = {}
    blanks: set[bytes] = set()
    runs: list[list[int]] = []
    run: list[int] = []
    *before, last = content.split(b"</note>")
    for piece in before:
        between, tag, text = piece.partition(_TAG)
        if not tag:
            divided = _divided(piece)
            if divided is None:
                return None
            between, text = divided
        place = places.get(text)
        if place is None:
            if tag and b"<note" in text and _NOTE.search(text):
                return None
            place = places[text] = len(places)
        if between in blanks:
            run.append(place)
            continue
        if run and not between.strip(b" \t\r\n"):
            blanks.add(between)
            run.append(place)
            continue
        pieces += (between, b"<note.%d/>" % len(runs))
        run = [place]
        runs.append(run)
    return _Cut(b"".join((*pieces, last)), list(places), runs) if runs else None


def _divided(piece: bytes) -> tuple[bytes, bytes] | None:
    """What is before a note whose tag has attributes, and its text; None if there is no such note."""
    match = _NOTE.search(piece)
    if match is None:
        return None
    begin, is_printed = match.start(), match[1] is not None
    text = piece[match.end() if is_printed else begin :]
    if b"<note" in text and _NOTE.search(text, 0 if is_printed else _LENGTH):
        return None
    return piece[:begin], text


def _whole(text: bytes) -> bytes:
    """A note from its text."""
    return (text if _NOTE.match(text) else _TAG + text) + b"</note>"


def _has(text: bytes, sign: bytes) -> bool:
    """Whether a tag begins with a sign: that of a comment or of a processing instruction."""
    return sign in text and b"<" + sign in text
