"""Distinguish music from free text after an empty line of an ABC tune by trial reading."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.formats.readers.abc.music import MusicReader
from pipeline.formats.readers.abc.text import FIELD, without_comment
from pipeline.formats.readers.abc.tokens import ONLY_MUSIC
from pipeline.formats.readers.abc.voice import Voice
from pipeline.formats.readers.base.source import ReadError
from pipeline.formats.readers.base.staff import Staff, Ticks


def begins_with_music(following: Sequence[str], voice: Voice) -> bool:
    """Whether the lines up to the next empty line are music: only music symbols and a full bar."""
    block: list[str] = []
    for line in following:
        if not line.strip():
            break
        if FIELD.match(line) is None:
            block.append(without_comment(line))
    if voice.bar_length is None or not all(map(ONLY_MUSIC.fullmatch, block)):
        return False
    bars = [bar for line in block for bar in re.split(r"[|:\]]*\|[|:\]]*", line)[1:-1]]
    return any(_length_of(bar, voice) == voice.bar_length for bar in bars)


def _length_of(bar: str, voice: Voice) -> Ticks:
    """Length in ticks of a bar by trial reading; 0 if it cannot be read."""
    trial = MusicReader(Voice(Staff(), voice.unit, meter=voice.meter))
    try:
        trial.music(bar)
    except ReadError:
        return 0
    return 0 if trial.voice is None else trial.voice.now
