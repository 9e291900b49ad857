"""Small files as the stages write them, for tests of the report, and the text of a section."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.core import vocabulary
from pipeline.core.accounting import Count, Rejection
from pipeline.core.files import write_json, write_text
from pipeline.core.rejections import write_rejections
from pipeline.core.schemas import GRIDS, SPLITS
from pipeline.core.tables import write_table
from pipeline.evaluation.samples import Sample, write_samples
from pipeline.models.base.examples import cut_at_note, give_voices
from pipeline.report.results.attention import MEASURES
from pipeline.report.results.harmonization import MEANINGS
from pipeline.report.results.predictors import PREDICTORS
from tests.helpers.melodies import ENTCHEN
from tests.helpers.passages import figures_of_passages

NAMES = """
bits_per_onset rhythm_bits_per_onset pitch_bits_per_onset silence_bits_per_onset nats_per_token
bits_per_token stop_bits_per_piece onset_accuracy tied_accuracy
""".split()
FIGURES = {**dict.fromkeys(NAMES, 1.25), "n_pieces": 7}
GROUPS = {"all": {"overall": FIGURES, "corpora": {"songs": FIGURES}}, "without_soft_relatives": None}
PARAMS: dict[str, Any] = {
    "corpora": {"songs": {}},
    "datasets": {"tunes": {"corpora": ["songs"]}},
    "experiments": {
        "first": {
            "dataset": "tunes",
            "task": {"kind": "continue"},
            "init_from": "scratch",
            "model": {"kind": "lstm"},
            "training": {"seed": 1},
        },
        "learned": {
            "dataset": "tunes",
            "task": {"kind": "continue"},
            "init_from": "scratch",
            "model": {"kind": "lstm"},
            "training": {"seed": 1},
        },
        "choir": {
            "dataset": "tunes",
            "task": {"kind": "harmonize", "given": "any"},
            "init_from": "scratch",
            "model": {"kind": "stepwise"},
            "training": {"seed": 1},
        },
    },
}
VERSIONS = {"torch": "2.13.0"}


def likeness(f1: float | None) -> dict[str, Any]:
    """Figures of continuations at one horizon."""
    spread = f1 and {"value": f1, "low": f1 - 0.125, "high": f1 + 0.125}
    scores = dict.fromkeys(("pitch_overlap", "pitch_class_overlap", "edit_share"), 0.5)
    return {"n_pieces": 7, "n_undefined": 1, "f1": f1, "f1_interval": spread, **scores}


def sides_of_likelihood() -> dict[str, Any]:
    """Figures by place, by size of the family, and of calibration."""
    bins = {"error": 0.0625, "n": [30, 0, 40], "confidence": [0.25, None, 0.75], "accuracy": [0.5, None, 1]}
    return {
        "by_place": {
            "onsets": [4] * 9 + [0],
            "bits_per_onset": dict.fromkeys(PREDICTORS, [2.5] * 9 + [None]),
        },
        "by_family_size": {
            "2 or 3": {"n_pieces": 7, "n_families": 3, "bits_per_onset": dict.fromkeys(PREDICTORS, 2.75)}
        },
        "calibration": dict.fromkeys(("tokens", "pitches"), dict.fromkeys(PREDICTORS, bins)),
    }


def harmonizer(folder: Path) -> None:
    """A chorale of two beats, its alto predicted from the other voices."""
    symbols = [72, 67, 64, 48, 200, 65, 192, 176]
    tokens = [vocabulary.START, *symbols, vocabulary.STOP]
    row = {
        **{
            "piece_id": "songs/choral",
            "corpus": "songs",
            "title": None,
            "relative_of": None,
            "relation": None,
            "likeness": None,
        },
        **{"voices": 4, "steps_per_quarter": 1, "steps_per_bar": None, "transposition": 0, "key_fifths": 0},
        "step_in_bar": [],
    }
    example = give_voices(tokens, [0, 2, 3], 4)
    other = np.array([72, 69, 64, 48, 200, 197, 192, 176, vocabulary.STOP], np.uint16)
    sample = Sample(row, example, {"greedy": example.target, "sampled": other})
    write_json(folder / "samples.json", write_samples(folder / "samples", [sample]))
    overall = {"all": {"overall": {"nats_per_token": 0.375}}}
    figures = {
        "dataset": "tunes",
        "split": "test",
        "n_pieces": 1,
        "given": {
            "0+2+3": {
                "given": [0, 2, 3],
                "predictors": dict.fromkeys(("model", "ngram", "copy"), overall),
                "intervals": {"model - ngram": {"value": -0.25, "low": -0.5, "high": -0.125}},
                "errors": {"model": {"all": 0.125, "1": 0.125}},
                "greedy_errors": {"all": 0.625, "1": 0.625},
            }
        },
        "voice_leading": {
            "given": [0, 2, 3],
            "per_hundred_chords": {
                who: {"chords": 2, **dict.fromkeys(MEANINGS, rate)}
                for who, rate in (
                    ("original", 0.25),
                    ("model, greedy decoding", 1.25),
                    ("model", 1.5),
                )
            },
        },
    }
    write_json(folder / "figures.json", figures)


def samples(folder: Path) -> list[dict[str, Any]]:
    """One tune, continued exactly and in another way."""
    row = {
        **{
            "piece_id": "songs/ente",
            "corpus": "songs",
            "title": "Ente & <Enterich>",
            "relative_of": None,
            "relation": None,
            "likeness": None,
        },
        **{"voices": 1, "steps_per_quarter": 1, "steps_per_bar": 4, "transposition": 0, "key_fifths": 0},
        "step_in_bar": [step % 4 for step in range(len(ENTCHEN) - 2)],
    }
    example = cut_at_note(ENTCHEN, 0.5)
    held = np.array([67, 195, 195, 195, 195, 60, vocabulary.STOP], np.uint16)
    return write_samples(folder, [Sample(row, example, {"greedy": example.target, "sampled": held})])


IN_C = {"meter": "4/4", "key_fifths": 0, "key_mode": "major"}


def grid_row(piece_id: str, tokens: list[int], voices: int = 1, **about: object) -> dict[str, Any]:
    """A row of the grids: one step per quarter note."""
    grid = vocabulary.decode([vocabulary.START, *tokens, vocabulary.STOP], voices)
    return {
        **dict.fromkeys(GRIDS.names),
        **{"piece_id": piece_id, "corpus": "songs", "voices": voices, "n_steps": grid.n_steps},
        **{"steps_per_quarter": 1, "pitch": grid.pitch.ravel().tolist(), "tied": grid.tied.ravel().tolist()},
        **about,
    }


def write_pieces(folder: Path) -> None:
    """Grids of a tune, its relative, a chorale and a rejected piece, and the splits of those kept."""
    rows = [
        grid_row("songs/<bad>", [60, 64, 67]),
        grid_row("songs/choral", [72, 67, 64, 48, 200, 65, 192, 176], voices=4),
        grid_row(
            "songs/ente",
            ENTCHEN[1:-1],
            title="Ente & <Enterich>",
            meter="4/4",
            key_fifths=0,
            key_mode="major",
        ),
        grid_row("songs/twin", [72, 62, 64, 192, 62, 55, 67], title="Twin", meter="2/4"),
    ]
    write_table(folder / "grids/tunes.parquet", pa.Table.from_pylist(rows, schema=GRIDS), GRIDS)
    splits = [
        {
            **dict.fromkeys(SPLITS.names),
            "piece_id": name,
            "corpus": "songs",
            "tune_family": "a",
            "split": split,
        }
        for name, split in (("songs/choral", "test"), ("songs/ente", "test"), ("songs/twin", "train"))
    ]
    write_table(folder / "splits/tunes.parquet", pa.Table.from_pylist(splits, schema=SPLITS), SPLITS)


def write_data(folder: Path) -> None:
    """The small files below data/ that the page is made of."""
    for stage, name in (
        ("parse", "songs"),
        *((stage, "tunes") for stage in ("quantize", "filter", "encode")),
    ):
        rejections = (
            [Rejection("songs/<bad>", "too_few_notes", value=3, limit=8)] if stage == "filter" else []
        )
        counts = {"songs": Count(9, 9 - len(rejections), len(rejections))}
        write_rejections(folder / f"rejected/{stage}/{name}.parquet", stage, rejections, counts)
    write_pieces(folder)
    audit = {
        "settings": {"kind": "family"},
        "pieces": {"train": 5, "valid": 1, "test": 2},
        "share_a_run_with_train": {"test": 0},
        "soft_relatives_in_train": {
            "test": {"any": 1, "skeleton": 1, "title": 0, "contained": 0, "alignment": 0}
        },
        "leaks_by_kind": {
            "family": {"songs": {"test": {"pieces": 2, "hard": 0, "soft": 1, "either": 1}}},
            "random": {
                "songs": {"test": {"pieces": 3, "hard": 2, "soft": 1, "either": 2}},
                "dances": {"test": {"pieces": 5, "hard": 2, "soft": 0, "either": 2}},
            },
        },
        "largest_families": [
            {"tune_family": "abc", "size": 2, "pieces": [{"piece_id": "songs/1", "title": "Twin"}]}
        ],
    }
    card = {
        "voices": 1,
        "steps_per_quarter": 4,
        "examples": {"train": {"examples": 5, "steps": 50, "notes": 40}},
        "corpora": {"songs": {"licences": ["CC0-1.0"], "citations": ["Us"]}},
        "split": audit,
        "meters": {"4/4": 6, "none": 2},
        "distributions": {
            "pitch": [[60, 30], [62, 10]],
            "duration": [[1, 10], [4, 30]],
            "interval": [[-2, 20], [2, 12]],
            "length": [[16, 8]],
        },
        "keys": [
            {"corpus": "songs", "written": "G major", "used": "A minor", "found_by": "tonic", "pieces": 4},
            {"corpus": "songs", "written": "D major", "used": "A minor", "found_by": "tonic", "pieces": 3},
            {"corpus": "songs", "written": "2 sharps", "used": "unknown", "found_by": "none", "pieces": 1},
        ],
    }
    write_json(folder / "cards/tunes/card.json", card)
    figures = {
        "dataset": "tunes",
        "split": "test",
        "cut": 0.5,
        "baselines": {"ngram": {"order": None}, "ngram_memory": {"mixing_b": 1.5}},
        "predictors": dict.fromkeys(PREDICTORS, GROUPS),
        "bits_per_onset_intervals": {
            "model - ngram": {"value": -0.5, "low": -0.75, "high": -0.25},
            "model - ngram_memory": {"value": 0.5, "low": 0.25, "high": 0.75},
        },
        "samples": {"n_samples": 4, "n_exact": 3},
        "continuations": {
            "samples": 10,
            "markov_order": 3,
            "predictors": {
                "model": {"4": likeness(0.375), "10": likeness(0.4375)},
                "repeat the prompt": {"4": likeness(None), "10": likeness(0.25)},
            },
        },
        **figures_of_passages(),
        **sides_of_likelihood(),
    }
    mean = {"rows": 9, "found": 0.625, "uniform": 0.0625}
    undefined = {"rows": 0, "found": None, "uniform": None}
    measures = {**dict.fromkeys(MEASURES, mean), "distance_bars": undefined}
    figures["attention"] = {
        "pieces": 7,
        "like_intervals": 3,
        "measures": {"attention": {"all": measures, "onsets": measures}},
        "components": {
            "vocabulary": {
                rows: {"mixture_weight": 0.1875, "responsibility": 0.8125} for rows in ("all", "onsets")
            }
        },
    }
    nearest = {"piece_id": "songs/ente", "title": "Ente & <Enterich>", "decoding": "sampled", "longest": 3}
    nearest |= {"longest_in_prompt": 1, "nearest": "songs/twin", "nearest_title": "Twin", "n_holders": 1}
    figures["novelty"]["samples"].append(nearest)
    write_json(folder / "evaluations/first/figures.json", figures)
    write_json(folder / "evaluations/learned/figures.json", {**figures, "split": "train"})
    attention = [
        {
            "piece_id": "songs/1",
            "title": "Twin",
            "voices": 1,
            "source": [60, 62],
            "target": [64, 257],
            "notes": [[0, 1, 60], [1, 2, 62], [2, 3, 64]],
            "bars": [0, 2],
            "weights": {"attention": [[1, 0, 0], [0, 0.5, 0.5]], "pitch": [[0, 1, 0], [0, 0.5, 0.5]]},
            "mixture_weights": {"vocabulary": [0.5, 0.5], "pitch": [0.5, 0.5]},
            "responsibilities": {"vocabulary": [0.25, 0.75], "pitch": [0.75, 0.25]},
        }
    ]
    write_json(folder / "evaluations/first/attention.json", attention)
    for name in ("first", "learned"):
        own = folder / "evaluations" / name
        write_json(own / "samples.json", samples(own / "samples"))
        write_json(folder / f"metrics/{name}.json", {"exact": int(name == "learned")})
    harmonizer(folder / "evaluations/choir")
    write_text(folder / "plots/choir/learning.csv", "epoch,train_nats,valid_nats\n1,2.0,2.5\n")
    for name in ("first", "learned"):
        write_text(
            folder / f"plots/{name}/learning.csv", "epoch,train_nats,valid_nats\n1,2.0,2.5\n2,1.0,2.25\n"
        )


def rows_of(body: str) -> list[str]:
    """The lines of a section of the page without its markup and charts."""
    text = re.sub(r"<[^>]+>", " ", re.sub(r"<svg.*?</svg>", "", body, flags=re.DOTALL))
    return [" ".join(line.split()) for line in text.splitlines()]
