import hashlib
import random
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipeline.core.tables import content_digest
from pipeline.datasets.columns.ngrams import BREAK, components
from pipeline.datasets.columns.skyline import read_lines, skyline
from pipeline.datasets.families.relatives import SKELETON_RUN
from pipeline.datasets.families.tune_families import (
    FamilySettings,
    beat_skeletons,
    find_families,
)
from tests.helpers.families import OTHER, SONG, transposed, tune
from tests.helpers.notes_text import columns_of, notes_table, part, ticks


def families(*rows: dict[str, Any], run: int = 16, soft: tuple[str, ...] = ()) -> dict[str, str]:
    table = find_families(notes_table(*rows), FamilySettings(family_run=run, soft=dict.fromkeys(soft, True)))
    return dict(zip(table["piece_id"].to_pylist(), table["tune_family"].to_pylist(), strict=True))


def related(*texts: str, **options: Any) -> bool:
    found = families(*(part(f"a/{i}", text) for i, text in enumerate(texts)), **options)
    return len(set(found.values())) == 1


def test_a_transposed_tune_is_family() -> None:
    assert related(tune(SONG), tune(transposed(SONG, 5)))


def test_the_published_split_of_a_piece_is_kept() -> None:
    rows = [part("a/1", tune(SONG), published_split="valid"), part("a/1", tune(OTHER), number=1)]
    table = find_families(
        notes_table(*rows, part("a/2", tune(OTHER))), FamilySettings(family_run=16, soft={})
    )
    assert table["published_split"].to_pylist() == ["valid", None]


def test_a_tune_played_legato_is_family() -> None:
    later = [(place * 10080, 10080 + 400, int(pitch), False) for place, pitch in enumerate(SONG)]
    rows = part("a/1", tune(SONG)), part("a/2", "", **columns_of(later, len(SONG) * 10080))
    assert len(set(families(*rows).values())) == 1


def test_a_different_tune_is_not_family() -> None:
    assert not related(tune(SONG), tune(OTHER))


def test_rhythm_rests_and_repeated_notes_do_not_divide_a_family() -> None:
    varied = tune(SONG[:5], "1/2") + " r:2 " + tune([SONG[4], *SONG[5:]], "3/4")
    assert related(tune(SONG), varied)


def test_one_interval_too_few_is_not_enough() -> None:
    ending = ["100", "40", "101"]
    assert related(tune([*SONG, *ending]), tune(["20", *SONG]))
    assert not related(tune([*SONG[:-1], *ending]), tune(["20", *SONG[:-1]]))


def test_a_run_in_the_middle_of_longer_tunes_is_found() -> None:
    assert related(tune(OTHER[:7] + SONG + OTHER), tune(["99", "20", *transposed(SONG, 3), "90"]))


def test_families_grow_from_neighbour_to_neighbour() -> None:
    assert related(tune(SONG), tune(SONG + OTHER), tune(OTHER))


def test_a_short_piece_counts_as_a_whole() -> None:
    assert related(tune(SONG[:6]), tune(transposed(SONG[:6], 2)))
    assert not related(tune(SONG[:6]), tune(SONG[:7]))
    assert not related(tune(SONG[:6]), tune(SONG))


def test_every_part_counts() -> None:
    found = families(
        part("a/1", tune(OTHER), 0),
        part("a/1", tune(SONG), 1),
        part("a/2", tune(SONG)),
        part("a/3", tune(OTHER)),
    )
    assert len(set(found.values())) == 1


def test_a_short_part_of_a_longer_piece_joins_nothing() -> None:
    found = families(
        part("a/1", tune(SONG), 0),
        part("a/1", "60:1 67:1", 1),
        part("a/2", tune(OTHER), 0),
        part("a/2", "60:1 67:1", 1),
    )
    assert len(set(found.values())) == 2


def test_the_highest_note_of_a_chord_is_the_melody() -> None:
    assert related(tune(SONG), tune([f"{pitch}+30" for pitch in SONG]))


def test_the_name_of_a_family_depends_only_on_its_members() -> None:
    one, two, far = (
        part("a/1", tune(SONG)),
        part("b/1", tune([*transposed(SONG, 1), "20"])),
        part("c/1", tune(OTHER)),
    )
    forth, back, alone = families(one, two, far), families(far, two, one), families(one, two)
    assert forth == back
    assert {piece: forth[piece] for piece in alone} == alone


def test_the_order_of_the_rows_does_not_change_the_bytes() -> None:
    rows = [part(f"a/{i}", tune(transposed(SONG, i)), title="x") for i in range(5)]
    settings_ = FamilySettings(family_run=16, soft={})
    forth, back = (find_families(notes_table(*order), settings_) for order in (rows, rows[::-1]))
    assert content_digest(forth) == content_digest(back)


def test_equal_titles_are_family_only_in_soft_corpora() -> None:
    rows = [part("bach/1", tune(SONG), title="Nun danket"), part("bach/2", tune(OTHER), title="Nun  danket!")]
    assert len(set(families(*rows).values())) == 2
    assert len(set(families(*rows, soft=("bach",)).values())) == 1


def test_other_titles_are_no_family() -> None:
    rows = [part("bach/1", tune(SONG), title="Nun danket"), part("bach/2", tune(OTHER), title="Nun ruhen")]
    assert len(set(families(*rows, soft=("bach",)).values())) == 2


@pytest.mark.parametrize(("common", "are_family"), [(6, True), (5, False)])
def test_three_tenths_of_the_smaller_skeleton_are_enough(common: int, are_family: bool) -> None:
    def melody(intervals: list[int]) -> str:
        return tune([str(pitch) for pitch in np.cumsum([60, *intervals])])

    dice = random.Random(1)
    tails = ([sign * dice.choice(sizes) for sign in (1, -1) * 20] for sizes in ((4, 5), (6, 7)))
    shared = [1, 2, 3, -1, -2, -3, 1, 3, 2, -1, -3, -2, 1][: SKELETON_RUN - 1 + common]
    ours, theirs = ([*shared, *tail] for tail in tails)
    smaller = ours[: SKELETON_RUN - 1 + 20]
    assert related(melody(smaller), melody(theirs), run=40, soft=("a",)) is are_family


def test_a_run_does_not_cross_parts() -> None:
    parts = [part("a/1", tune(SONG[:9])), part("a/1", tune(SONG[9:]), number=1)]
    assert len(set(families(*parts, part("a/2", tune(SONG)), run=12).values())) == 2


def test_intervals_are_written_part_by_part() -> None:
    rows = [part("a/1", "60:1 62:1 62:1 59:1"), part("a/1", "70:1 71:1", number=1), part("a/2", "50:1 55:1")]
    table = find_families(notes_table(*rows), FamilySettings(family_run=16, soft={}))
    assert table["intervals"].to_pylist() == [[2, -3, BREAK, 1], [5]]


def test_a_family_is_named_after_the_smallest_digest() -> None:
    rows = [part(f"a/{n}", tune([*start, *SONG])) for n, start in enumerate((["61"], ["62"], ["63"], ["70"]))]
    table = find_families(notes_table(*rows), FamilySettings(family_run=16, soft={}))
    digests = {
        hashlib.sha256(np.array(intervals, np.int8).tobytes()).hexdigest()
        for intervals in table["intervals"].to_pylist()
    }
    assert len(digests) == 4
    (name,) = set(table["tune_family"].to_pylist())
    assert min(digests).startswith(name)


def test_nameless_pieces_have_no_title_in_common() -> None:
    rows = [part("bach/1", tune(SONG), title=""), part("bach/2", tune(OTHER), title="")]
    assert len(set(families(*rows, soft=("bach",)).values())) == 2


def test_half_a_skeleton_in_common_is_not_enough() -> None:
    other = [*SONG[:9], *OTHER[9:]]
    assert related(tune(SONG), tune(SONG), run=40, soft=("a",))
    assert not related(tune(SONG), tune(other), run=40, soft=("a",))


def test_the_skeleton_is_that_of_the_part_named_soprano() -> None:
    def piece(name: str, first: str, second: str, second_name: str) -> list[dict[str, Any]]:
        return [part(name, first, name="Organ II"), part(name, second, number=1, name=second_name)]

    rows = [*piece("a/1", tune(OTHER), tune(SONG), "Soprano 1"), part("a/2", tune(SONG))]
    found = find_families(notes_table(*rows), FamilySettings(family_run=40, soft={"a": True}))
    assert found["skeleton"].to_pylist()[0] == found["skeleton"].to_pylist()[1]
    rows = [*piece("a/1", tune(OTHER), tune(SONG), "Organ Soprano"), part("a/2", tune(SONG))]
    found = find_families(notes_table(*rows), FamilySettings(family_run=40, soft={"a": True}))
    assert found["skeleton"].to_pylist()[0] != found["skeleton"].to_pylist()[1]


def test_an_ornamented_variant_is_family_in_a_soft_corpus() -> None:
    plain = tune(SONG)
    ornamented = " ".join(f"{pitch}:1/2 {int(pitch) + 1}:1/2" for pitch in SONG)
    assert not related(plain, ornamented)
    assert related(plain, ornamented, soft=("a",))


def skeleton(text: str, **columns: Any) -> list[int]:
    notes = notes_table(part("a/1", text, **columns))
    melody, _ = skyline(read_lines(notes, np.array([0])), 4)
    return beat_skeletons(melody, notes, np.array([0])).values.tolist()


def test_the_skeleton_is_what_sounds_on_the_beats() -> None:
    assert skeleton("60:1/2 61:1/2 62:1 62:1 r:1 64:2 65:1") == [2, 2, 1]


def test_a_note_that_has_just_ended_is_not_in_the_skeleton() -> None:
    assert skeleton("60:1 61:1/2 62:1/2 r:1 64:1") == [1, 3]


def test_a_rest_at_the_start_does_not_change_other_lines() -> None:
    assert skeleton("r:1 64:1 65:1") == [1]
    notes = notes_table(part("a/1", "60:1 63:9"), part("a/2", "r:1 64:1 65:1"))
    melody, _ = skyline(read_lines(notes, np.array([0, 1])), 4)
    assert beat_skeletons(melody, notes, np.array([0, 1])).values.tolist() == [3, 1]


def test_every_piece_has_the_skeleton_of_its_own_first_soprano() -> None:
    rows = [
        *(part("a/1", "60:1 61:1", name="Organ"), part("a/1", "60:1 62:1", number=1, name="Soprano")),
        *(part("a/2", "60:1 63:1", name="Soprano 1"), part("a/2", "60:1 64:1", number=1, name="Soprano 2")),
        *(part("a/3", "60:1 65:1"), part("a/3", "60:1 66:1", number=1, name="soprano")),
    ]
    table = find_families(notes_table(*rows), FamilySettings(family_run=16, soft={}))
    assert table["skeleton"].to_pylist() == [[2], [3], [6]]


def test_the_skeleton_counts_beats_from_the_first_bar_line() -> None:
    assert skeleton("55:1/2 60:1 62:1", bar_onsets=[ticks("1/2")]) == [2]


def test_the_size_of_a_piece_is_that_of_its_longest_part() -> None:
    notes = notes_table(
        part("a/1", "60:1 62:1", 0), part("a/1", "62:1 65:1 65:1 64:1", 1), part("a/2", "60:1")
    )
    table = find_families(notes, FamilySettings(family_run=16, soft={}))
    assert table["n_intervals"].to_pylist() == [2, 0]


def test_a_long_chain_is_one_component() -> None:
    dice = np.random.default_rng(1).permutation(1000)
    assert set(components(1000, [(dice[:-1], dice[1:])]).tolist()) == {0}


def test_no_notes_no_families() -> None:
    table = find_families(notes_table(), FamilySettings(family_run=16, soft={"a": True}))
    assert isinstance(table, pa.Table)
    assert table.num_rows == 0
