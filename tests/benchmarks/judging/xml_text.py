"""Elements that are removed from a MusicXML score before a reference reader performs it.

MuseScore plays grace notes in the time of the note that they ornament, shortens staccato
notes and plays trills and arpeggios. None of that is in question where two readers are
compared. Cue notes become rests, as they are read (MusicXML 4.0, "cue": silent notes).
"""

from __future__ import annotations

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

PERFORMED = (
    "articulations", "ornaments", "technical", "arpeggiate", "non-arpeggiate", "glissando", "slide",
    "fermata",
)  # fmt: skip
TYPES = ("breve", "whole", "half", "quarter", "eighth", "16th", "32nd", "64th", "128th")


def given_to_judges(content: bytes) -> bytes:
    """The same, or the score as it is where it is no XML."""
    try:
        return performed_plainly(content)
    except ElementTree.ParseError:
        return content


def performed_plainly(content: bytes) -> bytes:
    """The score without grace notes, signs that change how a note is played, and chord symbols."""
    root = ElementTree.fromstring(content)
    for measure in root.iter("measure"):
        _strip(measure)
        for part in measure.iterfind("part"):  # timewise
            _strip(part)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True))


def _strip(measure: Element) -> None:
    _cue_heads_last(measure)
    for child in list(measure):
        if child.tag == "harmony" or (child.tag == "note" and _takes_no_time(child)):
            measure.remove(child)
        elif child.tag == "note":
            _without_tremolo(child)
            _without_ornaments(child)
            if child.find("cue") is not None:
                _silence(child)


def _cue_heads_last(measure: Element) -> None:
    """A chord whose first note alone is silent begins with one that sounds, so that a chord remains."""
    for head, member in zip(measure.findall("note"), measure.findall("note")[1:], strict=False):
        chord = member.find("chord")
        if chord is None or head.find("chord") is not None or head.find("cue") is None:
            continue
        if member.find("cue") is None:
            member.remove(chord)
            head.insert(0, chord)


def _takes_no_time(note: Element) -> bool:
    """A grace note, or a silent member of a chord."""
    return note.find("grace") is not None or (note.find("cue") is not None and note.find("chord") is not None)


def _without_tremolo(note: Element) -> None:
    """A tremolo between two notes: each note is written with the length of both; it gets its own length."""
    change, kind = note.find("time-modification"), note.find("type")
    tremolo = note.find("notations/ornaments/tremolo")
    if change is None or kind is None or tremolo is None or tremolo.get("type") not in ("start", "stop"):
        return
    if (change.findtext("actual-notes"), change.findtext("normal-notes")) == ("2", "1"):
        note.remove(change)
        kind.text = TYPES[TYPES.index((kind.text or "").strip()) + 1]


def _without_ornaments(note: Element) -> None:
    for notations in note.iterfind("notations"):
        for sign in list(notations):
            if sign.tag in PERFORMED:
                notations.remove(sign)


def _silence(note: Element) -> None:
    for place, child in enumerate(list(note)):
        if child.tag in ("pitch", "unpitched"):
            note[place] = Element("rest")
