"""Humdrum **kern: one column (spine) per staff, one line per onset.

A spine of the type ``**kern`` is a part, the rightmost one the top. A spine ``**text`` holds
lyrics of the nearest part to its left, the second one the second verse; spines of
other types are ignored. If a spine splits (``*^``) and joins (``*v``), its strands are
voices of one part. If they are alternative readings (strophes: ``*strophe``, then
``*S/sic`` and ``*S/ossia`` on the strands), the first one is read. Pitches are already
sounding pitches: ``*ITr`` describes the engraving and ``*Tr`` an earlier transposition,
so neither changes a pitch. Phrases end at fermatas and at ``}``. Repeats are unfolded by
the list of sections (``*>[A,A,B]``), or without a list by the repeat signs.

Source: D. Huron, *The Humdrum Toolkit*, sections "Spine paths", "Strophes" and ``**kern``.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field, replace
from fractions import Fraction

from pipeline.core.music import Piece
from pipeline.core.text import counted
from pipeline.formats.readers.base.barlines import BarLine
from pipeline.formats.readers.base.charset import plain_bytes
from pipeline.formats.readers.base.limits import too_many
from pipeline.formats.readers.base.parts import readable_parts
from pipeline.formats.readers.base.repeat_signs import Sign
from pipeline.formats.readers.base.source import ReadError, Source, decode
from pipeline.formats.readers.base.staff import ChordSign, Ticks
from pipeline.formats.readers.base.unfold import play_out
from pipeline.formats.readers.kern.harmony import SPINES, nearest, read_symbol
from pipeline.formats.readers.kern.part import FAULTS, SpineReader
from pipeline.formats.readers.kern.strands import PATHS, Strand, find_singers, follow_paths, unaligned
from pipeline.formats.readers.kern.tokens import (
    KernKey,
    bar_line,
    bar_signs,
    read_key,
    read_order,
    read_tempo,
    read_token,
)
from pipeline.formats.readers.kern.words import TYPES, sing, syllable, year_of

MAX_SPINES = 500
NO_KEY = "*?:"
STROPHES = ("*strophe", "*Xstrophe", "*S/", "*S-")

_RECORD = re.compile(r"!!!([A-Z]{3})[^:\s]*:\s*(.*)")
_HEAD = re.compile(r"!!!(?:COM|OTL|OPR|!SEGMENT)")  # first line of the heading of a piece
_END = re.compile(r"\*-(?:\t+\*-)*\s*")


def matches(content: bytes) -> bool:
    """Whether the first line that is not a comment has spine types."""
    for line in re.finditer(rb"[^\r\n]+", plain_bytes(content)):
        text = line[0].strip()
        if text and not text.startswith(b"!"):
            return re.match(rb"\*\*[a-zA-Z]", text) is not None
    return False


def split_pieces(content: bytes) -> list[Source]:
    """The pieces of a file in order; if there are several, they are numbered from 1."""
    pieces: list[list[str]] = [[]]
    ended: int | None = None  # number of lines of the last piece up to its *-
    for line in decode(content).split("\n"):
        if ended is not None and line.startswith("**"):
            after = pieces[-1][ended:]
            heads = [number for number, text in enumerate(after) if _HEAD.match(text)]
            begin = ended + min(heads, default=len(after))
            pieces[-1], heading = pieces[-1][:begin], pieces[-1][begin:]
            pieces.append(heading)
            ended = None
        pieces[-1].append(line)
        if _END.fullmatch(line):
            ended = len(pieces[-1])
    names = [str(number) if len(pieces) > 1 else "" for number in range(1, len(pieces) + 1)]
    return [
        Source(name, "kern", "\n".join(lines).encode()) for name, lines in zip(names, pieces, strict=True)
    ]


def read_score(content: bytes, played: bool = False) -> Piece:
    """Read one piece, as written or with repeats unfolded.

    Raises:
        ReadError: a wrong number of tokens in a line, an invalid note token, durations
            that do not add up, a truncated file, or no note at all.
    """
    score = _Score()
    for number, line in enumerate(decode(content).split("\n"), start=1):
        score.number = number
        try:
            score.line(line.rstrip())
        except ReadError as error:
            raise error.at(f"line {number}") from None
    return score.piece(played)


@dataclass
class _Score:
    """The state of a piece while its lines are read."""

    strands: list[Strand] = field(default_factory=list)
    parts: list[SpineReader] = field(default_factory=list)
    records: dict[str, str] = field(default_factory=dict)
    number: int = 0  # line number
    n_spines: int = 0
    n_passages: int = 0
    end: Ticks = 0
    signs: list[Sign] = field(default_factory=list)
    order: list[str] = field(default_factory=list)
    tempo: Fraction | None = None
    key: KernKey | None = None  # the last key that a spine of notes names

    def line(self, line: str) -> None:
        """Read a line of the file."""
        record = _RECORD.match(line)
        if record is not None:
            self.records.setdefault(record[1], " ".join(html.unescape(record[2]).split()))
        if not line or line.startswith("!"):
            return
        cells = [cell for cell in line.split("\t") if cell.strip()]
        if len(cells) > MAX_SPINES:
            raise too_many("too_many_spines", "spines at once", len(cells), MAX_SPINES)
        if not self.strands and line.startswith("**"):
            self.strands = [self._new_strand() for _ in cells]
        if len(cells) != len(self.strands):
            raise ReadError(
                "bad_syntax", f"{counted(len(cells), 'token')} for {counted(len(self.strands), 'spine')}"
            )
        if line.startswith("*"):
            self._interpret(cells)
        elif line.startswith("="):
            self._bar_line(cells)
        else:
            self._notes(cells)

    def piece(self, played: bool) -> Piece:
        """The finished piece, its parts from the top down."""
        errors = [part.error for part in reversed(self.parts) if part.error is not None]
        if self.strands:
            raise next(iter(errors), ReadError("unreadable", "the file ends before its spines do, with *-"))
        if not self.parts:
            raise ReadError("unsupported", "no spine is of the type **kern")
        staves = [replace(part.staff, end=self.end) for part in reversed(self.parts)]
        if played:
            signs = [sign for sign in self.signs if not self.order or sign.kind == "section"]
            staves = play_out(staves, signs, self.order)
        try:
            drums = [staff for part in self.parts for staff in part.left_out()]
            parts, left_out = readable_parts([*staves, *drums])
        except ReadError as error:
            raise (errors[0] if errors and error.rule in FAULTS else error) from None
        if not any(len(part.onset) for part in parts):
            raise ReadError("no_notes", "the piece holds no note")
        return Piece(
            title=self.records.get("OTL", ""),
            composer=self.records.get("COM", ""),
            parts=parts,
            origin=self.records.get("ARE", self.records.get("OCY", "")),
            left_out=left_out,
            tune_type=self.records.get("AGN", ""),
            region=self.records.get("ARE", ""),
            tempo_qpm=self.tempo,
            year=year_of(self.records.get("ODT", "")),
        )

    def _new_strand(self) -> Strand:
        self.n_spines += 1
        return Strand(self.n_spines)

    def _interpret(self, cells: list[str]) -> None:
        now = self.end
        for strand, token in zip(self.strands, cells, strict=True):
            if token.startswith("**"):
                self._set_type(strand, token)
            elif token.startswith("*>"):
                self._section(token)
            elif not token.startswith("*"):
                raise ReadError("bad_syntax", f"'{token[:40]}' among interpretations, which begin with *")
            elif token.startswith("*MM"):
                if not any(part.staff.notes for part in self.parts):
                    self.tempo = read_tempo(token) or self.tempo
            elif strand.part is not None and len(token) > 2:
                strand.part.interpret(token, now)
                self.key = read_key(token) or self.key
            elif strand.analysis and (token == NO_KEY or read_key(token) is not None):
                strand.key, strand.keyed = read_key(token), True
        if any(token in TYPES for token in cells):
            find_singers(self.strands)
        if any(token.startswith(STROPHES) for token in cells):
            self._strophes(cells)
        if any(token in PATHS for token in cells):
            self.strands = follow_paths(self.strands, cells, self._new_strand)

    def _strophes(self, cells: list[str]) -> None:
        """Begin, label and end strophic passages; only the first reading of each passage is read."""
        for strand, token in zip(self.strands, cells, strict=True):
            if token == "*strophe":
                self.n_passages += 1
                strand.passage = self.n_passages
            elif token in ("*Xstrophe", "*S-"):
                if strand.passed_over:
                    strand.end = self.end
                strand.passage, strand.reading, strand.passed_over = 0, "", False
            elif token.startswith("*S/") and token != "*S/fin":
                strand.reading = token[3:]
        first: dict[tuple[int, int], str] = {}
        for strand in self.strands:
            if strand.reading and not strand.passed_over:
                reading = first.setdefault((strand.spine, strand.passage), strand.reading)
                strand.passed_over = strand.reading != reading

    def _section(self, token: str) -> None:
        """Read a section label or a list of sections; every spine repeats it."""
        if token.endswith("]"):
            self.order = self.order or read_order(token)
        else:
            self.signs.append(Sign(self.end, "section", label=token[2:].strip()))

    def _set_type(self, strand: Strand, token: str) -> None:
        strand.analysis = token if token in SPINES else ""
        strand.verse = int(token in TYPES)
        if token != "**kern":
            strand.part = strand.sung_by = None
        elif strand.part is None:
            self.parts.append(SpineReader())
            strand.part, strand.end = self.parts[-1], self.end

    def _bar_line(self, cells: list[str]) -> None:
        for strand, token in zip(self.strands, cells, strict=True):
            if not token.startswith("="):
                raise ReadError("bad_syntax", f"'{token[:40]}' among bar lines, which begin with =")
            if strand.part is not None and strand.part.staff.lines is not None:
                self.signs += bar_signs(token, self.end)
                strand.part.staff.lines.append(BarLine(int(self.end), bar_line(token)))

    def _notes(self, cells: list[str]) -> None:
        onset: Ticks | None = None
        waiting: list[Strand] = []
        for strand, token in zip(self.strands, cells, strict=True):
            part = strand.part
            if part is None or part.is_ignored or strand.passed_over:
                continue
            if token == ".":
                waiting.append(strand)
                continue
            try:
                sounds = read_token(token)
            except ReadError as error:
                part.lose_time(error.at(f"line {self.number}"))
                continue
            begin, duration = strand.end, sounds[0].duration
            part.add(sounds, begin, self.number)
            if duration is None:
                continue
            if onset is not None and onset != begin:
                raise unaligned(begin, onset)
            onset = begin
            strand.end = begin + duration
            self.end = max(self.end, strand.end)
        self._symbols(cells, self.end if onset is None else onset)
        self._lyrics(cells, onset)
        for strand in waiting:
            if onset is not None and strand.end <= onset:
                raise unaligned(strand.end, onset)

    def _symbols(self, cells: list[str], onset: Ticks) -> None:
        """Add the chord symbols of a line to the nearest parts."""
        for place, (strand, token) in enumerate(zip(self.strands, cells, strict=True)):
            if strand.analysis and token != ".":
                home = nearest([other.part for other in self.strands], place)
                key = strand.key if strand.keyed else self.key
                if home is not None:
                    home.staff.add_chord(ChordSign(onset, token, read_symbol(token, strand.analysis, key)))

    def _lyrics(self, cells: list[str], onset: Ticks | None) -> None:
        """Assign syllables to the notes of a line; count syllables of the first verse without a note."""
        for strand, token in zip(self.strands, cells, strict=True):
            if strand.sung_by is None or strand.passed_over or token == ".":
                continue
            text, staff = syllable(html.unescape(token)), strand.sung_by.staff
            if text and (onset is None or not sing(staff, onset, strand.verse, text)):
                staff.n_lost_syllables += strand.verse == 1
