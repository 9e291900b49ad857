"""MusicXML, plain or compressed, partwise or timewise.

Source: MusicXML 4.0 (w3.org/2021/06/musicxml40). A part of ours is one staff
with the notes of all its voices. Grace notes are counted, cue notes are rests. Bars
are as long as the fullest part fills them, so that parts stay together where one
leaves a bar short.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from pipeline.core.music import Piece
from pipeline.formats.readers.base.barlines import BarLine, Kind
from pipeline.formats.readers.base.limits import ReadLimits, too_many
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError, Source
from pipeline.formats.readers.base.staff import Staff, Ticks, Written
from pipeline.formats.readers.base.unfold import play_out
from pipeline.formats.readers.musicxml.mxl import unpack
from pipeline.formats.readers.musicxml.part import Measure, PartReader

_ROOT = re.compile(rb"<(?:\w+:)?score-(?:part|time)wise\b")
_FILE_NAME = re.compile(r"\.(mxl|xml|musicxml)$", re.IGNORECASE)
_NO_TITLE = re.compile(r"©|\(c\)|copyright|www\.|https?:|^PDF\b", re.IGNORECASE)


def matches(content: bytes) -> bool:
    """Whether a file is a zip archive, or XML with a score as its root."""
    return content[:4] == b"PK\x03\x04" or _ROOT.search(content[:65536].replace(b"\0", b"")) is not None


def unpack_score(content: bytes, limits: ReadLimits | None = None) -> list[Source]:
    """The one piece of a file, unpacked within limits, or trusted without any."""
    return [Source("", "musicxml", unpack(content, limits) if content[:2] == b"PK" else content)]


def read_score(content: bytes, played: bool = False, max_depth: int | None = None) -> Piece:
    """Read one score.

    Args:
        content: its XML.
        played: with its repeats played out; else as written.
        max_depth: how many elements may stand inside one another; None for any number.

    Raises:
        ReadError: XML that is broken or declares entities, percussion, a note
            that has no meaning, or no note at all.
    """
    root = parse(content, max_depth)
    names = {part.get("id", ""): _text(part, "part-name") for part in root.iterfind("part-list/score-part")}
    parts = [(names.get(identifier, ""), _measures(identifier, bars)) for identifier, bars in _parts(root)]
    begins = _bar_begins([measures for _, (_, measures) in parts])
    staves = [
        staff for name, (n_staves, measures) in parts for staff in _staves(name, n_staves, measures, begins)
    ]
    if played:
        signs = [sign for _, (_, measures) in parts for sign in _signs(measures, begins)]
        staves = play_out(staves, signs)
    if not any(staff.notes for staff in staves):
        raise ReadError("no_notes", "the score holds no note")
    return Piece(_title(root), _composer(root), tuple(staff.part() for staff in staves))


def parse(content: bytes, max_depth: int | None = None) -> Element:
    """The root of a score that holds nothing hostile to an XML reader.

    Raises:
        ReadError: ``unreadable``, ``entities`` or ``too_deep``.
    """
    if b"<!ENTITY" in content.replace(b"\0", b""):  # the zeros are those of UTF-16
        raise ReadError("entities", "the document declares entities of its own, which no score needs")
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise ReadError("unreadable", f"broken XML: {error}") from None
    if max_depth is not None:
        _check_depth(root, max_depth)
    for element in root.iter() if "}" in root.tag else ():
        element.tag = element.tag.rpartition("}")[2]
    if root.tag not in ("score-partwise", "score-timewise"):
        raise ReadError("unreadable", f"the root is <{root.tag}>; a score begins with <score-partwise>")
    return root


def _check_depth(root: Element, max_depth: int) -> None:
    level, depth = [root], 1
    while level := [child for element in level for child in element]:
        depth += 1
        if depth > max_depth:
            raise too_many("too_deep", "elements and more inside one another", depth, max_depth)


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


def _measures(identifier: str, elements: Sequence[Element]) -> tuple[int, list[Measure]]:
    """The measures of a part, and its number of staves."""
    reader = PartReader()
    measures = []
    for number, element in enumerate(elements, start=1):
        try:
            measures.append(reader.measure(element))
        except ReadError as error:
            where = f"part {identifier}, measure {element.get('number', number)}"
            raise ReadError(error.rule, f"{where}: {error}") from None
    return reader.n_staves, measures


def _bar_begins(parts: Sequence[Sequence[Measure]]) -> list[Ticks]:
    """Where each measure begins: after the fullest part, or a whole bar where all are empty.

    A part that rests does not count beside others that sound: an upbeat is often
    given a rest of a whole bar there.
    """
    begins: list[Ticks] = [0]
    for place in range(max(map(len, parts), default=0)):
        there = [measures[place] for measures in parts if place < len(measures)]
        sounding = [measure for measure in there if any(measure.notes.values())]
        filled = max(measure.filled for measure in sounding or there)
        begins.append(begins[-1] + (filled or max(measure.bar_length for measure in there)))
    return begins


def _staves(
    name: str, n_staves: int, measures: Sequence[Measure], begins: Sequence[Ticks]
) -> Iterator[Staff]:
    """The staves of a part, its measures put in their places."""
    for number in range(1, n_staves + 1):
        staff = Staff(name=name, end=begins[len(measures)], lines=[])
        for measure, begin in zip(measures, begins, strict=False):
            kind: Kind = "plain" if measure.plain else "sign"
            if staff.lines is not None:
                staff.lines.append(BarLine(int(begin), kind))
            notes = measure.notes.get(number, ())
            staff.notes += [Written(begin + note.onset, *note[1:]) for note in notes]
            staff.n_grace += measure.n_grace.get(number, 0)
            staff.keys += [key._replace(onset=begin + key.onset) for key in measure.keys.get(number, ())]
            staff.meters += [meter.at(int(begin)) for meter in measure.meters.get(number, ())]
        yield staff


def _signs(measures: Sequence[Measure], begins: Sequence[Ticks]) -> Iterator[Sign]:
    """The repeat signs of a part in their places."""
    for measure, begin, end in zip(measures, begins, begins[1:], strict=False):
        yield from (sign._replace(onset=begin + sign.onset) for sign in measure.signs)
        yield from (sign._replace(onset=end) for sign in measure.closing)


def _title(root: Element) -> str:
    """The work's or the movement's title; where it is a file's name, what the page says."""
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
