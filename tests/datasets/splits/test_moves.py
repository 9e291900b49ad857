"""Messages about pieces that moved to another split since the last run."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipeline.core.files import write_json
from pipeline.core.schemas import FAMILIES, SPLITS
from pipeline.core.tables import write_table
from pipeline.datasets.splits import split_pieces
from pipeline.datasets.splits.moves import MOVES_LISTED, find_moves, last_split, tell
from tests.helpers.families import by, families, many, motifs, of_motifs, settings, tune, walk
from tests.helpers.notes_text import part
from tests.helpers.random_music import brief


def split(*rows: dict[str, Any]) -> pa.Table:
    known = families(*rows)
    return split_pieces(known["piece_id"].to_pylist(), known, settings()).rows


def joined_to(number: int, tail: int) -> dict[str, Any]:
    """A tune that begins as a/``number`` of ``many`` and continues differently."""
    return part("b/new", tune([*walk(number * 7 + 3), *walk(tail, 12)]))


def test_a_move_caused_by_a_new_relative_is_reported() -> None:
    before = split(*many(30))
    was = dict(zip(before["piece_id"].to_pylist(), before["split"].to_pylist(), strict=True))
    moved = []
    for tail in range(60):
        moves = find_moves(before, split(*many(30), joined_to(4, tail)))
        assert all(move.piece_id == "a/4" for move in moves)
        moved += moves
    assert {move.was for move in moved} == {was["a/4"]}
    assert was["a/4"] not in {move.now for move in moved}
    assert {(move.relatives_before, move.relatives_now) for move in moved} == {(0, 1)}
    assert tell(moved[:1]) == [
        "1 piece moved since the last run, because its tune family changed",
        f"  a/4: {moved[0].was} → {moved[0].now} (relatives: 0 before, 1 now)",
    ]


def test_unrelated_pieces_move_no_piece() -> None:
    assert (
        find_moves(split(*many(30)), split(*many(30), *many(30, "b")[:0], part("b/1", tune(walk(999))))) == []
    )
    assert tell([]) == []


@brief
@given(old=st.lists(motifs, min_size=2, max_size=12), new=st.lists(motifs, min_size=1, max_size=12))
def test_exactly_the_moved_pieces_are_reported(old: list[list[int]], new: list[list[int]]) -> None:
    here = [part(f"old/{i}", of_motifs(numbers)) for i, numbers in enumerate(old)]
    there = [part(f"new/{i}", of_motifs(numbers)) for i, numbers in enumerate(new)]
    before, after = split(*here), split(*here, *there)
    was, now = (dict(table.select(["piece_id", "split"]).to_pandas().to_numpy()) for table in (before, after))
    moves = find_moves(before, after)
    assert {move.piece_id for move in moves} == {piece for piece in was if was[piece] != now[piece]}
    assert all(move.relatives_before < move.relatives_now for move in moves)


def test_the_first_moves_are_listed_and_the_others_counted() -> None:
    before = split(*many(MOVES_LISTED + 3))
    turned = {"train": "test", "valid": "train", "test": "valid"}
    names = pa.array([turned[name] for name in before["split"].to_pylist()])
    moves = find_moves(before, before.set_column(SPLITS.names.index("split"), "split", names))
    lines = tell(moves)
    assert lines[0].startswith(f"{MOVES_LISTED + 3} pieces moved")
    assert len(lines) == MOVES_LISTED + 2
    assert lines[-1] == "  and 3 more"


def test_only_a_split_by_the_same_settings_is_compared(tmp_path: Path) -> None:
    rows = split(*many(5))
    write_table(tmp_path / "rows", rows, SPLITS)
    write_json(tmp_path / "audit", {"settings": settings().model_dump()})
    assert last_split(tmp_path / "rows", tmp_path / "audit", settings()) == rows
    assert last_split(tmp_path / "rows", tmp_path / "audit", settings(seed=2)) is None
    assert last_split(tmp_path / "rows", tmp_path / "audit", by("none")) is None
    assert last_split(None, tmp_path / "audit", settings()) is None


def test_a_split_of_other_columns_is_not_compared(tmp_path: Path) -> None:
    write_table(tmp_path / "rows", families(*many(2)).replace_schema_metadata(None), FAMILIES)
    write_json(tmp_path / "audit", {"settings": settings().model_dump()})
    assert last_split(tmp_path / "rows", tmp_path / "audit", settings()) is None
