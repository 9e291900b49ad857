"""Breakdowns of likelihood: by position in the piece, by size of the tune family, calibration.

All are computed from each predictor's surprisal of each token, which ``surprisal.parquet``
contains for other analyses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipeline.evaluation.metrics.calibration import reliability
from pipeline.evaluation.metrics.surprisal import ONSET, STOPS, Surprisal

# one row per piece and predictor; lists have one value per predicted token, STOP included
SURPRISAL = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("predictor", pa.string(), nullable=False),
        ("nats", pa.list_(pa.float32())),
        ("pitch_nats", pa.list_(pa.float32())),
        ("confidence", pa.list_(pa.float32())),
        ("hit", pa.list_(pa.bool_())),
    ]
)
PLACES = 10
SIZES = {"1": (1, 1), "2 or 3": (2, 3), "4 to 9": (4, 9), "10 and more": (10, 1 << 30)}

Found = Mapping[str, Sequence[Surprisal]]


def surprisal_table(pieces: Sequence[str], found: Found) -> pa.Table:
    """Rows of SURPRISAL.

    Args:
        pieces: names of the pieces.
        found: surprisals by predictor, in the order of the pieces.
    """
    kept = ("nats", "pitch_nats", "confidence", "hit")
    return pa.Table.from_pylist(
        [
            {"piece_id": piece, "predictor": name, **{column: getattr(each, column) for column in kept}}
            for name, of_pieces in found.items()
            for piece, each in zip(pieces, of_pieces, strict=True)
        ],
        schema=SURPRISAL,
    )


def by_place(found: Found) -> dict[str, Any]:
    """Bits per onset in each tenth of the targets.

    Returns:
        ``{"onsets": [...], "bits_per_onset": {predictor: [...]}}``, PLACES numbers each;
        null where no note begins.
    """
    onsets = np.zeros(PLACES)
    bits: dict[str, list[float | None]] = {}
    for name, of_pieces in found.items():
        onsets, nats = np.zeros(PLACES), np.zeros(PLACES)
        for piece in of_pieces:
            tokens = piece.kind != STOPS
            place = np.arange(tokens.sum()) * PLACES // max(int(tokens.sum()), 1)
            onsets += np.bincount(place, weights=piece.kind[tokens] == ONSET, minlength=PLACES)
            nats += np.bincount(place, weights=piece.nats[tokens], minlength=PLACES)
        bits[name] = [
            cost / np.log(2) / count if count else None for cost, count in zip(nats, onsets, strict=True)
        ]
    return {"onsets": onsets.astype(int).tolist(), "bits_per_onset": bits}


def by_family_size(table: pa.Table, families: Sequence[str]) -> dict[str, Any]:
    """Bits per onset by the number of pieces of a tune family in the data set.

    A split never divides a family: the relatives of a test piece are test pieces, too.

    Args:
        table: of ``likelihood.PIECES``.
        families: the tune family of every row of the data set, of all splits.

    Returns:
        ``{size: {"n_pieces": n, "n_families": m, "bits_per_onset": {predictor: bits}}}``,
        sizes that occur.
    """
    names, counts = np.unique(np.asarray(families), return_counts=True)
    size_of = dict(zip(names.tolist(), counts.tolist(), strict=True))
    columns = {name: table[name].to_numpy() for name in ("predictor", "tune_family", "n_onset")}
    nats = sum(table[f"{name}_nats"].to_numpy() for name in ("onset", "tied", "silence"))
    size = np.array([size_of[family] for family in columns["tune_family"]])
    found: dict[str, Any] = {}
    for label, (least, most) in SIZES.items():
        inside = (size >= least) & (size <= most)
        if not inside.any():
            continue
        bits = {}
        for name in dict.fromkeys(columns["predictor"].tolist()):
            own = inside & (columns["predictor"] == name)
            bits[name] = float(nats[own].sum() / np.log(2) / columns["n_onset"][own].sum())
        found[label] = {
            "n_pieces": int(own.sum()),
            "n_families": len(set(columns["tune_family"][own])),
            "bits_per_onset": bits,
        }
    return found


def calibration(found: Found) -> dict[str, Any]:
    """Calibration of each predictor, for tokens and for pitches.

    Returns:
        ``{"tokens" | "pitches": {predictor: {"error": e, "n": [...], "confidence": [...],
        "accuracy": [...]}}}``. Tokens: all tokens but STOP. Pitches: of notes that begin,
        given that one begins. Null where a bin is empty.
    """
    by_token, by_pitch = {}, {}
    for name, of_pieces in found.items():
        kind = _joined(of_pieces, "kind")
        tokens, begins = kind != STOPS, kind == ONSET
        by_token[name] = _reliability(
            _joined(of_pieces, "confidence")[tokens], _joined(of_pieces, "hit")[tokens]
        )
        by_pitch[name] = _reliability(
            _joined(of_pieces, "pitch_confidence")[begins], _joined(of_pieces, "pitch_hit")[begins]
        )
    return {"tokens": by_token, "pitches": by_pitch}


def _reliability(confidence: NDArray[Any], hit: NDArray[Any]) -> dict[str, Any]:
    found = reliability(confidence, hit)
    means = {
        name: [None if np.isnan(value) else float(value) for value in getattr(found, name)]
        for name in ("confidence", "accuracy")
    }
    return {"error": found.error, "n": found.n.tolist(), **means}


def _joined(of_pieces: Sequence[Surprisal], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(piece, name) for piece in of_pieces])
