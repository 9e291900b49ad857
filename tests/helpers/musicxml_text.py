"""Tiny MusicXML scores as text: notes, measures, parts and archives."""

import io
import zipfile
from fractions import Fraction

from pipeline.core.music import Part
from pipeline.formats.readers import musicxml
from tests.helpers.reading import READ

QUARTER = 10080
TIME_4_4 = "<time><beats>4</beats><beat-type>4</beat-type></time>"


def note(name: str, duration: int = 1, inside: str = "", before: str = "") -> str:
    """A note like ``F#4``; ``r`` is a rest."""
    alter = f"<alter>{name.count('#') - name.count('b')}</alter>"
    what = f"<pitch><step>{name[0]}</step>{alter}<octave>{name[-1]}</octave></pitch>"
    return f"<note>{before}{'<rest/>' if name == 'r' else what}<duration>{duration}</duration>{inside}</note>"


def measure(content: str, attributes: str = "") -> str:
    given = f"<attributes>{attributes}</attributes>" if attributes else ""
    return f"<measure>{given}{content}</measure>"


def score(*parts: str, head: str = "", names: tuple[str, ...] = ()) -> bytes:
    listed = "".join(
        f'<score-part id="P{n}"><part-name>{name}</part-name></score-part>' for n, name in enumerate(names)
    )
    bodies = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "partwise.dtd">\n'
        f"<score-partwise>{head}<part-list>{listed}</part-list>{bodies}</score-partwise>"
    ).encode()


def part(*measures: str, attributes: str = f"<divisions>1</divisions>{TIME_4_4}") -> Part:
    first = measure("".join(measures[:1])).replace(
        "<measure>", f"<measure><attributes>{attributes}</attributes>", 1
    )
    rest = [text if text.startswith("<measure") else measure(text) for text in measures[1:]]
    return musicxml.read(score(first + "".join(rest)), READ).parts[0]


def quarters(times: object) -> list[Fraction]:
    return [Fraction(int(time), QUARTER) for time in times]  # type: ignore[attr-defined]


def triples(read: Part) -> list[tuple[Fraction, Fraction, int]]:
    """Onset, duration in quarters, and pitch of each note."""
    return list(zip(quarters(read.onset), quarters(read.duration), read.pitch.tolist(), strict=True))


def backup(duration: int) -> str:
    return f"<backup><duration>{duration}</duration></backup>"


def forward(duration: int) -> str:
    return f"<forward><duration>{duration}</duration></forward>"


def whole_bar_rest(duration: int) -> str:
    return f'<note><rest measure="yes"/><duration>{duration}</duration></note>'


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive of files by their names, in order."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return file.getvalue()


def archive(content: bytes, container: bool = True) -> bytes:
    """A compressed score."""
    named = b'<container><rootfiles><rootfile full-path="a/score.xml"/></rootfiles></container>'
    return zipped(({"META-INF/container.xml": named} if container else {}) | {"a/score.xml": content})
