"""Tunes as text that are or are not related, their tune families, and splits of them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from pipeline.core.settings import parse_section
from pipeline.datasets.families.tune_families import FamilySettings, find_families
from pipeline.datasets.splits import SPLIT
from tests.helpers.notes_text import notes_table, part

# 17 notes each: 16 intervals
SONG = "60 62 64 65 67 69 67 65 64 62 60 67 72 71 69 67 60".split()
OTHER = "60 63 60 66 61 64 70 65 60 62 63 69 61 72 60 65 61".split()
FAMILY_RUN = 16
FAMILY = {"kind": "family", "seed": 1, "valid": 0.2, "test": 0.2}

# tunes are put together from long motifs, so that some share one and some do not
motifs = st.lists(st.integers(0, 40), min_size=1, max_size=3)


def tune(pitches: list[str], length: str = "1") -> str:
    """These pitches, all of one length."""
    return " ".join(f"{pitch}:{length}" for pitch in pitches)


def transposed(pitches: list[str], semitones: int) -> list[str]:
    return [str(int(pitch) + semitones) for pitch in pitches]


def walk(number: int, length: int = 20) -> list[str]:
    """A tune of its own: the digits of a number in base 5 as steps."""
    pitch, pitches = 60, []
    for place in range(length):
        pitches.append(str(pitch))
        pitch = 60 + (pitch * 7 + number // 5**place % 5 + place * number) % 24
    return pitches


def of_motifs(numbers: list[int]) -> str:
    """Motifs of twenty notes, one after the other."""
    pitches = [60 + (7 * place * place + 13 * place * n + 5 * n) % 23 for n in numbers for place in range(20)]
    return tune([str(pitch) for pitch in pitches])


def many(n: int, corpus: str = "a") -> list[dict[str, Any]]:
    """Pieces of one part each, none of them related."""
    return [part(f"{corpus}/{i}", tune(walk(i * 7 + 3)), title=f"Tune {i}") for i in range(n)]


def families(*rows: dict[str, Any]) -> pa.Table:
    """The tune families of these parts, as data/families.parquet holds them."""
    table = find_families(notes_table(*rows), FamilySettings(family_run=FAMILY_RUN, soft={}))
    return table.replace_schema_metadata({"family_run": str(FAMILY_RUN)})


def settings(**changes: Any) -> Any:
    """A split by family, with some settings changed."""
    return parse_section(SPLIT, {**FAMILY, **changes}, "split")


def by(kind: str) -> Any:
    """A split of a kind that has no shares."""
    return parse_section(SPLIT, {"kind": kind}, "split")
