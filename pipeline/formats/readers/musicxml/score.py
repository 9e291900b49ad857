"""MusicXML, plain or compressed, partwise or timewise.

Source: MusicXML 4.0 (w3.org/2021/06/musicxml40). A part of ours is one staff
with the notes of all its voices. Grace notes are counted, cue notes are rests.
Percussion, and parts that hold what no MIDI number or no time names, are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from xml.etree.ElementTree import Element

from pipeline.core.music import Piece
from pipeline.formats.readers.base.limits import ReadLimits, too_many
from pipeline.formats.readers.base.parts import readable_parts
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.staff import Staff, Ticks
from pipeline.formats.readers.base.tempo import tempo_at
from pipeline.formats.readers.base.unfold import play_out
from pipeline.formats.readers.musicxml.bars import ReadPart, bar_begins, join_ties, repeat_signs, staves
from pipeline.formats.readers.musicxml.mxl import is_score, parse_xml, unpack
from pipeline.formats.readers.musicxml.note import NoteContent
from pipeline.formats.readers.musicxml.part import PartReader
from pipeline.formats.readers.musicxml.plain_notes import LEVELS
from pipeline.formats.readers.musicxml.shared_notes import parse_apart
from pipeline.formats.readers.musicxml.signs import marked_signs
from pipeline.formats.readers.musicxml.values import percussion_of

ROOTS = ("score-partwise", "score-timewise")
LEVELS_ABOVE_NOTES = 3  # score, part and measure
_FILE_NAME = re.compile(r"\.(mxl|xml|musicxml)$", re.IGNORECASE)
_NO_TITLE = re.compile(r"©|\(c\)|copyright|www\.|https?:|^PDF\b", re.IGNORECASE)


def matches(content: bytes) -> bool:
    """Whether a file is a zip archive, or XML with a score as its root."""
    return content[:4] == b"PK\x03\x04" or is_score(content)


def unpack_scores(content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """The pieces of a file, unpacked within limits, or trusted without any."""
    scores = unpack(content, limits) if content[:2] == b"PK" else [("", content)]
    return [Source(name, "musicxml", score) for name, score in scores]


def read_score(content: bytes, played: bool = False, max_depth: int | None = None) -> Piece:
    """Read one score.

    Args:
        content: its XML.
        played: with its repeats played out; else as written.
        max_depth: maximum nesting depth of elements; None for no limit.

    Raises:
        ReadError: XML that is broken or declares entities, or no part that can be read.
    """
    root, runs = _parse_apart(content, max_depth)
    parts = list(_read_parts(root, runs))
    measures = [part.measures for part in parts]
    begins = bar_begins(measures)
    grouped = [staves(part, begins) for part in parts]
    if played:
        signs = [sign for part in parts for sign in repeat_signs(part.measures, begins)]
        jumps, n_ignored = marked_signs(measures, begins)
        every = [staff for group in grouped for staff in group]
        flat = iter(play_out(every, signs + jumps, n_ignored=n_ignored))
        grouped = [[next(flat) for _ in group] for group in grouped]
    for group in grouped:
        join_ties([staff for staff in group if not staff.fault])
    return _piece(root, parts, [staff for group in grouped for staff in group], begins)


def _piece(
    root: Element, parts: Sequence[ReadPart], found: Sequence[Staff], begins: Sequence[Ticks]
) -> Piece:
    """The parts that can be read.

    Raises:
        ReadError: none can, by the first error met.
    """
    if not any(staff.notes for staff in found if not staff.fault):
        errors = [error for part in parts for error in part.errors()]
        if errors:
            raise errors[0]
        if not any(staff.fault for staff in found):
            raise ReadError("no_notes", "the score holds no note")
    readable, left_out = readable_parts(found)
    return Piece(
        _title(root), _composer(root), readable, left_out=left_out, tempo_qpm=_tempo(parts, begins, found)
    )


def _tempo(parts: Sequence[ReadPart], begins: Sequence[Ticks], found: Sequence[Staff]) -> Fraction | None:
    """The tempo when the first note starts."""
    tempi = [
        (begin + onset, tempo)
        for part in parts
        for measure, begin in zip(part.measures, begins, strict=False)
        for onset, tempo in measure.tempi
    ]
    return tempo_at(min(note.onset for staff in found for note in staff.notes), tempi) if tempi else None


def _read_parts(root: Element, runs: Mapping[str, Sequence[NoteContent]]) -> Iterator[ReadPart]:
    """The parts in the order of the score; one that cannot be read has its error."""
    entries = [part for parts in root.findall("part-list") for part in parts.findall("score-part")]
    listed = {part.get("id", ""): part for part in entries}
    for identifier, elements in _parts(root):
        entry = listed.get(identifier, Element("score-part"))
        reader = PartReader(percussion_of(entry), runs)
        part = ReadPart(_text(entry, "part-name"), identifier, reader)
        try:
            part.measures = part.reader.measures(elements)
        except ReadError as error:
            part.error = error
        yield part


def parse(content: bytes, max_depth: int | None = None) -> Element:
    """The root of a score that holds nothing hostile to an XML reader.

    Raises:
        ReadError: ``unreadable``, ``entities`` or ``too_deep``.
    """
    root = parse_xml(content)
    if max_depth is not None and _is_deeper([root], max_depth):
        raise too_many("too_deep", "elements and more inside one another", max_depth + 1, max_depth)
    for element in root.iter() if "}" in root.tag else ():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag not in ROOTS:
        raise ReadError("unreadable", f"the root is <{root.tag}>; a score begins with <score-partwise>")
    return root


def _parse_apart(content: bytes, max_depth: int | None) -> tuple[Element, dict[str, list[NoteContent]]]:
    """The root of a score, and the notes that :mod:`shared_notes` takes out of it.

    Raises:
        ReadError: as :func:`parse`.
    """
    apart = parse_apart(content)
    if apart is None or apart.root.tag not in ROOTS:
        return parse(content, max_depth), {}
    if max_depth is not None and (
        _is_deeper([apart.root], max_depth)
        or (apart.has_plain and max_depth < LEVELS_ABOVE_NOTES + LEVELS)
        or _is_deeper(apart.parsed, max_depth - LEVELS_ABOVE_NOTES)
    ):
        return parse(content, max_depth), {}
    return apart.root, apart.runs


def _is_deeper(elements: Iterable[Element], most: int) -> bool:
    """Whether elements with what is inside them have more than so many levels."""
    level, depth = [element for element in elements if len(element)], 1
    while level:
        level = [child for element in level for child in element if len(child)]
        depth += 1
        if depth > most:
            return True
    return False


def _parts(root: Element) -> Iterator[tuple[str, list[Element]]]:
    """Identifier and measures of each part, in the order of the score."""
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            yield part.get("id", ""), part.findall("measure")
        return
    by_part: dict[str, list[Element]] = {}
    for measure in root.iterfind("measure"):
        for part in measure.iterfind("part"):
            part.attrib.update({name: value for name, value in measure.attrib.items() if name != "id"})
            by_part.setdefault(part.get("id", ""), []).append(part)
    yield from by_part.items()


def _title(root: Element) -> str:
    """The title of the work or movement; if it is a file name, the printed title."""
    credits = [credit for credit in root.iterfind("credit") if credit.get("page", "1") == "1"]
    on_page = [_text(credit, "credit-words") for credit in credits if _text(credit, "credit-type") == "title"]
    on_page += [_text(credit, "credit-words") for credit in credits]
    titles = [_text(root, "movement-title"), _text(root, "work/work-title")]
    titles = [title for title in titles if not _FILE_NAME.search(title)]
    return next((title for title in titles + on_page if title and not _NO_TITLE.search(title)), "")


def _composer(root: Element) -> str:
    creators = root.findall("identification/creator")
    return next((_clean(item.text) for item in creators if item.get("type") == "composer"), "")


def _text(element: Element, path: str) -> str:
    return _clean(element.findtext(path))


def _clean(text: str | None) -> str:
    return " ".join((text or "").split())
