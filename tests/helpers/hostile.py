"""Malformed score files of every format, each with the rule that must refuse it.

Built here and never stored: some of them unpack to gigabytes. "read" means
files that look bad and are none.
"""

from __future__ import annotations

import io
import json
import random
import zipfile
from collections.abc import Iterator
from itertools import starmap
from typing import NamedTuple

from tests.helpers.hostile_kern import kern_files

READ = "read"
NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"
CONTAINER = '<container><rootfiles><rootfile full-path="{}"/></rootfiles></container>'


class Hostile(NamedTuple):
    """A file, and what reading it must come to: a rule of ``ReadError``, or READ."""

    name: str
    content: bytes
    rule: str


def hostile_files() -> Iterator[Hostile]:
    """All of them."""
    yield from _of_no_format()
    yield from _musicxml()
    yield from _compressed()
    yield from _abc()
    yield from _midi()
    yield from _text_and_json()
    yield from starmap(Hostile, kern_files())
    yield from _beyond_limits()


def _of_no_format() -> Iterator[Hostile]:
    noise = random.Random(1).randbytes(4096)
    yield Hostile("empty.abc", b"", "empty")
    yield Hostile("blank.xml", b" \n\t\r\n", "empty")
    yield Hostile("noise.mid", b"\x01" + noise, "unknown_format")
    yield Hostile("noise.abc", b"\x02" + noise, "unknown_format")
    yield Hostile("picture.xml", b"\x89PNG\r\n\x1a\n" + noise, "unknown_format")
    yield Hostile("page.xml", b"<!doctype html><html><body>X</body></html>", "unknown_format")
    yield Hostile("prose.abc", b"This is a letter, and no tune.\n", "unknown_format")
    yield Hostile("zeros.mid", bytes(4096), "unknown_format")
    yield Hostile("object.json", b'{"name": "no chorales"}', "unknown_format")
    yield Hostile("list.json", b"[1, 2, 3]", "unknown_format")


def score(measures: str, attributes: str = "<divisions>1</divisions>") -> str:
    """A score of one part."""
    return (
        '<score-partwise><part-list><score-part id="P1"><part-name>A</part-name></score-part></part-list>'
        f'<part id="P1"><measure number="1"><attributes>{attributes}</attributes>{measures}</measure></part>'
        "</score-partwise>"
    )


def _musicxml() -> Iterator[Hostile]:
    whole = score(NOTE)
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">' + "".join(
        f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(8)
    )
    pitch = (
        "<note><pitch><step>{}</step><alter>{}</alter><octave>{}</octave></pitch>"
        "<duration>{}</duration></note>"
    )
    drum = "<note><unpitched/><duration>1</duration></note>"
    tuplet = NOTE.replace(
        "</note>",
        "<type>eighth</type><time-modification><actual-notes>{}</actual-notes>"
        "<normal-notes>{}</normal-notes></time-modification></note>",
    )
    yield Hostile("truncated.xml", whole[:-40].encode(), "unreadable")
    yield Hostile("cut-in-a-tag.xml", whole[:130].encode(), "unreadable")
    yield Hostile(
        "crossed.xml", whole.replace("</note></measure>", "</measure></note>").encode(), "unreadable"
    )
    yield Hostile("entity-bomb.xml", (bomb + "]>" + whole).encode(), "entities")
    yield Hostile(
        "file-entity.xml",
        ('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + whole).encode(),
        "entities",
    )
    yield Hostile("utf-16-bomb.xml", (bomb + "]>" + whole).encode("utf-16"), "entities")
    yield Hostile("utf-16.xml", whole.encode("utf-16"), READ)
    yield Hostile(
        "no-such-encoding.xml", ('<?xml version="1.0" encoding="klingon"?>' + whole).encode(), "unreadable"
    )
    yield Hostile("not-utf-8.xml", whole.replace(">A<", ">\xff<").encode("latin-1"), "unreadable")
    yield Hostile("no-notes.xml", score("").encode(), "no_notes")
    yield Hostile("no-parts.xml", b"<score-partwise></score-partwise>", "no_notes")
    yield Hostile("rests.xml", score("<note><rest/><duration>4</duration></note>").encode(), "no_notes")
    yield Hostile("drums.xml", score(drum).encode(), "percussion")
    yield Hostile("zero-divisions.xml", score(NOTE, "<divisions>0</divisions>").encode(), "bad_duration")
    yield Hostile("minus-divisions.xml", score(NOTE, "<divisions>-4</divisions>").encode(), "bad_duration")
    yield Hostile(
        "words-for-divisions.xml", score(NOTE, "<divisions>many</divisions>").encode(), "unreadable"
    )
    yield Hostile("minus-duration.xml", score(pitch.format("C", 0, 4, -1)).encode(), "bad_duration")
    yield Hostile("no-number.xml", score(pitch.format("C", 0, 4, "long")).encode(), "bad_duration")
    yield Hostile("eternity.xml", score(pitch.format("C", 0, 4, 10**12)).encode(), "bad_duration")
    yield Hostile(
        "more-than-eternity.xml", score(pitch.format("C", 0, 4, "9" * 5000)).encode(), "bad_duration"
    )
    yield Hostile("step-h.xml", score(pitch.format("H", 0, 4, 1)).encode(), "bad_pitch")
    yield Hostile("octave-99.xml", score(pitch.format("C", 0, 99, 1)).encode(), "pitch_out_of_range")
    yield Hostile("octave-low.xml", score(pitch.format("C", 0, -9, 1)).encode(), "pitch_out_of_range")
    yield Hostile("altered.xml", score(pitch.format("C", 1000, 4, 1)).encode(), "bad_pitch")
    yield Hostile("words-for-octave.xml", score(pitch.format("C", 0, "high", 1)).encode(), "unreadable")
    yield Hostile("tuplet-0.xml", score(tuplet.format(0, 2)).encode(), "bad_tuplet")
    yield Hostile(  # an impossible time signature is unknown, and counted
        "metre-0.xml",
        score(NOTE, "<time><beats>0</beats><beat-type>4</beat-type></time>").encode(),
        READ,
    )
    yield Hostile(
        "metre-x.xml",
        score(NOTE, "<time><beats>x</beats><beat-type>4</beat-type></time>").encode(),
        READ,
    )
    yield Hostile("deep.xml", score("<a>" * 20_000 + "</a>" * 20_000).encode(), "too_deep")
    yield Hostile(
        "back-before-the-start.xml",
        score(NOTE + "<backup><duration>99</duration></backup>" + NOTE).encode(),
        READ,
    )
    yield Hostile(
        "many-attributes.xml",
        ("<score-partwise " + " ".join(f'a{i}="1"' for i in range(50_000)) + "/>").encode(),
        "no_notes",
    )


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive."""
    pack = io.BytesIO()
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return pack.getvalue()


def _compressed() -> Iterator[Hostile]:
    points = CONTAINER.format("score.xml").encode()
    good = zipped({"META-INF/container.xml": points, "score.xml": score(NOTE).encode()})
    yield Hostile("good.mxl", good, READ)
    yield Hostile("truncated.mxl", good[: len(good) // 2], "unreadable")
    yield Hostile("damaged.mxl", good[:60] + b"\xff" * 20 + good[80:], "unreadable")
    yield Hostile("nothing.mxl", zipped({"readme.txt": b"no score"}), "unreadable")
    yield Hostile("points-nowhere.mxl", zipped({"META-INF/container.xml": points}), "unreadable")
    yield Hostile(
        "broken-container.mxl", zipped({"META-INF/container.xml": b"<container", "a.xml": b"<"}), "unreadable"
    )
    yield Hostile(
        "bomb.mxl",
        zipped({"META-INF/container.xml": points, "score.xml": bytes(200_000_000)}),
        "unpacks_too_large",
    )
    yield Hostile("nested.mxl", zipped({"META-INF/container.xml": points, "score.xml": good}), "unreadable")


def _abc() -> Iterator[Hostile]:
    def tune(body: str, head: str = "M:4/4\nL:1/4\nK:C\n") -> bytes:
        return f"X:1\nT:Bad\n{head}{body}\n".encode()

    yield Hostile("head-only.abc", tune(""), "no_notes")
    yield Hostile("rests.abc", tune("z4 | z4 |"), "no_notes")
    yield Hostile("comment.abc", tune("% CDEF"), "no_notes")
    yield Hostile("key.abc", tune("CDEF", "K:Q\n"), READ)
    yield Hostile("key-mode.abc", tune("CDEF", "K:Cfoo\n"), READ)
    yield Hostile("metre.abc", tune("CDEF", "M:4/\nK:C\n"), READ)
    yield Hostile("metre-0.abc", tune("CDEF", "M:0/4\nK:C\n"), READ)
    yield Hostile("metre-over-0.abc", tune("CDEF", "M:4/0\nK:C\n"), READ)
    yield Hostile("unit-0.abc", tune("CDEF", "L:1/0\nK:C\n"), "bad_unit")
    yield Hostile("unit-words.abc", tune("CDEF", "L:short\nK:C\n"), "bad_unit")
    yield Hostile("number.abc", tune("4 CDEF"), "bad_syntax")
    yield Hostile("sign.abc", tune("CD , EF"), "bad_syntax")
    yield Hostile("accidental.abc", tune("CD ^| EF"), "bad_syntax")
    yield Hostile("chord.abc", tune("[CEG D"), "bad_syntax")
    yield Hostile("grace.abc", tune("{CEG D"), "bad_syntax")
    yield Hostile("quote.abc", tune('"Am CDEF'), "bad_syntax")
    yield Hostile("tuplet-0.abc", tune("(0CDE"), "bad_tuplet")
    yield Hostile("over-0.abc", tune("C/0 D"), "bad_duration")
    yield Hostile("eternity.abc", tune("C999999999"), "too_long")
    yield Hostile("more-than-eternity.abc", tune("C" + "9" * 5000), "bad_syntax")
    yield Hostile("slashes.abc", tune("C" + "/" * 5000), READ)
    yield Hostile("high.abc", tune("c" + "'" * 40), "pitch_out_of_range")
    yield Hostile("low.abc", tune("C" + "," * 40), "pitch_out_of_range")
    yield Hostile("windows.abc", tune("CDEF|").replace(b"\n", b"\r\n"), READ)
    yield Hostile("latin-1.abc", tune("CDEF|").replace(b"Bad", "Grüße".encode("latin-1")), READ)
    yield Hostile("many-notes.abc", tune("CDEF|" * 20_000), READ)
    yield Hostile("many-overlays.abc", tune("C4|" * 10_000 + "&C4|" * 10_000), READ)
    yield Hostile("overlay-too-far.abc", tune("&" * 20_000), "bad_syntax")
    yield Hostile("old-chord.abc", tune("+" + "c e " * 5000), "bad_syntax")
    yield Hostile("text.abc", tune("CDEF\n%%begintext\n"), "bad_syntax")
    yield Hostile("many-brackets.abc", tune("[" * 20_000), "bad_syntax")


def _midi() -> Iterator[Hostile]:
    def file(tracks: bytes, kind: int = 0, n: int = 1, division: int = 96) -> bytes:
        head = b"".join(value.to_bytes(2, "big") for value in (kind, n, division))
        return b"MThd\x00\x00\x00\x06" + head + tracks

    def track(events: bytes) -> bytes:
        return b"MTrk" + len(events).to_bytes(4, "big") + events

    note, end = b"\x00\x90\x3c\x50\x60\x80\x3c\x00", b"\x00\xff\x2f\x00"
    yield Hostile("good.mid", file(track(note + end)), READ)
    yield Hostile("head.mid", b"MThd\x00\x00\x00\x06", "unreadable")
    yield Hostile("no-tracks.mid", file(b"", n=0), "no_notes")
    yield Hostile("format-2.mid", file(track(note + end), kind=2), "unsupported")
    yield Hostile("format-9.mid", file(track(note + end), kind=9), "unsupported")
    yield Hostile("smpte.mid", file(track(note + end), division=0xE728), "unsupported")
    yield Hostile("division-0.mid", file(track(note + end), division=0), "unreadable")
    yield Hostile("short-track.mid", file(b"MTrk\x00\x00\xff\xff" + note), "unreadable")
    yield Hostile("drums.mid", file(track(b"\x00\x99\x26\x50\x60\x89\x26\x00" + end)), "percussion")
    yield Hostile("silence.mid", file(track(end)), "no_notes")
    yield Hostile("pitch-0.mid", file(track(b"\x00\x90\x00\x50\x60\x80\x00\x00" + end)), "pitch_out_of_range")


def _text_and_json() -> Iterator[Hostile]:
    yield Hostile("h.tinynotation", b"tinyNotation: c4 h4", "bad_syntax")
    yield Hostile("rests.tinynotation", b"tinyNotation: r4", "no_notes")
    yield Hostile("nothing.tinynotation", b"tinyNotation:", "no_notes")
    yield Hostile("over-0.tinynotation", b"tinyNotation: c0", "bad_duration")
    yield Hostile("metre-0.tinynotation", b"tinyNotation: 3/0 c4", "read")
    yield Hostile("open.tinynotation", b"tinyNotation: trip{c4 d e", READ)
    yield Hostile("truncated.json", b'{"train": [[[60, 55, 52', "unreadable")
    yield Hostile("deep.json", b'{"train": ' + b"[" * 200_000, "too_deep")
    yield Hostile("three-voices.json", json.dumps({"train": [[[60, 55, 52]]]}).encode(), "bad_syntax")
    yield Hostile("words.json", json.dumps({"train": [[["a", "b", "c", "d"]]]}).encode(), "bad_syntax")
    yield Hostile("silence.json", json.dumps({"test": [[[-1, -1, -1, -1]]]}).encode(), "no_notes")


def _beyond_limits() -> Iterator[Hostile]:
    """What breaks a limit of ``params.yaml`` by itself; ``test_limits.py`` has the others."""
    tunes = b"%" + bytes([65]) * 2**20 + b"\n" + b"".join(b"X:%d\nK:C\nC\n" % number for number in range(100))
    yield Hostile("long-head-of-many-tunes.abc", tunes, "unpacks_too_large")
    members = {f"{number}.xml": b"" for number in range(10_001)}
    yield Hostile("many-members.mxl", zipped(members), "too_many_members")
    notes = b"\x00\x90" + b"\x3c\x50\x01\x3c\x00\x00" * 1_000_001
    track = b"MTrk" + (len(notes) + 3).to_bytes(4, "big") + notes + b"\xff\x2f\x00"
    yield Hostile("many-notes.mid", b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60" + track, "too_many_notes")
    yield Hostile("deep-lists.json", b'{"train": [' + b"[" * 101 + b"]" * 101 + b"]}", "too_deep")
    yield Hostile("deep-score.xml", score("<a>" * 98 + "</a>" * 98).encode(), "too_deep")
