from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core.accounting import Rejection
from pipeline.core.music import Grid
from pipeline.core.settings import SettingsError, parse_section
from pipeline.core.tables import content_digest
from pipeline.datasets.quantize import Quantized, QuantizeSettings, quantize, quantize_portions
from pipeline.workflow.engine import EngineSettings, map_batches
from tests.helpers.notes_text import columns_of, notes_of, notes_table, part, ticks, tune

PLAIN = {
    "parts": {"default": ["top"]},
    "steps_per_quarter": 1,
    "chords": "top",
    "rests": "symbol",
    "edge_silence": "trim",
}


FARTHEST = f"{ticks('1/3')} ticks, the farthest that a note would be moved"


def options(**changes: Any) -> QuantizeSettings:
    return parse_section(QuantizeSettings, {**PLAIN, **changes}, "quantize")


def made_of(notes: pa.Table, **changes: Any) -> Quantized:
    return quantize(notes, options(**changes))


def row_of(text: str, **changes: Any) -> dict[str, Any]:
    (row,) = made_of(tune(text), **changes).grids.to_pylist()
    return dict(row)


def written(row: dict[str, Any]) -> str:
    """A grid of one voice as text: "60 - r" is C4 for two steps, then silence."""
    pairs = zip(row["pitch"], row["tied"], strict=True)
    return " ".join("-" if tied else str(pitch or "r") for pitch, tied in pairs)


def grid_text(text: str, **changes: Any) -> str:
    return written(row_of(text, **changes))


def why(notes: pa.Table, **changes: Any) -> list[tuple[str, float | None]]:
    return [(r.rule, r.value) for r in made_of(notes, **changes).rejections]


def test_a_note_fills_its_steps() -> None:
    assert grid_text("60:1 62:2 62:1") == "60 62 - 62"


def test_a_rest_is_a_silence_of_as_many_steps() -> None:
    row = row_of("60:1 r:2 62:1")
    assert written(row) == "60 r - 62"
    assert (row["n_rests"], row["n_rest_steps"], row["n_notes"]) == (1, 2, 2)


def test_onsets_round_half_up() -> None:
    assert grid_text("60:1/2 62:3/2") == "60 62"
    assert grid_text("60:2/5 r:1/10 62:3/2") == "60 62"
    assert grid_text("60:7/5 62:8/5") == "60 62 -"


def test_a_note_is_never_shorter_than_one_step() -> None:
    row = row_of("60:1/4 r:3/4 62:1")
    assert written(row) == "60 62"
    assert (row["n_moved"], row["max_error_ticks"]) == (1, ticks("3/4"))


def test_what_fits_exactly_is_not_changed() -> None:
    row = row_of("60:1/4 62:3/4", steps_per_quarter=4)
    assert [row[name] for name in ("n_moved", "max_error_ticks", "n_collapsed", "n_covered")] == [0, 0, 0, 0]


def test_an_error_is_rounded_up_where_a_step_is_no_whole_number_of_ticks() -> None:
    assert row_of("60:1 62:1", steps_per_quarter=11)["max_error_ticks"] == 0
    assert row_of("60:1/10080 62:1", steps_per_quarter=11)["max_error_ticks"] > 0


def test_of_two_notes_on_one_step_the_longer_stays() -> None:
    row = row_of("60:1/8 62:3/8 64:1/2", steps_per_quarter=2)
    assert written(row) == "62 64"
    assert row["n_collapsed"] == 1


def test_of_two_notes_as_long_the_one_nearer_to_the_grid_stays() -> None:
    assert grid_text("60:1 r:3/4 62:1/8 64:1/8 65:1") == "60 r 65"
    assert grid_text("r:7/8 62:1/8 64:1/8 r:7/8 65:1") == "64 65"
    assert grid_text("60:1/5 62:1/5 r:3/5 65:1") == "60 65"


def test_of_two_notes_as_long_and_as_near_the_later_stays() -> None:
    notes = columns_of([(ticks("3/4"), 2520, 60, False), (ticks("5/4"), 2520, 62, False)], ticks("2"))
    assert [written(r) for r in made_of(tune("", **notes)).grids.to_pylist()] == ["62"]


def test_a_phrase_that_loses_its_last_note_ends_with_the_one_before() -> None:
    assert row_of("60:3/8 62:1/8! 64:1/2", steps_per_quarter=2)["phrase_end"] == [True, False]


def test_a_phrase_ends_on_the_last_step_of_its_last_note() -> None:
    assert row_of("60:1 62:2! 64:1!")["phrase_end"] == [False, False, True, True]


def test_a_note_that_overlaps_the_next_ends_where_that_begins() -> None:
    notes = columns_of([(0, ticks("2"), 60, False), (ticks("1"), ticks("1"), 62, False)], ticks("2"))
    assert [written(r) for r in made_of(tune("", **notes)).grids.to_pylist()] == ["60 62"]


def test_the_highest_note_of_a_chord_is_kept() -> None:
    row = row_of("60+64+67:1 62:1")
    assert written(row) == "67 62"
    assert row["n_covered"] == 2


def test_a_higher_note_that_still_sounds_wins_over_a_lower_new_one() -> None:
    notes = columns_of(
        [
            (0, ticks("2"), 67, False),
            (ticks("1"), ticks("2"), 60, False),
            (ticks("3"), ticks("1"), 62, False),
        ],
        ticks("4"),
    )
    (row,) = made_of(tune("", **notes)).grids.to_pylist()
    assert written(row) == "67 - r 62"
    assert row["n_covered"] == 1


def test_a_note_cut_short_covers_nothing_later() -> None:
    notes = columns_of(
        [
            (0, ticks("9"), 60, False),
            (ticks("1"), ticks("1"), 70, False),
            (ticks("3"), ticks("1"), 55, False),
        ],
        ticks("9"),
    )
    (row,) = made_of(tune("", **notes)).grids.to_pylist()
    assert written(row) == "60 70 r 55"
    assert row["n_covered"] == 0


def test_chords_may_be_rejected() -> None:
    assert why(tune("60+64:1 62:1"), chords="reject") == [("chord", 1)]
    assert why(tune("60:1 62:1"), chords="reject") == []


DUO = {"parts": {"default": ["top", "top"]}, "chords": "voices"}


def two_voices(text: str, **notes: Any) -> list[str]:
    """The two voices of one staff."""
    (row,) = made_of(tune(text, **notes), **DUO).grids.to_pylist()
    pitch, tied = (np.reshape(row[name], (-1, 2)).T.tolist() for name in ("pitch", "tied"))
    return [written({"pitch": p, "tied": t}) for p, t in zip(pitch, tied, strict=True)]


def test_the_notes_of_a_chord_become_voices_the_highest_first() -> None:
    assert two_voices("60+64:1 62:1 65+60:2") == ["64 62 65 -", "60 r 60 -"]


def test_a_drone_stays_below_though_it_begins_alone() -> None:
    notes = columns_of(
        [(0, ticks("4"), 55, False), *((ticks(str(i)), ticks("1"), 60 + i, False) for i in (1, 2))],
        ticks("4"),
    )
    assert two_voices("", **notes) == ["r 61 62 r", "55 - - -"]


def test_a_unison_of_two_strings_is_two_voices() -> None:
    assert two_voices("62+62:1 64:1") == ["62 64", "62 r"]


def test_more_notes_than_voices_are_a_reason_to_reject() -> None:
    assert why(tune("60+64+67:1 62:1"), **DUO) == [("chord", 1)]
    assert why(tune("60+64:1 62:1"), **DUO) == []


def test_voices_of_other_parts_share_nothing() -> None:
    trio = {"parts": {"default": ["top", "top", "bass"]}, "chords": "voices"}
    fiddle = part("songs/trio", "60+64:1")
    single, double = (part("songs/trio", text, number=1, name="Bass") for text in ("50:1", "50+52:1"))
    (row,) = made_of(notes_table(fiddle, single), **trio).grids.to_pylist()
    assert row["pitch"] == [64, 60, 50]
    assert why(notes_table(fiddle, double), **trio) == [("chord", 1)]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(1, 6), st.integers(50, 70)), min_size=1, max_size=12)
)
def test_every_note_of_a_chord_is_kept_or_counted(played: list[tuple[int, int, int]]) -> None:
    ordered = sorted({(onset, -pitch): (onset, length, pitch) for onset, length, pitch in played}.values())
    ordered.sort(key=lambda note: (note[0], -note[2]))
    columns = columns_of(
        [(ticks(str(a)), ticks(str(n)), pitch, False) for a, n, pitch in ordered], ticks("20")
    )
    notes = tune("", **columns)
    most = max(sum(a <= now < a + n for a, n, _ in ordered) for now in range(20))
    for voices in range(1, 5):
        parts = {"default": ["top"] * voices}
        made = made_of(notes, parts=parts, chords="voices")
        assert bool(made.rejections) == (most > voices)
        for row in made.grids.to_pylist():
            assert row["n_notes"] + row["n_covered"] + row["n_collapsed"] == len(ordered)


def test_overlaps_count_as_chords() -> None:
    notes = columns_of([(0, ticks("2"), 60, False), (ticks("1"), ticks("1"), 62, False)], ticks("2"))
    assert why(tune("", **notes), chords="reject") == [("chord", 1)]


def test_silence_at_the_edges_is_trimmed_or_kept() -> None:
    assert grid_text("r:2 60:1 r:1 62:1 r:3") == "60 r 62"
    assert grid_text("r:2 60:1 r:1 62:1 r:3", edge_silence="keep") == "r - 60 r 62 r - -"


def test_the_whole_length_is_kept_within_one_step() -> None:
    assert row_of("60:1 r:5/2", edge_silence="keep")["n_steps"] == 4
    assert row_of("60:1 r:12/5", edge_silence="keep")["n_steps"] == 3


def test_every_piece_keeps_its_own_length() -> None:
    notes = notes_table(part("songs/1", "60:1 r:3"), part("songs/2", "62:1 r:1"), part("songs/3", "64:1"))
    made = made_of(notes, edge_silence="keep")
    assert [written(row) for row in made.grids.to_pylist()] == ["60 r - -", "62 r", "64"]


def test_rests_may_be_filled_by_the_note_before() -> None:
    row = row_of("r:1 60:1 r:2 62:1 r:1", rests="extend")
    assert written(row) == "60 - - 62"
    assert (row["n_rests"], row["n_rest_steps"]) == (1, 2)
    assert grid_text("r:1 60:1 r:2 62:1 r:1", rests="extend", edge_silence="keep") == "r 60 - - 62 r"


def test_rests_may_be_rejected() -> None:
    assert why(tune("60:1 r:1 62:1 r:1 64:1"), rests="reject") == [("rest", 2)]
    assert why(tune("r:1 60:1 62:1 r:1"), rests="reject") == []


def test_a_piece_is_cut_at_long_silences() -> None:
    made = made_of(tune("60:1 r:2 62:1 r:1 64:2 r:3 65:1"), rests="split", min_rest=2)
    rows = {row["piece_id"]: written(row) for row in made.grids.to_pylist()}
    assert rows == {"songs/tune#1:1": "60", "songs/tune#1:2": "62 r 64 -", "songs/tune#1:3": "65"}
    assert made.kept == ["songs/tune#1"]


def test_a_piece_is_cut_after_phrases_when_asked() -> None:
    made = made_of(tune("60:1 62:1! 64:2! r:1"), rests="split", min_rest=4, split_at_phrase_ends=True)
    assert [written(row) for row in made.grids.to_pylist()] == ["60 62", "64 -"]
    uncut = made_of(tune("60:1 62:1! 64:2! r:1"), rests="split", min_rest=4)
    assert [written(row) for row in uncut.grids.to_pylist()] == ["60 62 64 -"]


def test_pieces_that_are_cut_stay_apart() -> None:
    notes = notes_table(
        part("songs/1", "60:2"), part("songs/2", "62:1 r:2 64:1"), part("songs/3", "r:2 65:1")
    )
    made = made_of(notes, rests="split", min_rest=2, edge_silence="keep")
    rows = {row["piece_id"]: written(row) for row in made.grids.to_pylist()}
    assert rows == {"songs/1:1": "60 -", "songs/2:1": "62", "songs/2:2": "64", "songs/3:1": "65"}


def test_changes_of_rejected_pieces_are_not_counted() -> None:
    broken, sound = "60:1/2 0:1/2 65+60:4/3", "60:1 r:3 62:4/3"
    texts = (broken, sound, broken, "64:1 65:1", broken)
    made = made_of(notes_table(*(part(f"songs/{n}", text) for n, text in enumerate(texts))))
    columns = (
        "piece_id",
        "n_moved",
        "max_error_ticks",
        "n_collapsed",
        "n_covered",
        "n_rests",
        "n_rest_steps",
    )
    assert [tuple(row[name] for name in columns) for row in made.grids.to_pylist()] == [
        ("songs/1", 1, ticks("1/3"), 0, 0, 1, 3),
        ("songs/3", 0, 0, 0, 0, 0, 0),
    ]


def test_changes_are_counted_for_each_phrase() -> None:
    made = made_of(tune("60:1 r:3 62:1/4 64:3/4 r:2 65+60:1"), rests="split", min_rest=2)
    costs = [(r["n_notes"], r["n_collapsed"], r["n_covered"]) for r in made.grids.to_pylist()]
    assert costs == [(1, 0, 0), (1, 1, 0), (1, 0, 1)]


def test_inexact_pieces_may_be_rejected() -> None:
    assert why(tune("60:1/3 62:2/3"), on_inexact="reject") == [("inexact", ticks("1/3"))]
    assert why(tune("60:1 62:1"), on_inexact="reject") == []


def test_note_number_zero_is_rejected() -> None:
    assert why(tune("60:1 0:1")) == [("note_number", 1)]


@pytest.mark.parametrize(
    ("text", "changes", "rule", "value", "detail"),
    [
        ("r:4", {}, "no_notes", 1, "1 voices without a single note"),
        ("0:1 60:1 0:1", {}, "note_number", 2, "2 notes outside 1 to 127"),
        (
            "60:1 62+64:1",
            {"chords": "reject"},
            "chord",
            1,
            "1 notes that begin while another of their voice sounds",
        ),
        ("60+64:1", {"chords": "voices"}, "chord", 1, "1 notes more than there are voices at that time"),
        ("60:1/3 62:2/3", {"on_inexact": "reject"}, "inexact", ticks("1/3"), FARTHEST),
        ("60:1 r:1 62:1 r:2 64:1", {"rests": "reject"}, "rest", 2, "2 silences"),
    ],
)
def test_a_reason_counts_what_was_found(
    text: str, changes: dict[str, Any], rule: str, value: float, detail: str
) -> None:
    made = made_of(notes_table(part("songs/1", text), part("songs/2", "60:1 62:1")), **changes)
    assert made.rejections == [Rejection("songs/1", rule, value=float(value), limit=0.0, detail=detail)]
    assert (made.incoming, made.kept) == (["songs/1", "songs/2"], ["songs/2"])


def test_a_piece_without_notes_is_rejected() -> None:
    assert why(tune("r:4")) == [("no_notes", 1)]


CHORALE = [
    part("bach/1", "55:4", 0, "Horn 2"),
    part("bach/1", "72:1 74:1 76:2", 1, "Soprano\r\r"),
    part("bach/1", "67:2 67:2", 2, "Alto  I"),
    part("bach/1", "48:4", 3, "Bass"),
    part("bach/1", "40:4", 4, "Bass"),
]


def test_a_part_is_found_by_the_first_word_of_its_name() -> None:
    chorale = notes_table(*CHORALE)
    for name, expected in (
        ("Soprano", "72 74 76 -"),
        ("Alto", "67 - 67 -"),
        ("Bass", "48 - - -"),
        ("top", "55 - - -"),
    ):
        (row,) = made_of(chorale, parts={"default": [name]}).grids.to_pylist()
        assert written(row) == expected


def test_a_piece_without_the_part_is_rejected_with_the_names_it_has() -> None:
    (rejection,) = made_of(notes_table(*CHORALE), parts={"default": ["Tenor"]}).rejections
    assert rejection.rule == "no_such_part"
    assert rejection.detail == "asked for Tenor; it has Horn 2, Soprano, Alto I, Bass, Bass"


def test_a_rejection_names_the_voices_that_this_piece_misses_and_no_others() -> None:
    trios = notes_table(
        part("bach/0", "72:4", 0, "Soprano"),
        part("bach/0", "60:4", 1),
        *CHORALE,
        part("bach/3", "67:4", 0, "Alto"),
        part("duo/1", "60:4", 0, "Violin"),
    )
    made = made_of(trios, parts={"bach": ["Soprano", "Alto", "Bass"], "duo": ["top", "Cello", "Viola"]})
    assert made.grids["piece_id"].to_pylist() == ["bach/1"]
    assert [(each.piece_id, each.detail) for each in made.rejections] == [
        ("bach/0", "asked for Alto, Bass; it has Soprano, (no name)"),
        ("bach/3", "asked for Soprano, Bass; it has Alto"),
        ("duo/1", "asked for Cello, Viola; it has Violin"),
    ]


def test_voices_are_written_step_by_step_top_voice_first() -> None:
    (row,) = made_of(notes_table(*CHORALE), parts={"default": ["Soprano", "Alto", "Bass"]}).grids.to_pylist()
    assert row["pitch"] == [72, 67, 48, 74, 67, 48, 76, 67, 48, 76, 67, 48]
    assert row["tied"] == [False, False, False, False, True, True, False, False, True, True, True, True]
    assert (row["voices"], row["n_steps"], row["n_notes"]) == (3, 4, 6)


def test_silence_is_trimmed_only_where_all_voices_rest() -> None:
    duet = notes_table(part("a/1", "r:2 60:1", 0), part("a/1", "r:1 48:1 r:2", 1, "Bass"))
    (row,) = made_of(duet, parts={"default": ["top", "Bass"]}).grids.to_pylist()
    assert row["pitch"] == [0, 48, 60, 0]


def test_each_corpus_names_its_own_parts() -> None:
    both = notes_table(*CHORALE, part("songs/1", "60:1"))
    made = made_of(both, parts={"default": ["top"], "bach": ["Soprano"]})
    assert [written(row) for row in made.grids.to_pylist()] == ["72 74 76 -", "60"]


def test_the_error_for_a_corpus_without_parts_lists_those_that_have_some() -> None:
    message = "quantize.parts: nothing for corpus 'songs'; did you mean 'song'? Known: bach, song"
    with pytest.raises(SettingsError) as error:
        made_of(tune("60:1"), parts={"song": ["top"], "bach": ["Soprano"]})
    assert str(error.value) == message


def test_grids_are_yielded_as_early_as_possible() -> None:
    tables = [notes_table(part(f"songs/{n}", "60:1")) for n in range(4)]
    made = list(quantize_portions(tables, options()))
    assert [each.grids["piece_id"].to_pylist() for each in made] == [
        [],
        *([f"songs/{n}"] for n in range(4)),
    ]


def test_workers_quantize_to_the_same_grids() -> None:
    tables = [notes_table(part(f"songs/{n}", f"{60 + n}:1 62:2")) for n in range(4)]
    engine = EngineSettings(kind="processes", workers=2, address=None)
    here = list(quantize_portions(tables, options()))
    there = list(quantize_portions(tables, options(), partial(map_batches, settings=engine)))
    assert [each.grids for each in there] == [each.grids for each in here]
    assert [each.kept for each in there] == [each.kept for each in here]


def three_four(bars: list[str]) -> dict[str, Any]:
    meters = [{"onset": 0, "numerator": 3, "denominator": 4}]
    return {"meters": meters, "bar_onsets": [ticks(bar) for bar in bars]}


def bars_of(text: str, columns: dict[str, Any], **changes: Any) -> dict[str, Any]:
    (row,) = made_of(tune(text, **columns), **changes).grids.to_pylist()
    return dict(row)


def test_steps_are_counted_from_the_bar_line() -> None:
    row = bars_of("60:3 62:2", three_four(["0", "3"]))
    assert row["step_in_bar"] == [0, 1, 2, 0, 1]
    assert (row["meter"], row["steps_per_bar"]) == ("3/4", 3)


def test_an_anacrusis_counts_towards_the_first_bar_line() -> None:
    assert bars_of("60:1 62:3", three_four(["1"]))["step_in_bar"] == [2, 0, 1, 2]


def test_trimming_leaves_the_bars_where_they_are() -> None:
    assert bars_of("r:1 60:2 62:3", three_four(["0", "3"]))["step_in_bar"] == [1, 2, 0, 1, 2]


def test_unknown_bars_are_null() -> None:
    row = bars_of("60:1 62:3", {})
    assert (row["step_in_bar"], row["steps_per_bar"], row["meter"]) == (None, None, None)


def test_a_change_of_metre_leaves_no_steps_per_bar() -> None:
    meters = [
        {"onset": 0, "numerator": 3, "denominator": 4},
        {"onset": ticks("3"), "numerator": 2, "denominator": 4},
    ]
    row = bars_of("60:3 62:2", {"meters": meters, "bar_onsets": [0, ticks("3")]})
    assert (row["meter"], row["steps_per_bar"], row["step_in_bar"]) == (None, None, [0, 1, 2, 0, 1])


def test_a_bar_of_no_whole_number_of_steps_has_none() -> None:
    meters = [{"onset": 0, "numerator": 3, "denominator": 8}]
    row = bars_of("60:3/2 62:3/2", {"meters": meters})
    assert (row["meter"], row["steps_per_bar"]) == ("3/8", None)


def test_the_order_of_the_rows_does_not_change_the_bytes() -> None:
    rows = [*CHORALE, part("bach/0", "60:1", name="Soprano"), part("bach/2", "62:1", name="Soprano")]
    forth = made_of(notes_table(*rows), parts={"default": ["Soprano"]}).grids
    back = made_of(notes_table(*rows[::-1]), parts={"default": ["Soprano"]}).grids
    assert content_digest(forth) == content_digest(back)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rests": "split"}, "min_rest is required with rests: split"),
        ({"min_rest": 2}, "min_rest is required with rests: split"),
        ({"split_at_phrase_ends": True}, "split_at_phrase_ends is allowed only with"),
        ({"parts": {"default": ["top"], "bach": ["Soprano", "Bass"]}}, "same number of selectors"),
        ({"steps_per_quarter": 0}, "steps_per_quarter"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        options(**changes)


lengths = st.integers(1, 24).map(lambda n: f"{n}/12")
words = st.tuples(st.integers(1, 127).map(str) | st.just("r"), lengths).map(":".join)
tunes = st.lists(words, min_size=1, max_size=12).map(" ".join).filter(lambda text: notes_of(text)["onset"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(tunes, min_size=1, max_size=4),
    st.sampled_from([1, 2, 3, 4, 5, 12]),
    st.sampled_from(["symbol", "extend", "split"]),
    st.sampled_from(["trim", "keep"]),
)
def test_any_music_gives_valid_grids(texts: list[str], steps: int, rests: str, edges: str) -> None:
    voices = [str(number) for number in range(len(texts))]
    piece = notes_table(*(part("a/1", text, i, str(i)) for i, text in enumerate(texts)))
    more = {"min_rest": 2} if rests == "split" else {}
    made = made_of(
        piece, parts={"default": voices}, steps_per_quarter=steps, rests=rests, edge_silence=edges, **more
    )
    assert made.kept == ["a/1"]
    for row in made.grids.to_pylist():
        shape = (row["n_steps"], row["voices"])
        grid = Grid(np.array(row["pitch"], np.uint8).reshape(shape), np.array(row["tied"]).reshape(shape))
        assert grid.pitch.any()
        assert len(row["phrase_end"]) == row["n_steps"]


@settings(max_examples=60, deadline=None)
@given(tunes)
def test_on_a_grid_that_fits_the_notes_come_back(text: str) -> None:
    row = row_of(text, steps_per_quarter=12, edge_silence="keep")
    exact = notes_of(text)
    onsets = [
        t for t, (pitch, tied) in enumerate(zip(row["pitch"], row["tied"], strict=True)) if pitch and not tied
    ]
    assert [840 * t for t in onsets] == list(exact["onset"])
    assert [row["pitch"][t] for t in onsets] == list(exact["pitch"])
    assert row["n_moved"] == 0
    assert 840 * row["n_steps"] == exact["end"]


def test_no_notes_give_no_grids() -> None:
    made = made_of(notes_table())
    assert (made.grids.num_rows, made.incoming, made.kept) == (0, [], [])
