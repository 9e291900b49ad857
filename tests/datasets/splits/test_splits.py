from collections import Counter
from typing import Any

import pyarrow as pa
import pytest

from pipeline.core.settings import SettingsError, parse_section
from pipeline.datasets.splits import SPLIT, SplitError, split_pieces
from tests.helpers.families import FAMILY, OTHER, SONG, by, families, many, settings, transposed, tune, walk
from tests.helpers.notes_text import part

PUBLISHED = ("train", "valid", "test")


def split(known: pa.Table, pieces: list[str] | None = None, **changes: Any) -> dict[str, str]:
    table = split_pieces(pieces or known["piece_id"].to_pylist(), known, settings(**changes)).rows
    return dict(zip(table["piece_id"].to_pylist(), table["split"].to_pylist(), strict=True))


def test_shares_are_about_as_requested() -> None:
    counts = Counter(split(families(*many(300)), test=0.25).values())
    assert 50 < counts["test"] < 100
    assert 40 < counts["valid"] < 80


def test_relatives_are_never_separated() -> None:
    rows = [part(f"a/{i}", tune(transposed(walk(i % 10), i // 10))) for i in range(100)]
    assigned = split(families(*rows))
    assert all(len({assigned[f"a/{i + 10 * k}"] for k in range(10)}) == 1 for i in range(10))
    assert len(set(assigned.values())) > 1


def test_a_split_by_family_leaks_nothing() -> None:
    rows = [part(f"a/{i}", tune(transposed(walk(i % 30), i // 30))) for i in range(120)]
    known = families(*rows)
    audit = split_pieces(known["piece_id"].to_pylist(), known, settings()).audit
    assert audit["share_a_run_with_train"] == {"valid": 0, "test": 0}
    leaks = audit["leaks_by_kind"]["random"]["a"]["test"]
    assert leaks["pieces"] > 0
    assert leaks["hard"] == leaks["either"] == leaks["pieces"]
    assert audit["leaks_by_kind"]["family"]["a"]["test"]["hard"] == 0


def test_a_random_split_reports_its_leakage() -> None:
    rows = [part(f"a/{i}", tune(transposed(SONG, i))) for i in range(20)]
    known = families(*rows)
    audit = split_pieces(known["piece_id"].to_pylist(), known, settings(kind="random")).audit
    assert audit["share_a_run_with_train"]["test"] == audit["pieces"]["test"] > 0


def test_adding_pieces_does_not_move_others() -> None:
    before = split(families(*many(30)))
    after = split(families(*many(30), *many(0, "b"), part("b/1", tune(OTHER))))
    assert {piece: after[piece] for piece in before} == before


def test_data_sets_with_one_seed_agree() -> None:
    known = families(*many(40))
    some = [f"a/{i}" for i in range(0, 40, 3)]
    assert split(known, some).items() <= split(known).items()
    assert split(known, seed=2) != split(known)


def test_without_a_split_all_is_training() -> None:
    known = families(*many(5))
    made = split_pieces(["a/1", "a/2"], known, by("none"))
    assert made.rows["split"].to_pylist() == ["train", "train"]
    assert made.leaks.num_rows == 0
    assert made.audit["leaks_by_kind"] == {}


def test_a_published_split_is_followed() -> None:
    rows = [part(f"a/{i}", tune(walk(i)), published_split=name) for i, name in enumerate(PUBLISHED)]
    assigned = split_pieces(["a/0:1", "a/1", "a/2"], families(*rows), by("published")).rows
    assert dict(assigned.select(["piece_id", "split"]).to_pandas().to_numpy()) == {
        "a/0:1": "train",
        "a/1": "valid",
        "a/2": "test",
    }


def test_pieces_without_a_published_split_are_one_clear_message() -> None:
    rows = [part("a/1", tune(SONG), published_split="test"), *many(2, "b"), part("c/1", tune(OTHER))]
    with pytest.raises(SplitError, match=r"of 3 of 4 pieces is not known \(b: 2, c: 1\).*`kind: family`"):
        split_pieces(["a/1", "b/0", "b/1", "c/1"], families(*rows), by("published"))


def test_phrases_are_in_the_split_of_their_piece() -> None:
    known = families(*many(10))
    phrases = [f"a/{i}:{k}" for i in range(10) for k in (1, 2)]
    assigned = split(known, phrases)
    whole = split(known)
    assert all(assigned[phrase] == whole[phrase.split(":")[0]] for phrase in phrases)


def audited(test: dict[str, Any], *others: dict[str, Any]) -> dict[str, Any]:
    """The row of a test piece among training pieces, with the first seed that gives this split."""
    known = families(test, *others)
    for seed in range(1000):
        made = split_pieces(known["piece_id"].to_pylist(), known, settings(seed=seed))
        rows = {row["piece_id"]: row for row in made.rows.to_pylist()}
        found: dict[str, Any] = rows.pop(test["piece_id"])
        if found["split"] == "test" and all(row["split"] == "train" for row in rows.values()):
            return found
    raise AssertionError("no seed parts them")


def test_an_ornamented_variant_is_a_soft_relative() -> None:
    ornamented = " ".join(f"{pitch}:1/2 {int(pitch) + 1}:1/2" for pitch in SONG)
    row = audited(part("a/test", ornamented), part("a/plain", tune(SONG)), part("a/other", tune(OTHER)))
    assert row["soft_relative"]
    assert (row["relative_of"], row["relation"]) == ("a/plain", "skeleton")


def test_a_tune_without_relatives_has_none() -> None:
    row = audited(part("a/test", tune(SONG)), part("a/other", tune(OTHER)))
    assert not row["soft_relative"]
    assert [row["relative_of"], row["relation"], row["likeness"]] == [None] * 3


def test_an_equal_title_of_two_melodies_is_no_relative() -> None:
    row = audited(part("a/test", tune(SONG), title="The Wren"), part("a/1", tune(OTHER), title="the wren."))
    assert not row["soft_relative"]


@pytest.mark.parametrize("short_one_is_tested", [True, False])
def test_a_short_tune_inside_a_longer_one_is_a_soft_relative(short_one_is_tested: bool) -> None:
    short, long = part("a/short", tune(SONG[2:12], "1/3")), part("a/long", tune(SONG, "1"))
    row = audited(short, long) if short_one_is_tested else audited(long, short)
    assert row["soft_relative"]


def test_largest_families_are_listed_with_their_titles() -> None:
    rows = [part(f"a/{i}", tune(transposed(SONG, i)), title=f"Song {i}") for i in range(3)]
    known = families(*rows, part("a/9", tune(OTHER)))
    audit = split_pieces(known["piece_id"].to_pylist(), known, settings()).audit
    (largest,) = audit["largest_families"]
    assert [piece["title"] for piece in largest["pieces"]] == ["Song 0", "Song 1", "Song 2"]


def test_a_piece_without_a_family_is_an_error() -> None:
    with pytest.raises(SplitError, match="a/99"):
        split(families(*many(3)), ["a/99"])


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"kind": "famly"}, "kind"),
        ({**FAMILY, "valid": 0.5, "test": 0.5}, "leave a share to train"),
        ({**FAMILY, "kind": "none"}, "unknown parameter"),
        ({**FAMILY, "kind": "published"}, "unknown parameter"),
    ],
)
def test_wrong_settings_are_refused(section: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_section(SPLIT, section, "split")
