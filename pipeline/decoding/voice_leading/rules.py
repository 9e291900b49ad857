"""The voice-leading rules: their definitions, costs in nats, sources, and rates in Bach's chorales.

A cost is subtracted from the logit of every token that breaks the rule, once for each
time that the token breaks it: a cost of c nats divides the odds of the token by exp(c).
The rules are those that :mod:`pipeline.evaluation.metrics.voice_leading` counts.

``cost_nats`` is chosen on the validation split by ``python -m tests.benchmarks.voice_leading``:
the lowest cost of a list at which beam search breaks the rule at most as often as Bach
in the training chorales, and never in parallels. ``bach_per_hundred`` is Bach's rate, per
100 chords, of closing chords per 100 of these.

Sources: Fux 1725, Gradus ad Parnassum, book 1 (parallels, leaps); Kostka & Payne, Tonal
Harmony, chapters 5 and 6 (all others); Huron 2001, Tone and Voice, Music Perception 19
(crossing and overlap). Only the definitions are used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Level = Literal["off", "default", "strict"]
LEVELS: tuple[Level, ...] = get_args(Level)

FIFTH, OCTAVE = 7, 12  # semitones
RANGES = ((60, 79), (55, 74), (48, 67), (40, 60))  # C4-G5, G3-D5, C3-G4, E2-C4; of four voices alone
STRICT_FACTOR = 4.0  # of the default costs at level ``strict``; their order stays


@dataclass(frozen=True)
class Rule:
    """One rule of voice leading.

    Attributes:
        name: key in figures, a count of :class:`VoiceLeading`.
        meaning: the count, in a few words.
        cost_nats: of level ``default``.
        bach_per_hundred: how often the training chorales break it, per 100 chords.
        source: where the rule is stated.
    """

    name: str
    meaning: str
    cost_nats: float
    bach_per_hundred: float
    source: str


RULES: tuple[Rule, ...] = (
    Rule("parallel_fifths", "parallel fifths", 8.0, 0.16, "Fux 1725; Kostka & Payne, chapter 5"),
    Rule("parallel_octaves", "parallel octaves or unisons", 8.0, 0.10, "Fux 1725; Kostka & Payne, chapter 5"),
    Rule("direct", "direct fifths and octaves of the outer voices", 4.0, 0.46, "Kostka & Payne, chapter 5"),
    Rule("crossings", "crossed neighbours", 2.0, 2.82, "Kostka & Payne, chapter 5; Huron 2001"),
    Rule("overlaps", "overlaps", 2.0, 6.85, "Kostka & Payne, chapter 5; Huron 2001"),
    Rule("wide", "upper neighbours more than an octave apart", 2.0, 1.80, "Kostka & Payne, chapter 5"),
    Rule("out_of_range", "notes out of range", 2.0, 1.55, "Kostka & Payne, chapter 5"),
    Rule("leaps", "leaps beyond an octave", 2.0, 0.11, "Fux 1725"),
    Rule("doubled_leading", "doubled leading notes", 2.0, 1.22, "Kostka & Payne, chapter 6"),
    Rule(
        "closing",
        "closing chords that are not triads in root position",
        4.0,
        2.29,
        "Kostka & Payne, chapter 10",
    ),
)
NAMES: tuple[str, ...] = tuple(rule.name for rule in RULES)


def costs_of(level: Level) -> Mapping[str, float] | None:
    """The cost in nats of every rule at a level; None for ``off``."""
    if level == "off":
        return None
    return {rule.name: rule.cost_nats * (STRICT_FACTOR if level == "strict" else 1) for rule in RULES}
