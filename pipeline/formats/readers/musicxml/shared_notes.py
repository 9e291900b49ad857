"""Notes with the same text, parsed once.

Most of a score are notes, and half of them have the same text as another one. Each ``<note>`` is cut
out of the document, and an empty element whose tag numbers the text takes its place. Texts of
:mod:`plain_notes` are matched; the others are parsed together, each once.

If every such element is found again where notes are, each text was cut out between two tags of the
document (not out of a comment, for example), and the result is the same as that of parsing the
document. Any other document is parsed as a whole.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pipeline.formats.readers.musicxml.note import NoteContent
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
_NOTE = re.compile(rb"<note[\s/>]")
# where a note is printed matters to no reader, and would make most texts different
_PRINTED = re.compile(rb"""<note(?: default-x="[-.\d]*")?(?: default-y="[-.\d]*")?>""")
_LENGTH = len(b"<note")


class Apart(NamedTuple):
    """A score without the contents of its notes, and each different note.

    Attributes:
        root: every ``<note>`` is an empty element with a tag of its own.
        plain: the contents of the plain notes by that tag.
        parsed: the other notes by that tag.
    """

    root: Element
    plain: dict[str, NoteContent]
    parsed: dict[str, Element]


def parse_apart(content: bytes) -> Apart | None:
    """Parse a score and its notes; None if the document must be parsed as a whole."""
    cut = _cut(content) if _PROLOG.match(content) else None
    if cut is None:
        return None
    pieces, all_texts = cut
    contents = [plain_note(text) for text in all_texts]
    plain = {f"note.{number}": note for number, note in enumerate(contents) if note is not None}
    numbers = [number for number, note in enumerate(contents) if note is None]
    texts = [all_texts[number] + b"</note>" for number in numbers]
    n_cut = len(pieces) // 2
    skeleton, together = b"".join(pieces), b"<all>%b</all>" % b"".join(texts)
    if skeleton.count(b"<note.") != n_cut or _has(together, b"!") or _has(together, b"?"):
        return None
    try:
        root, notes = ElementTree.fromstring(skeleton), ElementTree.fromstring(together)
        found = notes.findall("note")
    except (ElementTree.ParseError, LookupError, ValueError):
        return None
    if len(found) != len(texts):
        return None
    parsed = {f"note.{number}": note for number, note in zip(numbers, found, strict=True)}
    tags = {f"note.{number}" for number in range(len(all_texts))}
    n_found = sum([child.tag in tags for part in root for measure in part for child in measure])
    return Apart(root, plain, parsed) if n_found == n_cut else None


def _cut(content: bytes) -> tuple[list[bytes], list[bytes]] | None:
    """What is between notes, with the element for each note after it, and the different texts of notes.

    Texts end before ``</note>``, and lack the place on the page. None if there are no notes, or if one
    is not like the others.
    """
    pieces: list[bytes] = []
    found: dict[bytes, bytes] = {}
    *before, last = content.split(b"</note>")
    for piece in before:
        begin = piece.find(b"<note")
        if piece[begin + _LENGTH : begin + _LENGTH + 1] == b">" and begin >= 0:
            text = piece[begin:]
        else:
            match = _NOTE.search(piece)
            if match is None:
                return None
            begin = match.start()
            printed = _PRINTED.match(piece, begin)
            text = piece[begin:] if printed is None else b"<note>" + piece[printed.end() :]
        element = found.get(text)
        if element is None:
            if text.find(b"<note", _LENGTH) >= 0 and _NOTE.search(text, _LENGTH):
                return None
            element = found[text] = b"<note.%d/>" % len(found)
        pieces += (piece[:begin], element)
    pieces.append(last)
    return (pieces, list(found)) if found else None


def _has(text: bytes, sign: bytes) -> bool:
    """Whether a tag begins with a sign: that of a comment or of a processing instruction."""
    return sign in text and b"<" + sign in text
