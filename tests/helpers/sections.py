"""Complete sections of params.yaml for small projects, independent of the user's own file."""

from __future__ import annotations

import copy
from typing import Any

from tests.helpers.reading import LIMITS, READ

Section = dict[str, Any]

ENGINE: Section = {"kind": "serial", "workers": 1, "address": None}
FAMILIES: Section = {"family_run": 16, "soft": {}}
QUANTIZE: Section = {
    "parts": {"default": ["top"]},
    "steps_per_quarter": 1,
    "chords": "top",
    "rests": "symbol",
    "edge_silence": "trim",
    "min_rest": None,
    "split_at_phrase_ends": False,
    "on_inexact": "round",
    "grid": "auto",
    "move_tolerance": 0.2,
}
FILTER: Section = {
    "min_notes": 8,
    "max_notes": None,
    "min_steps": None,
    "max_steps": None,
    "min_distinct_pitches": None,
    "min_range": None,
    "max_range": None,
    "max_silence_steps": None,
    "max_silence_share": None,
    "max_moved_share": None,
    "max_error_ticks": None,
    "max_collapsed_share": None,
    "max_covered": None,
    "meters": None,
    "regions": None,
    "tune_types": None,
    "licences": None,
    "duplicates": "keep",
}
SPLIT: Section = {"kind": "family", "seed": 1, "valid": 0.2, "test": 0.2}
ENCODE: Section = {
    "key": {"default": "signature"},
    "transpose": "c_major_a_minor",
    "max_rows_per_shard": 1000,
}
CONTINUE: Section = {"kind": "continue", "cut": 0.5, "min_cut": 0.1, "max_cut": 0.5}
HARMONIZE: Section = {"kind": "harmonize", "given": "any"}
LSTM: Section = {
    "kind": "lstm",
    "input": "embedding",
    "attention": "dot",
    "attention_size": 8,
    "embedding_size": 8,
    "hidden_size": 8,
    "layers": 1,
    "bidirectional": False,
    "dropout": 0.0,
}
COPYING: Section = {
    "kind": "copying",
    "embedding_size": 8,
    "hidden_size": 8,
    "layers": 1,
    "attention_size": 8,
    "copies": ["pitch", "interval"],
    "matches": True,
    "bars": True,
    "dropout": 0.0,
}
STEPWISE: Section = {
    "kind": "stepwise",
    "embedding_size": 4,
    "hidden_size": 4,
    "layers": 1,
    "dropout": 0.0,
}
TRAINING: Section = {
    "seed": 1,
    "epochs": 1,
    "batch_tokens": 1024,
    "max_piece_tokens": 16384,
    "learning_rate": 0.005,
    "warmup": 0.1,
    "schedule": "linear",
    "clip_norm": 1.0,
    "teacher_forcing": 1.0,
    "label_smoothing": 0.0,
    "ema_decay": 0.0,
    "patience": 0,
    "transpose_semitones": 0,
    "precision": "float32",
    "checkpoint_seconds": 30,
    "device": "cpu",
    "threads": 2,
}
CONTINUE_EVALUATION: Section = {
    "cut": 0.5,
    "ngram_order": 2,
    "ngram_mixing_b": 1.5,
    "scores": 1,
    "continued_pieces": 300,
    "continuation_samples": 10,
    "temperature": 1.0,
    "seed": 1,
    "sample_temperature": 1.0,
    "sample_top_p": 1.0,
    "repetition_nats": 1.0,
    "voice_leading": "default",
    "save_attention": True,
    "device": "cpu",
    "threads": 1,
}
HARMONIZE_EVALUATION: Section = {
    "given": [[]],
    "ngram_order": 8,
    "scores": 1,
    "temperature": 1.0,
    "voice_leading": "default",
    "beam": 2,
    "seed": 1,
    "device": "cpu",
    "threads": 1,
}


def corpus(folder: str) -> Section:
    """A corpus of the user's own scores."""
    source = {"kind": "folder", "path": folder, "licence": "CC0-1.0", "citation": "us"}
    return {
        "watch": folder,
        "source": source,
        "read": READ.model_dump(),
        "limits": LIMITS.model_dump(),
    }


def dataset(*corpora: str) -> Section:
    """A data set of these corpora, one voice, one step per quarter note."""
    notes = f"data/notes/{corpora[0]}.parquet" if len(corpora) == 1 else "data/notes"
    return {
        "notes": notes,
        "corpora": list(corpora),
        "quantize": copy.deepcopy(QUANTIZE),
        "filter": copy.deepcopy(FILTER),
        "split": copy.deepcopy(SPLIT),
        "encode": copy.deepcopy(ENCODE),
    }


def continuing(dataset: str, init_from: str = "scratch") -> Section:
    """An experiment with a tiny LSTM that continues pieces."""
    return {
        "dataset": dataset,
        "task": copy.deepcopy(CONTINUE),
        "init_from": init_from,
        "model": copy.deepcopy(LSTM),
        "training": copy.deepcopy(TRAINING),
        "evaluation": copy.deepcopy(CONTINUE_EVALUATION),
    }


def harmonizing(dataset: str) -> Section:
    """An experiment with a tiny model that harmonizes."""
    return {
        "dataset": dataset,
        "task": copy.deepcopy(HARMONIZE),
        "init_from": "scratch",
        "model": copy.deepcopy(STEPWISE),
        "training": copy.deepcopy(TRAINING),
        "evaluation": copy.deepcopy(HARMONIZE_EVALUATION),
    }
