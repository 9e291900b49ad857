"""Plain notes of MusicXML: the same content as by parsing, or none at all."""

import random
from xml.etree import ElementTree

import pytest

from pipeline.formats.readers.musicxml.note import NoteContent, content_of
from pipeline.formats.readers.musicxml.plain_notes import plain_note

PITCH = "<pitch><step>B</step><alter>-1</alter><octave>4</octave></pitch>"
TUPLET = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"
PLAIN = f"<note>{PITCH}<duration>2</duration><voice>1</voice><type>half</type></note>"
FULL = """<note>
        <chord/>
        <pitch>
          <step>F</step>
          <alter>1</alter>
          <octave>5</octave>
          </pitch>
        <duration>84</duration>
        <tie type="stop"/>
        <tie type="start"/>
        <voice>2</voice>
        <type>16th</type>
        <dot/>
        <accidental parentheses="yes">natural</accidental>
        <stem>up</stem>
        <staff>2</staff>
        <beam number="1">begin</beam>
        <beam number="2">forward hook</beam>
        <notations>
          <tied type="stop"/>
          <slur type="start" placement="above" number="1"/>
          <articulations>
            <staccato/>
            <breath-mark placement="above"/>
            </articulations>
          <tied type="start"/>
          </notations>
        <lyric number="2" default-y="-40.5">
          <syllabic>begin</syllabic>
          <text>Flö -</text>
          </lyric>
        <lyric>
          <text>al  le</text>
          <extend/>
          </lyric>
        </note>"""


def by_pattern(note: str | bytes) -> NoteContent | None:
    """The content by the pattern, which gets the text without the end tag."""
    text = note.encode() if isinstance(note, str) else note
    return plain_note(text.removesuffix(b"</note>"))


def values(note: NoteContent) -> dict[str, object]:
    """What is known without the elements; whether there is a pitch."""
    head, body = note.head._asdict(), note.body._asdict()
    change = body.pop("change")
    tuplet = None if change is None else (change.findtext("actual-notes"), change.findtext("normal-notes"))
    has_pitch = head.pop("pitch") is not None
    del body["element"]
    return {**head, **body, "lyric": note.lyric, "tuplet": tuplet, "has_pitch": has_pitch}


def with_part(old: str, new: str) -> str:
    assert old in FULL
    return FULL.replace(old, new, 1)


@pytest.mark.parametrize(
    "note",
    [
        PLAIN,
        FULL,
        PLAIN.replace("<alter>-1</alter>", ""),
        PLAIN.replace("<type>half</type>", ""),
        PLAIN.replace("<voice>1</voice>", ""),
        PLAIN.replace("</note>", '<notations><fermata type="upright" /></notations></note>'),
        FULL.replace("/>", " />"),
        with_part("<lyric>", '<lyric name="1" number="1">'),
        with_part("<stem>", '<stem default-y="20">'),
        PLAIN.replace("</note>", '<notations><tied type="let-ring"/></notations></note>'),
        PLAIN.replace("</note>", '<notations><tied type="continue"/></notations></note>'),
        PLAIN.replace("</note>", '<notations><arpeggiate number="1"/></notations></note>'),
        with_part("begin</syllabic>", "middle</syllabic>"),
        with_part("begin</syllabic>", "single</syllabic>"),
        with_part("al  le", ""),
        with_part('<lyric number="2"', '<lyric number="1"'),
        with_part("<voice>2", "<voice>02"),
        PLAIN.replace(PITCH, "<rest/>"),
        PLAIN.replace(PITCH, '<rest measure="yes"/>'),
        PLAIN.replace(PITCH, "<chord/><rest/>").replace("<type>half</type>", ""),
        PLAIN.replace("</note>", f"{TUPLET}</note>"),
        PLAIN.replace("</note>", '<dot placement="above"/><dot/></note>'),
        PLAIN.replace("<note>", '<note print-object="no">'),
        with_part("<slur", "<fermata"),
        with_part("<slur", '<slur bezier-x="-1"'),
        with_part("<slur", '<tuplet type="start" bracket="no"/><slur'),
        with_part("</notations>", '</notations><notations print-object="no"><fermata/></notations>'),
    ],
)
def test_a_plain_note_has_the_content_of_the_parsed_one(note: str) -> None:
    found = by_pattern(note)
    assert found is not None
    assert values(found) == values(content_of(ElementTree.fromstring(note)))


@pytest.mark.parametrize(
    "note",
    [
        PLAIN.replace(PITCH, "<rest><display-step>B</display-step></rest>"),
        PLAIN.replace(PITCH, "<unpitched/>"),
        PLAIN.replace("</note>", TUPLET.replace("3", "x") + "</note>"),
        with_part("<stem>", '<stem default-y="1" default-y="1">'),
        with_part("<slur", '<slur xmlns="a"'),
        PLAIN.replace("<note>", '<note color="1" color="1">'),
        PLAIN.replace("<note>", "<note><grace/>"),
        PLAIN.replace("<note>", "<note><cue/>"),
        PLAIN.replace("</note>", "<instrument id='a'/></note>"),
        PLAIN.replace("</note>", "<time-modification/></note>"),
        PLAIN.replace("</note>", "<notations><fermata>square</fermata></notations></note>"),
        with_part("<staccato/>", "<fermata/>"),
        PLAIN.replace("-1", "0.5"),
        PLAIN.replace("</note>", "<staff>17</staff></note>"),
        PLAIN.replace("</note>", "<staff>0</staff></note>"),
        PLAIN.replace(">2<", ">-2<"),
        PLAIN.replace("<duration>2</duration>", ""),
        PLAIN.replace("<voice>", "<voice>1</voice><voice>"),
        with_part('number="2"', 'number="12"'),
        with_part("al  le", "al&amp;le"),
        with_part("al  le", "al]]>le"),
        with_part("al  le", "al<le"),
        with_part("al  le", "al\x07le"),
        with_part("al  le", "al\ufffele"),
        with_part("        <tie", "    \f    <tie"),
        FULL.encode("latin-1"),
    ],
)
def test_any_other_note_is_not_plain(note: str | bytes) -> None:
    assert by_pattern(note) is None


def test_a_spoiled_note_that_is_plain_is_well_formed() -> None:
    chance = random.Random(28)
    n_plain = 0
    for _ in range(3000):
        spoiled = bytearray(FULL.encode())
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(spoiled) - len("</note>"))
            if chance.random() < 0.5:
                spoiled[place] = chance.choice(b'<>/ "&1ab\n\x00\xc3')
            else:
                del spoiled[place : place + chance.randint(1, 4)]
        found = by_pattern(bytes(spoiled))
        if found is not None:
            n_plain += 1
            assert values(found) == values(content_of(ElementTree.fromstring(bytes(spoiled))))
    assert n_plain > 100
