"""The embargo: after it no held-out piece has a relative in training, by any rule."""

import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.core.schemas import PLACES
from pipeline.datasets.splits import Divided, SplitError, related_to, split_pieces
from pipeline.datasets.splits.assignment import Assignment
from pipeline.datasets.splits.audit import require_no_leak
from pipeline.datasets.splits.leaks import find_leaks
from pipeline.datasets.splits.tunes import SplitTunes
from tests.helpers.families import OTHER, SONG, by, families, many, settings, transposed, tune, walk
from tests.helpers.notes_text import part

LONG = walk(11, 40)


def varied(pitches: list[str], step: int = 2) -> list[str]:
    """Change every ninth note, so that no shared run of eight intervals is left."""
    return [str(int(pitch) + step * (place % 9 == 8)) for place, pitch in enumerate(pitches)]


def variants(n: int) -> list[dict[str, Any]]:
    """Pairs of a tune and its variant, which is in another family."""
    tunes = [walk(5 * i + 2, 40) for i in range(n)]
    return [
        part(f"a/{i}{name}", tune(line))
        for i, whole in enumerate(tunes)
        for name, line in (("", whole), ("v", varied(whole)))
    ]


def split(known: pa.Table, ids: list[str] | None = None, **changes: Any) -> Divided:
    return split_pieces(ids or known["piece_id"].to_pylist(), known, settings(**changes))


def places(made: Divided) -> dict[str, str]:
    return dict(zip(made.rows["piece_id"].to_pylist(), made.rows["split"].to_pylist(), strict=True))


def test_only_relatives_of_held_out_pieces_are_embargoed() -> None:
    known = families(*variants(40))
    before, after = places(split(known)), places(split(known, embargo="soft"))
    moved = {piece for piece in before if before[piece] != after[piece]}
    other = {piece: piece[:-1] if piece.endswith("v") else piece + "v" for piece in before}
    assert moved
    assert {after[piece] for piece in moved} == {"embargoed"}
    assert moved <= {p for p in before if before[p] == "train" and before[other[p]] in ("valid", "test")}


def test_after_the_embargo_no_rule_finds_a_relative_in_train() -> None:
    known = families(*variants(40))
    assert split(known).audit["soft_relatives_in_train"]["test"]["any"] > 0
    made = split(known, embargo="soft")
    tunes, number = SplitTunes.among(np.arange(len(known)), known), {name: i for i, name in enumerate(PLACES)}
    where = places(made)
    assigned = np.array([number[where[piece]] for piece in known["piece_id"].to_pylist()], np.int8)
    assert not find_leaks(tunes, assigned).any.any()
    for name in ("valid", "test"):
        assert set(made.audit["soft_relatives_in_train"][name].values()) == {0}
    assert set(made.leaks["relative_of"].to_pylist()) == {None}
    assert made.audit["pieces"]["embargoed"] == sum(
        row["split"] == "embargoed" for row in made.rows.to_pylist()
    )


def test_an_embargoed_piece_names_the_held_out_piece_that_it_is_related_to() -> None:
    made = split(families(*variants(40)), embargo="soft")
    where = places(made)
    rows = [row for row in made.rows.to_pylist() if row["split"] == "embargoed"]
    assert all(where[row["relative_of"]] in ("valid", "test") for row in rows)
    assert {row["relation"] for row in rows} <= {"skeleton", "alignment"}
    assert all(0 < row["likeness"] <= 1 for row in rows)


def test_the_check_fails_when_a_relative_is_left_in_train() -> None:
    known = families(part("a/1", tune(LONG)), part("a/2", tune(varied(LONG))))
    tunes = SplitTunes.among(np.arange(len(known)), known)
    assigned = np.array([Assignment.TRAIN, Assignment.TEST], np.int8)
    leaks = find_leaks(tunes, assigned)
    require_no_leak(known, assigned, leaks, settings())
    with pytest.raises(SplitError, match="for example a/2"):
        require_no_leak(known, assigned, leaks, settings(embargo="soft"))


def test_relatives_of_pieces_held_out_by_another_data_set_are_embargoed() -> None:
    known = families(*variants(40))
    whole = places(split(known, embargo="soft"))
    tunes = [piece for piece in whole if not piece.endswith("v")]
    assert places(split(known, tunes, embargo="soft")) == {piece: whole[piece] for piece in tunes}
    assert "embargoed" in {whole[piece] for piece in tunes}


@pytest.mark.parametrize("kind", ["random", "published"])
def test_in_splits_that_divide_families_it_also_counts_shared_runs(kind: str) -> None:
    rows = [
        part(f"a/{i}", tune(transposed(walk(i % 20), i // 20)), published_split="test" if i < 5 else "train")
        for i in range(60)
    ]
    known = families(*rows)
    chosen = by(kind) if kind == "published" else settings(kind=kind)
    made = split_pieces(known["piece_id"].to_pylist(), known, chosen.model_copy(update={"embargo": "soft"}))
    assert made.audit["pieces"]["embargoed"] > 0
    assert made.audit["share_a_run_with_train"] == {"valid": 0, "test": 0}


def test_an_embargo_that_leaves_nothing_to_train_is_one_clear_message() -> None:
    rows = [
        part(f"a/{i}", tune(transposed(SONG, i)), published_split=split)
        for i, split in enumerate(["test", "train"])
    ]
    known = families(*rows)
    soft = by("published").model_copy(update={"embargo": "soft"})
    with pytest.raises(SplitError, match=r"leaves no training piece.*embargo: none"):
        split_pieces(known["piece_id"].to_pylist(), known, soft)


def test_a_split_without_held_out_pieces_has_no_embargo() -> None:
    known = families(part("a/1", tune(SONG)), part("a/2", tune(OTHER)))
    chosen = by("none").model_copy(update={"embargo": "soft"})
    assert split_pieces(["a/1", "a/2"], known, chosen).audit["pieces"]["embargoed"] == 0


def test_the_order_of_the_notes_changes_nothing() -> None:
    rows = [*variants(15), *many(10, "b")]
    mixed = random.Random(3).sample(rows, len(rows))
    one, other = (split(families(*each), embargo="soft") for each in (rows, mixed))
    assert one.rows.equals(other.rows)
    assert one.leaks.equals(other.leaks)
    assert one.audit == other.audit


def test_a_fold_excludes_the_relatives_of_its_held_out_pieces() -> None:
    known = families(
        part("a/1", tune(LONG)),
        part("a/2", tune(varied(LONG))),
        part("a/3", tune(transposed(LONG, 2))),
        part("a/4", tune(OTHER)),
    )
    assert related_to(["a/1:1"], ["a/2", "a/3", "a/4"], known).tolist() == [True, True, False]
