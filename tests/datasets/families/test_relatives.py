"""Which tunes the soft rules relate, and how they are listed."""

from pipeline.datasets.families.tune_families import FamilySettings, find_families
from tests.helpers.families import OTHER, SONG, transposed, tune
from tests.helpers.notes_text import notes_table, part


def test_copies_of_a_tune_are_one_tune_and_their_relatives_are_listed_once() -> None:
    table = find_families(
        notes_table(
            part("a/1", tune(SONG), title="Song"),
            part("a/2", tune(transposed(SONG, 3)), title="Song"),
            part("a/3", tune([*SONG[:12], "74", *SONG[12:]]), title="Song"),
            part("a/4", tune(OTHER)),
        ),
        FamilySettings(family_run=16, soft={}),
    )
    assert table["tune"].to_pylist() == [0, 0, 1, 2]
    first, *others = table["relatives"].to_pylist()
    assert [(found["tune"], found["title"], found["alignment"]) for found in first] == [(1, True, True)]
    assert 0.4 < first[0]["likeness"] < 1
    assert others == [[], [], []]
