"""The figures of README.md, docs/results.md and docs/data.md with their sources.

``python -m tests.helpers.figures`` lists every figure that differs from the files of the working tree; with
``--write`` it replaces them in the documents.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from tests.helpers.chord_figures import CHORD_CLAIMS
from tests.helpers.claims import INTERVAL, Claim, count, fixed, interval, mismatches, write
from tests.helpers.figure_rows import (
    ABLATION,
    BUNDLED,
    CATALOGUE,
    COMPARISONS,
    CONTENTS,
    CORPORA,
    DATA,
    DATA_SETS,
    ERRORS,
    FOLDED,
    GIVEN,
    IN_DATA,
    KIND_AND_DATA_SET,
    KINDS,
    MINUS,
    OPTIONAL,
    PITCH,
    RANKED,
    READERS,
    README,
    REJECTED,
    RESULTS,
)
from tests.helpers.pop909_figures import POP909_CLAIMS


def metrics(experiment: str) -> str:
    return f"data/metrics/{experiment}.json"


def evaluation(experiment: str) -> str:
    return f"data/evaluations/{experiment}/figures.json"


def card(dataset: str) -> str:
    return f"data/cards/{dataset}/card.json"


def folds(experiment: str) -> str:
    return f"data/crossvalidation/{experiment}/figures.json"


def with_sign(found: dict[str, Any]) -> list[str]:
    """Value with its sign, low and high: a zero has the sign of the difference before rounding."""
    value, low, high = interval(found)
    return [value if value[0] == MINUS else f"+{value}", low, high]


def likelihood(experiment: str) -> Iterator[Claim]:
    """The row of an experiment: figures of its committed metrics, and those of its evaluation."""
    start = rf"| `{experiment}` | "
    kind, dataset = KIND_AND_DATA_SET[experiment]
    start += f"{kind} | {dataset} | "
    yield Claim(
        RESULTS,
        start + "{~} | {} | {} |",
        (metrics(experiment),),
        lambda found: [fixed(found["bits_per_onset"]), fixed(found["ngram_memory"])],
    )

    def evaluated(found: dict[str, Any]) -> list[str]:
        bits = found["bits_per_onset_intervals"]
        pieces = found["predictors"]["model"]["all"]["overall"]["n_pieces"]
        return [count(pieces), fixed(bits["ngram"]["value"]), *with_sign(bits["model - ngram_memory"])]

    yield Claim(RESULTS, start + "{} | {~} | {~} | {} | " + INTERVAL, (evaluation(experiment),), evaluated)


def optional(experiment: str) -> Claim:
    """The row of an experiment of examples/params, of which all figures are committed."""
    kind, dataset = OPTIONAL[experiment]

    def numbers(found: dict[str, Any]) -> list[str]:
        own = found[experiment]
        bits = [fixed(own[key]) for key in ("bits_per_onset", "ngram_memory", "ngram")]
        return [count(own["n_pieces"]), *bits, *with_sign(own["model - ngram_memory"])]

    row = rf"| `{experiment}` | {kind} | {dataset} | {{}} | {{}} | {{}} | {{}} | " + INTERVAL
    return Claim(RESULTS, row, ("data/benchmarks/encoder-decoder.json",), numbers)


def bits_without_relatives(pieces: pd.DataFrame, names: Iterable[str], predictor: str) -> str:
    """Bits per note onset of a predictor on the pieces with these names."""
    rows = pieces[(pieces.predictor == predictor) & pieces.piece_id.isin(list(names))]
    nats = rows[["onset_nats", "tied_nats", "silence_nats"]].to_numpy().sum()
    return fixed(nats / math.log(2) / rows.n_onset.sum())


def without_relatives(tuned: pd.DataFrame, copying: pd.DataFrame) -> list[str]:
    """Pieces with a soft relative in pretraining, all pieces, the other pieces and three figures on these."""
    model = tuned[tuned.predictor == "model"]
    others = model[~model.soft_relative].piece_id
    bits = [
        bits_without_relatives(*each)
        for each in ((tuned, others, "model"), (copying, others, "model"), (tuned, others, "ngram_memory"))
    ]
    return [count(len(model) - len(others)), count(len(model)), count(len(others)), *bits]


def ablation(variant: str) -> Claim:
    def numbers(found: dict[str, Any]) -> list[str]:
        more = found["variants"][variant]["more_nats_than_as_it_is"]
        return [fixed(more[key], sign="+") for key in ("value", "low", "high")]

    return Claim(RESULTS, f"| {ABLATION[variant]} | {INTERVAL}", ("data/benchmarks/ablation.json",), numbers)


def harmonization(given: str) -> Iterator[Claim]:
    """The row of the given voices: the committed cross-entropy, and figures of the evaluation."""
    start = f"| {GIVEN[given]} | "
    yield Claim(
        RESULTS,
        start + "{} | {~} | " + MINUS,
        (metrics("chorales-harmony"),),
        lambda found: [fixed(found[f"nats_given_{given}"])],
    )

    def evaluated(found: dict[str, Any]) -> list[str]:
        figures = found["given"][given]
        ngram = figures["predictors"]["ngram"]["all"]["overall"]["nats_per_token"]
        errors = next((value for key, value in figures.items() if key.startswith(ERRORS) and value), None)
        rate = [] if given == "none" or errors is None else [fixed(errors["all"])]
        return [fixed(ngram), *interval(figures["intervals"]["model - ngram"]), *rate]

    end = " |" if given == "none" else " | {} |"
    yield Claim(RESULTS, start + "{~} | {} | " + INTERVAL + end, (evaluation("chorales-harmony"),), evaluated)


def kind(name: str) -> Claim:
    def numbers(found: dict[str, Any]) -> list[str]:
        row = found["harmonize"][name]
        nats = [row["valid_nats"], *(row["given"][given]["nats_per_token"] for given in ("none", "0"))]
        return [*(count(row[key]) for key in ("parameters", "epochs", "seconds")), *map(fixed, nats)]

    text = f"| {KINDS[name]} | {{}} | {{}} | {{}} | {{}} | {{}} | {{}} |"
    return Claim(RESULTS, text, ("data/benchmarks/chorales-harmonize.json",), numbers)


def cross_validation(label: str, experiment: str, predictor: str, compared: bool) -> Claim:
    def numbers(found: dict[str, Any]) -> list[str]:
        row, intervals = found["predictors"][predictor], found["intervals"]["nats_per_token"]
        change = interval(intervals[f"model - {predictor}"]) if compared else []
        return [fixed(row["nats_per_token"]), fixed(row["bits_per_onset"]), *change]

    end = f" | {INTERVAL} |" if compared else " | |"
    return Claim(RESULTS, f"| {label} | {{}} | {{}}{end}", (folds(experiment),), numbers)


def novelty(label: str, word: str) -> Claim:
    """The row of the predictor whose name has this word."""

    def named(found: dict[str, Any]) -> dict[str, Any]:
        return next(value for name, value in found["predictors"].items() if name == word or word in name)

    def numbers(found: dict[str, Any]) -> list[str]:
        areas, grams = named(found["statistics"]), named(found["novelty"])
        shared = [grams["n_grams"][n]["shared"] for n in ("8", "12")]
        cells = [[fixed(each["value"])] if word == "training" else interval(each) for each in shared]
        overlap = [fixed(areas[key]["overlapped_area"]) for key in ("interval", "duration")]
        own = [] if word == "held-out" else overlap
        return [*own, *cells[0], *cells[1], count(grams["longest"]["most"])]

    areas = "1 | 1" if word == "held-out" else "{} | {}"
    cell = "{}" if word == "training" else INTERVAL
    text = f"| {label} | {areas} | {cell} | {cell} | {{}} |"
    return Claim(RESULTS, text, (evaluation("chorales-copying"),), numbers)


def published(text: str, melodies: str, predictor: str) -> Claim:
    """A line of the output of ``python -m pipeline benchmark``: pitch bits per note of our n-grams."""
    source = ("data/benchmarks/ngram.json",)
    return Claim(RESULTS, text, source, lambda found: [fixed(found[melodies]["ours"][predictor])])


def ranked(text: str, experiment: str, predictor: str) -> Claim:
    """A line of the output of ``python -m pipeline benchmark``: bits per note onset with their interval."""
    source, key = (folds(experiment),), "intervals"
    return Claim(RESULTS, text, source, lambda found: interval(found[key]["bits_per_onset"][predictor]))


def agreement(comparison: str) -> Claim:
    corpus, reader, repeats = comparison.split("/")

    def numbers(found: dict[str, Any]) -> list[str]:
        row = found["comparisons"][comparison]
        return [count(row[key]) for key in ("pieces", "agree", "explained", "differ")]

    text = f"| {CORPORA[corpus]} | {READERS[reader]} | {repeats} | {{}} | {{}} | {{}} | {{}} |"
    return Claim(RESULTS, text, ("data/benchmarks/judges.json",), numbers)


def from_the_catalogue(corpus: str) -> Claim:
    """The row of a corpus, from its raw files to shards."""

    def numbers(found: dict[str, Any]) -> list[str]:
        row = found[corpus]
        rules = {key.split(": ")[1]: n for key, n in row["rejected"].items()}
        assert sorted(rules) == sorted(CATALOGUE[corpus]), corpus
        before = [
            *(row[key] for key in ("files", "pieces", "kept")),
            *(rules[rule] for rule in CATALOGUE[corpus]),
        ]
        after = [row[key] for key in ("families", "soft_relatives", "held_out", "seconds")]
        return [count(round(value)) for value in (*before, *after)]

    rejected = ", ".join(f"{{}} `{rule}`" for rule in CATALOGUE[corpus]) or "none"
    text = f"| `{corpus}` | {{}} | {{}} | {{}} | {rejected} | {{}} | {{}} of {{}} | {{}} |"
    return Claim(DATA, text, ("data/benchmarks/catalogue.json",), numbers)


def sizes(document: str, dataset: str) -> Claim:
    """The row of a data set: its pieces, and in the README its steps."""

    def numbers(found: dict[str, Any]) -> list[str]:
        keys = ("examples", "steps") if document == README else ("examples",)
        return [count(sum(split[key] for split in found["examples"].values())) for key in keys]

    contents, grid = CONTENTS[dataset]
    row = f"| `{dataset}` | {contents} | {grid} | {{}} | {{}} |"
    text = row if document == README else f"| `{dataset}` | {IN_DATA[dataset]}, {{}} pieces | {grid} |"
    return Claim(document, text, (card(dataset),), numbers)


def accounts(shards: dict[str, Any], *rejected: pd.DataFrame) -> list[str]:
    """Pieces read, encoded and rejected."""
    encoded = sum(split["examples"] for split in shards["examples"].values())
    without = sum(table.piece_id.nunique() for table in rejected)
    return [count(encoded + without), count(encoded), count(without)]


def pieces_read(label: str, corpus: str) -> Claim:
    source = (f"data/notes/{corpus}.parquet",)
    return Claim(README, f"| {label} | {{}} |", source, lambda found: [count(found.piece_id.nunique())])


def by_position(found: dict[str, Any]) -> list[str]:
    bits = found["by_place"]["bits_per_onset"]["model"]
    return [fixed(bits[0], 2), fixed(bits[-1], 2)]


def random_split(found: dict[str, Any]) -> list[str]:
    tested = [corpus["test"] for corpus in found["split"]["leaks_by_kind"]["random"].values()]
    return [count(sum(each[key] for each in tested)) for key in ("hard", "pieces")]


CLAIMS: list[Claim] = [
    Claim(
        README,
        "the model `melodies` needs {} bits per note onset, the n-gram with memory {}.",
        (metrics("melodies"),),
        lambda found: [fixed(found["bits_per_onset"]), fixed(found["ngram_memory"])],
    ),
    Claim(
        README,
        "our n-gram reaches {} bits per pitch; the best hybrid of Pearce (2005) has {}",
        ("data/benchmarks/ngram.json",),
        lambda found: [
            fixed(found["kinder"]["ours"]["mixed"]),
            fixed(found["kinder"]["published"]["hybrid_of_pearce"]),
        ],
    ),
    Claim(README, "{} of {} test tunes share {~} intervals", (card("melodies"),), random_split),
    Claim(
        README,
        "{} pieces are read for `melodies`: {} are in its shards, {} in tables",
        (card("melodies"), *REJECTED),
        accounts,
    ),
    *(pieces_read(label, corpus) for label, corpus in BUNDLED),
    *(sizes(README, dataset) for dataset in DATA_SETS),
    *(sizes(DATA, dataset) for dataset in DATA_SETS),
    Claim(DATA, "shared n-gram for {} of {} test pieces", (card("melodies"),), random_split),
    *(claim for experiment in KIND_AND_DATA_SET for claim in likelihood(experiment)),
    *map(optional, OPTIONAL),
    Claim(
        RESULTS,
        "{} of the {} chorales have a soft relative (a similar melodic outline or the same title) in "
        "the corpora on which `chorales-from-melodies` was pretrained. On the other {} it needs {} bits "
        "per note onset, `chorales-copying` {}, the n-gram with memory {}.",
        tuple(
            f"data/evaluations/{name}/pieces.parquet"
            for name in ("chorales-from-melodies", "chorales-copying")
        ),
        without_relatives,
    ),
    *map(ablation, ABLATION),
    *(claim for given in GIVEN for claim in harmonization(given)),
    *map(kind, KINDS),
    Claim(
        RESULTS,
        "it falls from {} bits per note onset in the first tenth of the second half to {} in the last",
        (evaluation("melodies"),),
        by_position,
    ),
    novelty("training tunes, each against the others", "training"),
    novelty("the true continuations", "held-out"),
    novelty("model", "model"),
    novelty("Markov chain of order 3", "markov"),
    *(cross_validation(*row) for row in FOLDED),
    *map(agreement, COMPARISONS),
    *map(from_the_catalogue, CATALOGUE),
    *POP909_CLAIMS,
    *(published(*row) for row in PITCH),
    *(ranked(*row) for row in RANKED),
    *CHORD_CLAIMS,
]


def main() -> None:
    for claim, found, expected in mismatches(CLAIMS):
        print(f"{claim.document}: {claim.text}\n  found    {found}\n  expected {expected}")
        print(f"  from {', '.join(claim.sources)}")
        if "--write" in sys.argv:
            write(claim, expected)


if __name__ == "__main__":
    main()
