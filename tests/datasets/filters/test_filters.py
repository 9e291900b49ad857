from typing import Any

import pyarrow as pa
import pytest

from pipeline.core.accounting import Rejection
from pipeline.core.settings import SettingsError, parse_section
from pipeline.core.tables import content_digest
from pipeline.datasets.filters import FILTERS, Filtered, FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from tests.helpers.notes_text import notes_table, part, ticks

PARTS = {"default": ["top"]}


def grids(*texts: str, **changes: Any) -> pa.Table:
    """Pieces songs/1, songs/2, … on a grid of quarters."""
    settings = {
        "parts": PARTS,
        "steps_per_quarter": 1,
        "chords": "top",
        "rests": "symbol",
        "edge_silence": "trim",
    }
    rows = [part(f"songs/{number}", text) for number, text in enumerate(texts, start=1)]
    return quantize(notes_table(*rows), QuantizeSettings(**{**settings, **changes})).grids


def filtered(table: pa.Table, **limits: Any) -> Filtered:
    return apply_filters(table, parse_section(FilterSettings, limits, "filter"))


def kept(table: pa.Table, **limits: Any) -> list[str]:
    return [piece.removeprefix("songs/") for piece in filtered(table, **limits).grids["piece_id"].to_pylist()]


def test_no_limit_keeps_everything() -> None:
    assert kept(grids("60:1", "62:1 r:9 62:1")) == ["1", "2"]


@pytest.mark.parametrize(
    ("limit", "value", "passes", "fails", "rule", "found"),
    [
        ("min_notes", 3, "60:1 r:1 62:1 60:2", "60:1 r:1 62:1", "too_few_notes", 2),
        ("max_notes", 2, "60:1 r:1 62:1", "60:1 62:1 64:1", "too_many_notes", 3),
        ("min_steps", 3, "60:1 62:2", "60:1 62:1", "too_short", 2),
        ("max_steps", 3, "60:1 62:2", "60:1 62:3", "too_long", 4),
        ("min_distinct_pitches", 2, "60:1 62:1 60:1", "60:1 r:1 60:1", "too_few_pitches", 1),
        ("min_range", 3, "60:1 r:1 63:1", "60:1 r:1 62:1", "range_too_narrow", 2),
        ("max_range", 3, "60:1 r:1 63:1", "60:1 r:1 64:1", "range_too_wide", 4),
        ("max_silence_steps", 2, "60:1 r:2 62:1 r:1 64:1", "60:1 r:3 62:1", "silence_too_long", 3),
        ("max_silence_share", 0.5, "60:1 r:2 62:1", "60:1 r:3 62:1", "too_much_silence", 0.6),
        ("max_moved_share", 0.5, "60:1 62:1 64:3/2", "60:3/2 62:1 64:3/2", "too_many_moved", 1.0),
        ("max_error_ticks", ticks("1/3"), "60:4/3 62:2", "60:3/2 62:2", "moved_too_far", ticks("1/2")),
        ("max_collapsed_share", 0.1, "60:1 62:1", "60:1/4 62:3/4 64:1", "too_many_collapsed", 1 / 3),
        ("max_covered", 0, "60:1 62:1", "60+64:1 62:1", "too_many_covered", 1),
    ],
)
def test_a_limit_and_the_measured_reason(
    limit: str, value: float, passes: str, fails: str, rule: str, found: float
) -> None:
    made = filtered(grids(passes, fails), **{limit: value})
    assert made.grids["piece_id"].to_pylist() == ["songs/1"]
    (rejection,) = made.rejections
    assert (rejection.piece_id, rejection.rule) == ("songs/2", rule)
    assert rejection.value == pytest.approx(found)
    assert rejection.limit == value


def test_all_broken_rules_of_a_piece_are_recorded() -> None:
    made = filtered(grids("60:1 60:1"), min_notes=3, min_range=1, max_steps=9)
    assert sorted(r.rule for r in made.rejections) == ["range_too_narrow", "too_few_notes"]


def test_a_share_of_silence_is_one_of_all_voices() -> None:
    rows = [part("songs/1", "60:4", 0, "High"), part("songs/1", "r:2 50:1 r:1", 1, "Low")]
    settings = QuantizeSettings(
        parts={"default": ["High", "Low"]},
        steps_per_quarter=1,
        chords="top",
        rests="symbol",
        edge_silence="keep",
    )
    (rejection,) = filtered(quantize(notes_table(*rows), settings).grids, max_silence_share=0.3).rejections
    assert rejection.value == 3 / 8


def test_a_share_of_one_note_is_nothing_or_all() -> None:
    (rejection,) = filtered(grids("60:4/3"), max_moved_share=0.5).rejections
    assert rejection.value == 1.0


def test_only_admitted_meters_pass() -> None:
    meters = [{"onset": 0, "numerator": 3, "denominator": 4}]
    rows = [part("songs/1", "60:3", meters=meters), part("songs/2", "60:3")]
    settings = QuantizeSettings(
        parts=PARTS, steps_per_quarter=1, chords="top", rests="symbol", edge_silence="trim"
    )
    table = quantize(notes_table(*rows), settings).grids
    assert kept(table, meters=["3/4"]) == ["1"]
    assert kept(table, meters=["3/4", "none"]) == ["1", "2"]
    assert filtered(table, meters=["3/4"]).rejections[0].detail == "'none'; admitted: 3/4"


def test_only_admitted_licences_pass() -> None:
    assert kept(grids("60:1"), licences=["CC0-1.0"]) == ["1"]
    made = filtered(grids("60:1"), licences=["CC-BY-4.0", "MIT"])
    assert made.rejections == [
        Rejection("songs/1", "licence_not_admitted", detail="'CC0-1.0'; admitted: CC-BY-4.0, MIT")
    ]


def test_no_licence_is_none() -> None:
    table = grids("60:1")
    table = table.set_column(table.column_names.index("licence"), "licence", pa.array([None], pa.string()))
    assert filtered(table, licences=["MIT"]).rejections[0].detail == "''; admitted: MIT"


ORIGINS = ("Europa, Mitteleuropa, Deutschland", "SCOTCH.", "", None, "Irland; Deutschlandsberg")


def songs_from(*origins: str | None) -> pa.Table:
    """Songs 1, 2, … of which the sources write that."""
    return grids_of(
        *(part(f"songs/{n}", "60:1 62:1", origin=origin) for n, origin in enumerate(origins, start=1))
    )


def grids_of(*rows: dict[str, Any]) -> pa.Table:
    return quantize(
        notes_table(*rows),
        QuantizeSettings(parts=PARTS, steps_per_quarter=1, chords="top", rests="symbol", edge_silence="trim"),
    ).grids


@pytest.mark.parametrize(
    ("regions", "songs"),
    [
        (["deutschland"], ["1"]),
        (["Scotch", "Irland"], ["2", "5"]),
        (["none"], ["3", "4"]),
        (["Europa", "none"], ["1", "3", "4"]),
        (["Land"], []),
    ],
)
def test_a_region_is_a_whole_part_of_what_the_source_writes(regions: list[str], songs: list[str]) -> None:
    assert kept(songs_from(*ORIGINS), regions=regions) == songs


def test_a_region_is_looked_for_in_the_area_too() -> None:
    rows = [
        part("songs/1", "60:1 62:1", origin="England", region="Kent"),
        part("songs/2", "60:1 62:1", region="Kent"),
        part("songs/3", "60:1 62:1", origin="England"),
    ]
    assert kept(grids_of(*rows), regions=["kent"]) == ["1", "2"]
    assert kept(grids_of(*rows), regions=["England"]) == ["1", "3"]


@pytest.mark.parametrize(
    ("types", "songs"), [(["Reel"], ["1"]), (["lied"], ["2"]), (["none"], ["3"]), (["ree"], [])]
)
def test_a_tune_type_is_a_whole_part_of_what_the_source_writes(types: list[str], songs: list[str]) -> None:
    written = ("reel", "Romanze, Ballade, Lied", None)
    rows = [part(f"songs/{n}", "60:1 62:1", tune_type=each) for n, each in enumerate(written, start=1)]
    assert kept(grids_of(*rows), tune_types=types) == songs


def test_the_rejection_has_the_region_as_written() -> None:
    details = [r.detail for r in filtered(songs_from("SCOTCH.", None), regions=["Irland"]).rejections]
    assert details == ["'SCOTCH.'; admitted: Irland", "'none'; admitted: Irland"]


def test_the_first_of_transposed_duplicates_is_kept() -> None:
    table = grids("60:1 r:1 64:2", "65:1 r:1 69:2", "60:1 r:1 64:1", "60:1 60:1 64:2", "60:2 64:2")
    assert kept(table, duplicates="drop") == ["1", "3", "4", "5"]
    made = filtered(table, duplicates="drop")
    assert made.rejections == [Rejection("songs/2", "duplicate", detail="the same notes as songs/1")]
    assert made.incoming == [f"songs/{n}" for n in range(1, 6)]


def test_a_duplicate_is_kept_if_another_filter_rejects_the_first() -> None:
    table = grids("60:1 64:1", "72:1 76:1")
    table = table.set_column(table.column_names.index("n_covered"), "n_covered", pa.array([5, 0], pa.int32()))
    made = filtered(table, duplicates="drop", max_covered=1)
    assert made.grids["piece_id"].to_pylist() == ["songs/2"]
    assert [(r.piece_id, r.rule) for r in made.rejections] == [("songs/1", "too_many_covered")]


def test_the_top_voice_has_the_notes_that_a_cut_needs() -> None:
    settings = QuantizeSettings(
        parts={"default": ["top", "Bass"]},
        steps_per_quarter=1,
        chords="top",
        rests="symbol",
        edge_silence="trim",
    )
    rows = [part("songs/1", "60:4"), part("songs/1", "48:1 50:1 52:1 53:1", 1, "Bass")]
    table = quantize(notes_table(*rows), settings).grids
    assert kept(table, min_notes=2) == []
    assert kept(table, min_distinct_pitches=5) == ["1"]


def test_a_limit_that_keeps_the_same_rows_gives_the_same_rows() -> None:
    table = grids("60:1 62:1", "60:1 62:1 64:1")
    loose, strict = (filtered(table, min_notes=n).grids for n in (1, 2))
    assert content_digest(loose) == content_digest(strict)


@pytest.mark.parametrize("name", FILTERS)
def test_every_filter_has_a_parameter_and_accepts_an_empty_table(name: str) -> None:
    limit: Any = ["3/4"] if name in ("meters", "regions", "tune_types", "licences") else 0
    if name in ("max_silence_share", "max_moved_share", "max_collapsed_share"):
        limit = 0.0
    assert filtered(grids(), **{name: limit}, duplicates="drop").rejections == []


def test_a_misspelt_filter_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'min_notes'"):
        parse_section(FilterSettings, {"min_note": 3}, "filter")
