"""Known differences of the reference readers of MusicXML: rewritings as in :mod:`abc_known`.

They work on the text of a partwise score; a score that is no XML is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from tests.benchmarks.judging.xml_bars import (
    empty_bar,
    fill_bars,
    fill_staves,
    sign_lengths,
    signs_in_all_parts,
)

Rewrite = Callable[[str], str]


def _on_score(change: Callable[[Element], None]) -> Rewrite:
    """A rewriting of the whole score."""

    def rewrite(text: str) -> str:
        try:
            root = ElementTree.fromstring(text.encode())
        except ElementTree.ParseError:
            return text
        before = ElementTree.tostring(root)
        change(root)
        after = ElementTree.tostring(root)
        return after.decode() if after != before else text

    return rewrite


def _on_parts(change: Callable[[list[Element]], None]) -> Rewrite:
    """A rewriting of the measures of each part."""

    def change_all(root: Element) -> None:
        for part in root.iterfind("part"):
            change(part.findall("measure"))

    return _on_score(change_all)


def _barline(measure: Element, side: str) -> Element:
    for barline in measure.iterfind("barline"):
        if barline.get("location", "right") == side:
            return barline
    barline = Element("barline", location=side)
    measure.insert(0 if side == "left" else len(measure), barline)
    return barline


def _closes(measure: Element) -> bool:
    return any(sign.get("direction") == "backward" for sign in measure.iterfind("barline/repeat"))


def _opens(measure: Element) -> bool:
    return any(sign.get("direction") == "forward" for sign in measure.iterfind("barline/repeat"))


def _endings(measure: Element, *kinds: str) -> Iterator[tuple[Element, Element]]:
    for barline in measure.iterfind("barline"):
        for ending in barline.iterfind("ending"):
            if ending.get("type") in kinds:
                yield barline, ending


def _brackets_to_the_repeat(measures: list[Element]) -> None:
    """A first ending whose bracket stops early reaches to the bar with its backward repeat."""
    for place, measure in enumerate(measures):
        for barline, ending in list(_endings(measure, "stop", "discontinue")):
            if _closes(measure):
                continue
            for later in measures[place + 1 :]:
                if any(_endings(later, "start")) or _opens(later):
                    break
                if _closes(later):
                    barline.remove(ending)
                    _barline(later, "right").append(ending)
                    break


def _explicit_starts(measures: list[Element]) -> None:
    """A forward repeat after each backward repeat whose section has none."""
    begins, opened = 0, False
    for place, measure in enumerate(measures):
        opened = opened or _opens(measure)
        if _closes(measure):
            if not opened and begins:
                _barline(measures[begins], "left").append(Element("repeat", direction="forward"))
            begins, opened = place + 1, False
        elif any(_endings(measure, "stop", "discontinue")):
            begins, opened = place + 1, False


def _ties_apart(measures: list[Element]) -> None:
    """No tie leads over a bar line that has a sign, or to a jump."""
    for measure, following in zip(measures, measures[1:] + measures[:1], strict=True):
        if _has_sign(measure) or _has_sign(following):
            _cut_ties(measure, "start")
            _cut_ties(following, "stop")


def _has_sign(measure: Element) -> bool:
    signs = (
        "barline/repeat",
        "barline/ending",
        "direction/direction-type/coda",
        "direction/direction-type/segno",
    )
    return any(measure.find(sign) is not None for sign in signs) or any(
        word in (words.text or "").lower()
        for words in measure.iterfind("direction/direction-type/words")
        for word in ("d.c", "d.s", "fine", "coda")
    )


def _cut_ties(measure: Element, kind: str) -> None:
    for note in measure.iterfind("note"):
        for parent in (note, *note.iterfind("notations")):
            for tie in [tie for tie in parent if tie.tag in ("tie", "tied") and tie.get("type") == kind]:
                parent.remove(tie)


def _without_ties(measures: list[Element]) -> None:
    for measure in measures:
        _cut_ties(measure, "start")
        _cut_ties(measure, "stop")


def _without_jumps_in_words(measures: list[Element]) -> None:
    """No D.C., D.S., Fine, segno or coda that words or symbols alone print."""
    for measure in measures:
        for direction in measure.findall("direction"):
            words = "".join(text.text or "" for text in direction.iter("words")).lower()
            has_symbol = any(
                direction.find(f"direction-type/{name}") is not None for name in ("segno", "coda")
            )
            if has_symbol or any(word in words for word in ("d.c", "d.s", "fine", "coda", "segno")):
                measure.remove(direction)


def _without_open_endings(measures: list[Element]) -> None:
    """No ending that no backward repeat closes, and no backward repeat that closes the last ending."""
    for place, measure in enumerate(measures):
        for barline, ending in list(_endings(measure, "start")):
            if not any(_closes(other) for other in _group(measures, place)):
                barline.remove(ending)
                _remove_stops(_group(measures, place))
        following = measures[place + 1 : place + 2]
        if any(_endings(measure, "stop", "discontinue")) and not any(
            any(_endings(other, "start")) for other in following
        ):
            _reopen(measure)


def _group(measures: list[Element], place: int) -> list[Element]:
    """The bars from where an ending begins to where brackets follow it no longer."""
    group = []
    for measure in measures[place:]:
        group.append(measure)
        if any(_endings(measure, "stop", "discontinue")):
            break
    return group


def _without_octave_lines(measures: list[Element]) -> None:
    for measure in measures:
        for direction in measure.findall("direction"):
            if direction.find("direction-type/octave-shift") is not None:
                measure.remove(direction)


def _reopen(measure: Element) -> None:
    for barline in measure.iterfind("barline"):
        for sign in barline.findall("repeat"):
            if sign.get("direction") == "backward":
                barline.remove(sign)


def _duplets_dotted(measures: list[Element]) -> None:
    """Two notes in the time of three: a dot instead."""
    for note in (note for measure in measures for note in measure.iterfind("note")):
        change, kind = note.find("time-modification"), note.find("type")
        if change is None or kind is None:
            continue
        if (change.findtext("actual-notes"), change.findtext("normal-notes")) == ("2", "3"):
            note.remove(change)
            note.insert(list(note).index(kind) + 1, Element("dot"))
            for notations in note.iterfind("notations"):
                for tuplet in notations.findall("tuplet"):
                    notations.remove(tuplet)


def _has_nested_tuplet(measure: Element) -> bool:
    return any(tuplet.get("number", "1") != "1" for tuplet in measure.iterfind("note/notations/tuplet"))


def _remove_stops(group: list[Element]) -> None:
    for measure in group:
        for barline, ending in list(_endings(measure, "stop", "discontinue")):
            barline.remove(ending)


def _without_nested_tuplets(measures: list[Element]) -> None:
    """A bar that holds a tuplet inside a tuplet is a rest; no tie leads over its bar lines."""
    for place, measure in enumerate(measures):
        if _has_nested_tuplet(measure):
            for other in measures[max(0, place - 1) : place + 2]:
                _cut_ties(other, "start")
                _cut_ties(other, "stop")
            empty_bar(measure)


MUSESCORE_EQUIVALENT: dict[str, Rewrite] = {
    "an ending whose bracket stops before its repeat sign: the bars after the bracket are played again": (
        _on_parts(_brackets_to_the_repeat)
    ),
    "a section without forward repeat is played from an earlier one": _on_parts(_explicit_starts),
}
MUSESCORE_SIMPLER: dict[str, Rewrite] = {
    "a note tied over a repeat sign or a jump sounds on into the bar that is played next": (
        _on_parts(_ties_apart)
    ),
    "a tie to a note that it does not touch lengthens the note": _on_parts(_without_ties),
}
SIGNS_IN_ONE_PART = "repeats and endings that one part has are not played in the others"
UNEQUAL_BARS = (
    "a part that leaves a bar short, or has rests of another type than their time, "
    "drifts away from the others"
)
OCTAVE_LINE = "an octave line is added to <pitch>; MusicXML: <pitch> is what sounds"
UNEQUAL_STAVES = "a staff that leaves a bar short drifts away from the others"
SHORT_BARS = "a bar of another length than its time signature, or than that of another part, takes other time"
DUPLETS = "a duplet without bracket is not taken in its written duration"
VEROVIO_EQUIVALENT = MUSESCORE_EQUIVALENT | {
    SIGNS_IN_ONE_PART: _on_score(signs_in_all_parts),
    UNEQUAL_BARS: _on_score(fill_bars),
    DUPLETS: _on_parts(_duplets_dotted),
    SHORT_BARS: _on_score(sign_lengths),
    OCTAVE_LINE: _on_parts(_without_octave_lines),
}
VEROVIO_SIMPLER: dict[str, Rewrite] = {
    "jumps that words or symbols alone print are not played": _on_parts(_without_jumps_in_words),
    "endings that no repeat sign closes, or a last ending that one closes, are played otherwise": (
        _on_parts(_without_open_endings)
    ),
    "a note tied over a repeat sign or a jump": _on_parts(_ties_apart),
    "ties are joined otherwise; music21 joins them as our reader does": _on_parts(_without_ties),
    "a tuplet inside a tuplet is not taken in its written duration": _on_parts(_without_nested_tuplets),
}
MUSIC21_EQUIVALENT: dict[str, Rewrite] = MUSESCORE_EQUIVALENT | {
    SIGNS_IN_ONE_PART: _on_score(signs_in_all_parts),
    UNEQUAL_BARS: _on_score(fill_bars),
    UNEQUAL_STAVES: _on_score(fill_staves),
    SHORT_BARS: _on_score(sign_lengths),
}
MUSIC21_SIMPLER: dict[str, Rewrite] = {
    "jumps that words or symbols alone print are played otherwise": _on_parts(_without_jumps_in_words),
}
