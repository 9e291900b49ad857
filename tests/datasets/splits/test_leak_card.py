"""The leak card: the row of each held-out piece, and the leakage of other kinds of split."""

from typing import Any

import pytest

from pipeline.datasets.splits import Divided, split_pieces
from pipeline.datasets.splits.leak_card import leak_prose
from tests.helpers.families import OTHER, SONG, by, families, many, settings, transposed, tune, walk
from tests.helpers.notes_text import part

LONG = walk(11, 40)


def varied(pitches: list[str]) -> list[str]:
    """Raise every ninth note by a step, so that no shared run of eight intervals is left."""
    return [str(int(pitch) + 2 * (place % 9 == 8)) for place, pitch in enumerate(pitches)]


def published(*rows: dict[str, Any]) -> Divided:
    """Split by the published split in the rows."""
    known = families(*rows)
    return split_pieces(known["piece_id"].to_pylist(), known, by("published"))


def card_row(test: dict[str, Any], *train: dict[str, Any]) -> dict[str, Any]:
    """The card's row of a test piece among training pieces."""
    rows = [test | {"published_split": "test"}, *(row | {"published_split": "train"} for row in train)]
    (row,) = published(*rows).leaks.to_pylist()
    found: dict[str, Any] = row
    return found


def prose(made: Divided) -> str:
    return leak_prose("tunes", made.audit, made.leaks)


def test_a_tune_in_another_key_is_a_hard_leak_with_likeness_one() -> None:
    row = card_row(
        part("a/new", tune(LONG), title="The New One"),
        part("a/old", tune(transposed(LONG, 3)), title="The Old One"),
        part("a/other", tune(OTHER), title="Another"),
    )
    assert row["hard"]
    assert row["same_skeleton"]
    assert row["aligned"]
    assert (row["relative_of"], row["relative_title"]) == ("a/old", "The Old One")
    assert (row["relation"], row["likeness"]) == ("16-gram", 1.0)


def test_of_several_relatives_the_most_similar_is_named() -> None:
    half = [*LONG[:20], *walk(3, 12)]
    row = card_row(part("a/half", tune(half)), part("a/1", tune(LONG)), part("a/2", tune([*half[:30], "60"])))
    assert row["relative_of"] == "a/2"


def test_relative_relation_and_likeness_are_of_one_pair() -> None:
    row = card_row(
        part("a/new", tune(varied(LONG)), title="The Wren"),
        part("a/1", tune(OTHER), title="The Wren"),
        part("a/2", tune(LONG), title="Another"),
    )
    assert (row["relative_of"], row["relative_title"], row["relation"]) == ("a/2", "Another", "alignment")
    assert not row["same_title"]
    assert 0.4 <= row["likeness"] < 1


def test_of_many_copies_the_first_by_name_is_the_nearest() -> None:
    copies = [part(f"a/{i}", tune(transposed(LONG, i))) for i in range(3, 8)]
    assert card_row(part("a/9", tune(LONG)), part("a/1", tune(OTHER)), *copies)["relative_of"] == "a/3"


def test_a_tune_without_similar_tunes_has_no_relative() -> None:
    row = card_row(part("a/new", tune(SONG)), part("a/other", tune(OTHER)))
    assert [row[name] for name in ("relative_of", "relative_title", "relation", "likeness")] == [None] * 4
    assert not any(row[rule] for rule in ("hard", "same_skeleton", "same_title", "contained", "aligned"))


def test_a_title_relates_two_tunes_only_where_their_melodies_are_similar() -> None:
    known = part("a/old", tune(LONG), title="The Twin -- Reel")
    other = card_row(part("a/new", tune(walk(5, 40)), title="twin!"), known)
    variant = card_row(part("a/new", tune(varied(LONG)), title="twin!"), known)
    assert (other["same_title"], variant["same_title"]) == (False, True)


def test_tunes_without_a_title_do_not_have_the_same_title() -> None:
    row = card_row(part("a/new", tune(varied(LONG)), title="?"), part("a/old", tune(LONG), title=""))
    assert not row["same_title"]


def test_every_piece_held_out_has_one_row_and_none_of_train() -> None:
    known = families(*many(60))
    made = split_pieces([f"a/{i}:{k}" for i in range(60) for k in (1, 2)], known, settings())
    held = {row["piece_id"][:-2] for row in made.rows.to_pylist() if row["split"] != "train"}
    assert made.leaks["piece_id"].to_pylist() == sorted(held)


def test_every_kind_that_can_be_is_compared() -> None:
    rows = [
        part(f"a/{i}", tune(transposed(SONG, i)), published_split="train" if i < 15 else "test")
        for i in range(20)
    ]
    known = families(*rows, *many(40, "b"))
    kinds = split_pieces(known["piece_id"].to_pylist(), known, settings()).audit["leaks_by_kind"]
    assert list(kinds) == ["family", "random", "published"]
    assert kinds["published"] == {
        "a": {
            "valid": {"pieces": 0, "hard": 0, "soft": 0, "either": 0},
            "test": {"pieces": 5, "hard": 5, "soft": 0, "either": 5},
        }
    }
    assert kinds["random"]["a"]["test"]["hard"] == kinds["random"]["a"]["test"]["pieces"] > 0
    assert sum(corpus[name]["hard"] for corpus in kinds["family"].values() for name in corpus) == 0


def test_the_random_split_holds_out_as_much_as_the_published_one() -> None:
    names = ["train"] * 60 + ["valid"] * 20 + ["test"] * 20
    rows = [part(f"a/{i}", tune(walk(i)), published_split=name) for i, name in enumerate(names)]
    kinds = published(*rows).audit["leaks_by_kind"]
    assert list(kinds) == ["published", "random"]
    assert 10 <= kinds["random"]["a"]["test"]["pieces"] <= 32


def test_the_card_lists_the_most_similar_pairs_with_titles() -> None:
    made = published(
        part("a/new", tune(LONG), title="The New | One", published_split="test"),
        part("a/old", tune(transposed(LONG, 3)), title="The Old One", published_split="train"),
    )
    text = prose(made)
    assert "Kind of split: `published`" in text
    assert "| test | a | 1 | 1 | 1 | 0 | 0 | 1 | 0 | 0 |" in text
    (pair,) = [line for line in text.splitlines() if "a/old" in line]
    assert pair == "| test | a/new (The New &#124; One) | a/old (The Old One) | 16-gram | 1.00 |"


@pytest.mark.parametrize("kind", ["family", "random", "published"])
def test_the_card_lists_the_leakage_of_each_kind(kind: str) -> None:
    rows = [part(f"a/{i}", tune(transposed(SONG, i)), published_split="train") for i in range(5)]
    rows += [part("b/1", tune(SONG), published_split="test")]
    known = families(*rows)
    chosen = by(kind) if kind == "published" else settings(kind=kind)
    made = split_pieces(known["piece_id"].to_pylist(), known, chosen)
    assert "| published | b | test | 1 | 1 | 0 | 1 |" in prose(made)


def test_without_held_out_pieces_the_card_states_it() -> None:
    made = split_pieces(["a/0", "a/1"], families(*many(3)), by("none"))
    assert "nothing is held out" in prose(made)
    assert "|" not in prose(made)
