"""The figures of the section "Chords" of docs/results.md with their source."""

from __future__ import annotations

from typing import Any

from tests.helpers.claims import INTERVAL, Claim, count, fixed, interval
from tests.helpers.figure_rows import RESULTS

SOURCE = ("data/benchmarks/chords.json",)
PREDICTORS = {
    "`copying`, mean of seeds 1 to 3": "model",
    "n-gram with memory, any order": "n-gram with memory",
    "n-gram, any order": "n-gram",
}
HARMONIZERS = {
    "most frequent chord (C)": "most frequent chord",
    "n-gram of chords": "n-gram",
    "LSTM": "lstm",
    "true chord that lasts longest": "best chord of each bar",
}


def bits(label: str, name: str) -> Claim:
    """The row of a predictor with and without chords."""

    def numbers(found: dict[str, Any]) -> list[str]:
        continuing = found["continuing"]
        means = [
            fixed(continuing["bits"][f"{name}, {chords} chords"]["all"]["bits_per_onset"])
            for chords in ("without", "with")
        ]
        less = continuing["difference"][name]["all"]
        return [*means, *interval(less["bits_per_onset"]), *interval(less["pitch_bits_per_onset"])]

    return Claim(RESULTS, f"| {label} | {{}} | {{}} | {INTERVAL} | {INTERVAL} |", SOURCE, numbers)


def accuracy(label: str, name: str) -> Claim:
    """The row of a harmonizer."""

    def numbers(found: dict[str, Any]) -> list[str]:
        own = found["harmonizing"]["accuracy"][name]
        overall = [fixed(own["all"][each]["value"]) for each in ("root", "majmin", "sevenths")]
        return [*overall, *(fixed(own[each]["majmin"]["value"]) for each in ("nottingham", "openewld"))]

    return Claim(RESULTS, f"| {label} | {{}} | {{}} | {{}} | {{}} | {{}} |", SOURCE, numbers)


def pieces(found: dict[str, Any]) -> list[str]:
    """Training, validation and test pieces, and the tune families of these."""
    several = found["continuing"]["pieces"]
    families = found["continuing"]["difference"]["model"]["all"]["bits_per_onset"]["n_families"]
    return [*(count(several[split]) for split in ("train", "valid", "test")), count(families)]


def better(found: dict[str, Any]) -> list[str]:
    """How much better the LSTM harmonizes than the n-gram."""
    own = found["harmonizing"]["difference"]
    return [*interval(own["majmin"]), *interval(own["sevenths"])]


def by_corpus(found: dict[str, Any]) -> list[str]:
    """What chords bring to the model on the pieces of each corpus."""
    own = found["continuing"]["difference"]["model"]
    return [n for corpus in ("nottingham", "openewld") for n in interval(own[corpus]["bits_per_onset"])]


CHORD_CLAIMS = [
    Claim(
        RESULTS,
        "{} training, {} validation and {} test pieces, divided by tune families over both corpora. 95 % "
        "intervals over the {} tune families of the test pieces.",
        SOURCE,
        pieces,
    ),
    *(bits(label, name) for label, name in PREDICTORS.items()),
    Claim(
        RESULTS,
        f"The difference of `copying` is {INTERVAL} on Nottingham and {INTERVAL} on OpenEWLD.",
        SOURCE,
        by_corpus,
    ),
    *(accuracy(label, name) for label, name in HARMONIZERS.items()),
    Claim(
        RESULTS,
        f"The LSTM is better than the n-gram by {INTERVAL} (majmin) and {INTERVAL} (sevenths).",
        SOURCE,
        better,
    ),
]
