"""Engraved scores that the page shows and plays, packed with their notes and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.report.engraving import Engraver, Note

PROMPT, TRUTH, GENERATED, SHARED, BROKEN = range(5)  # where a note comes from
CLASSES = ("prompt", "truth", "generated", "shared", "broken")


@dataclass(frozen=True)
class PlayableScore:
    """One score of the page.

    Attributes:
        key: its name in the page.
        svg: the drawing; its notes have the class of their origin.
        notes: (begin, end, pitch, voice, origin, numbers of its drawings), times in quarter notes.
        glyphs: of the drawing, by name.
        files: suffix to content: MusicXML as text, MIDI in base64.
    """

    key: str
    svg: str
    notes: Sequence[tuple[float, float, int, int, int, Sequence[int]]]
    glyphs: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        """The data that the page's script needs."""
        return {"svg": self.svg, "notes": self.notes, "files": self.files}


def playable(
    engraver: Engraver,
    musicxml: str,
    key: str,
    label: str,
    origin: Callable[[Note], int],
    midi: str | None = None,
) -> PlayableScore:
    """Engrave a score and mark its notes.

    Args:
        key: its name in the page.
        label: alternative text for screen readers.
        origin: PROMPT, TRUTH, GENERATED, SHARED or BROKEN (a rule of voice leading), of a note.
        midi: the same score as MIDI in base64, where it can be downloaded.
    """
    engraving = engraver.engrave(musicxml, key, label)
    svg, notes = engraving.svg, []
    for note in engraving.notes:
        came_from = origin(note)
        svg = _with_class(svg, note.names, CLASSES[came_from])
        numbers = [int(name.rpartition("-")[2]) for name in note.names]
        notes.append((round(note.begin, 3), round(note.end, 3), note.pitch, note.voice, came_from, numbers))
    files = {} if midi is None else {"musicxml": musicxml, "mid": midi}
    return PlayableScore(key, svg, notes, engraving.glyphs, files)


def _with_class(svg: str, names: Sequence[str], added: str) -> str:
    for name in names:
        svg = svg.replace(f'id="{name}" class="note"', f'id="{name}" class="note {added}"')
        svg = svg.replace(f'class="note" id="{name}"', f'id="{name}" class="note {added}"')
    return svg
