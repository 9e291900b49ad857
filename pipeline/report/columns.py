"""Columns of other stages' tables as the report reads them: optional ones, and names for people.

A table of an older run may lack a column; the report then shows nothing in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.core.tables import readable

OPTIONAL = {
    "tune_type": "tune type",
    "composer": "composer",
    "region": "region",
    "origin": "origin",
    "tempo_qpm": "tempo, quarter notes per minute",
}
TONICS = "Fb Cb Gb Db Ab Eb Bb F C G D A E B F# C# G# D# A# E# B#".split()
C_MAJOR = TONICS.index("C")
FIFTHS_OF_MODE = {
    **{"major": 0, "ionian": 0, "mixolydian": 1, "dorian": 2},
    **{"minor": 3, "aeolian": 3, "phrygian": 4, "locrian": 5, "lydian": -1},
}


def read_columns(
    path: Path, names: Sequence[str], piece_ids: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """Rows of a table, reduced to some columns.

    Args:
        path: a Parquet file.
        names: column names; a column that the table lacks is None in every row.
        piece_ids: of the rows to read; None: all.
    """
    with readable(path), pq.ParquetFile(path) as file:
        present = [name for name in names if name in file.schema_arrow.names]
        rows = file.read(columns=list(dict.fromkeys(["piece_id", *present])))
    if piece_ids is not None:
        rows = rows.filter(pc.is_in(rows["piece_id"], pa.array(sorted(set(piece_ids)), pa.string())))
    missing = dict.fromkeys(set(names) - set(present))
    return [{**missing, **row} for row in rows.to_pylist()]


def column_names(path: Path) -> list[str]:
    """Names of the columns of a Parquet file."""
    with readable(path):
        return list(pq.read_schema(path).names)


def key_name(fifths: int | None, mode: str | None) -> str:
    """A key as it is written: "G major", or "2 sharps" where no mode is known."""
    if fifths is None:
        return ""
    if mode in FIFTHS_OF_MODE:
        tonic = C_MAJOR + fifths + FIFTHS_OF_MODE[mode]
        if 0 <= tonic < len(TONICS):
            return f"{TONICS[tonic].replace('b', '♭').replace('#', '♯')} {mode}"
    if fifths == 0:
        return "no sharps or flats"
    return f"{abs(fifths)} {'sharp' if fifths > 0 else 'flat'}{'' if abs(fifths) == 1 else 's'}"


def facts(row: Mapping[str, Any]) -> list[str]:
    """Time signature, key and other facts of a row, as short texts."""
    found = [row.get("meter"), key_name(row.get("key_fifths"), row.get("key_mode"))]
    found += [row.get(name) for name in ("tune_type", "composer", "region") if name in row]
    if row.get("tempo_qpm"):
        found.append(f"{row['tempo_qpm']:g} quarter notes per minute")
    return [str(each) for each in found if each]


def split_in_use(card: Mapping[str, Any]) -> str:
    """The kind of the split of a data set, as `relatives_by_split` names it: "family, embargo"."""
    settings = card["split"]["settings"]
    return str(settings["kind"]) + ("" if settings.get("embargo", "none") == "none" else ", embargo")


def relatives_by_split(card: Mapping[str, Any]) -> dict[str, dict[str, int]]:
    """Test pieces of a data set and those with a relative in training, by kind of split.

    Returns:
        By kind (family; family, embargo; random; published): ``pieces``, ``hard`` (share a run of intervals),
        ``soft`` (likely variants) and ``either``.
    """
    found: dict[str, dict[str, int]] = {}
    for kind, corpora in card["split"].get("leaks_by_kind", {}).items():
        counts = [by_split["test"] for by_split in corpora.values()]
        names = counts[0] if counts else {}
        found[kind] = {name: sum(count[name] for count in counts) for name in names}
    return found
