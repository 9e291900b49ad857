"""Invariances: outputs do not depend on the order of rows, the hash seed, or later pieces."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.settings import parse_section
from pipeline.datasets.quantize import quantize
from pipeline.datasets.splits import SPLIT, split_pieces
from tests.helpers.data_sets import SPLIT_BY_FAMILY, data_set, families_of
from tests.helpers.families import motifs, of_motifs
from tests.helpers.notes_text import notes_table, part
from tests.helpers.random_music import Music, brief, music, quantizing


@brief
@given(pieces=st.lists(music(), min_size=2, max_size=6), dice=st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_no_byte(pieces: list[Music], dice: st.DataObject) -> None:
    rows = [row for n, piece in enumerate(pieces) for row in piece.rows(f"songs/{n}")]
    shuffled = list(rows)
    dice.shuffle(shuffled)
    with tempfile.TemporaryDirectory() as folder:
        ordered = data_set(notes_table(*rows), Path(folder))
        assert data_set(notes_table(*shuffled), Path(folder)) == ordered


@brief
@given(pieces=st.lists(music(), min_size=2, max_size=6), portion=st.integers(1, 3))
def test_the_number_of_pieces_at_once_changes_no_row(pieces: list[Music], portion: int) -> None:
    notes = notes_table(*(row for n, piece in enumerate(pieces) for row in piece.rows(f"songs/{n}")))
    options = quantizing(1, 2, rests="split", min_rest=2, edge_silence="trim")
    whole = quantize(notes, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.datasets.columns.chunks.ROWS_AT_ONCE", portion)
        cut = quantize(notes, options)
    assert cut.grids.equals(whole.grids)
    assert (cut.incoming, cut.kept, cut.rejections) == (whole.incoming, whole.kept, whole.rejections)


def test_the_hash_seed_changes_no_byte() -> None:
    """Each digest is computed in a new Python process, as in a stage."""
    program = (
        "import tempfile, pathlib; from tests.helpers.data_sets import data_set; "
        "from tests.helpers.notes_text import notes_table, part; "
        "rows = [part(f'songs/{i}', ' '.join(f'{60 + (j * j + i) % 12}:1' for j in range(30))) "
        "for i in range(9)]; "
        "folder = tempfile.TemporaryDirectory(); "
        "print(data_set(notes_table(*rows), pathlib.Path(folder.name)))"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert "tokens" in runs[0]


def splits_of(families: pa.Table) -> dict[str, str]:
    table = split_pieces(
        families["piece_id"].to_pylist(), families, parse_section(SPLIT, SPLIT_BY_FAMILY, "split")
    ).rows
    return dict(zip(table["piece_id"].to_pylist(), table["split"].to_pylist(), strict=True))


def members(families: pa.Table) -> dict[str, frozenset[str]]:
    """The members of the family of each piece."""
    ids, names = families["piece_id"].to_pylist(), families["tune_family"].to_pylist()
    found: dict[str, set[str]] = {}
    for piece, name in zip(ids, names, strict=True):
        found.setdefault(name, set()).add(piece)
    return {piece: frozenset(found[name]) for piece, name in zip(ids, names, strict=True)}


@brief
@given(old=st.lists(motifs, min_size=2, max_size=12), new=st.lists(motifs, min_size=1, max_size=12))
def test_a_new_corpus_moves_only_pieces_whose_family_grew(old: list[list[int]], new: list[list[int]]) -> None:
    here = [part(f"old/{i}", of_motifs(numbers)) for i, numbers in enumerate(old)]
    there = [part(f"new/{i}", of_motifs(numbers)) for i, numbers in enumerate(new)]
    before, after = families_of(notes_table(*here)), families_of(notes_table(*here, *there))
    was, now = splits_of(before), splits_of(after)
    small, grown = members(before), members(after)
    for piece in was:
        if was[piece] != now[piece]:
            assert small[piece] < grown[piece]
