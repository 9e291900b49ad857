"""Choosing the part of each voice by alternatives of names."""

from typing import Any

import pytest

from pipeline.core.accounting import Rejection
from pipeline.core.settings import SettingsError, parse_section
from pipeline.datasets.quantize import Quantized, QuantizeSettings, quantize
from pipeline.datasets.quantize.part_names import BEGINS, CONTAINS, EXACT, NO_FIT, fit
from tests.helpers.notes_text import notes_table, part

PLAIN = {"steps_per_quarter": 1, "chords": "top", "rests": "symbol", "edge_silence": "trim"}


def song(piece_id: str, *names: str | None) -> list[dict[str, Any]]:
    """A piece of parts with these names, one note each: 61 in the first, 62 in the second, …"""
    return [part(piece_id, f"{61 + n}:1", n, name) for n, name in enumerate(names)]  # type: ignore[arg-type]


def made_of(selectors: list[Any], *parts: dict[str, Any]) -> Quantized:
    settings = parse_section(QuantizeSettings, {**PLAIN, "parts": {"default": selectors}}, "quantize")
    return quantize(notes_table(*parts), settings)


def taken(selectors: list[Any], *names: str | None) -> list[str | None]:
    """The names of the parts that give the voices of a piece."""
    (row,) = made_of(selectors, *song("songs/1", *names)).grids.to_pylist()
    return list(row["part_names"])


@pytest.mark.parametrize(
    ("selector", "name", "how"),
    [
        ("Voice", "VOICE", EXACT),
        ("voice", " Voice\n", EXACT),
        ("melodia", "Melodía", EXACT),
        ("Flöte", "FLOTE", EXACT),
        ("Voice", "Voice 1", BEGINS),
        ("Voice", "voice2", BEGINS),
        ("Soprano", "Soprano_solo", BEGINS),
        ("Lead Vocal", "Lead  vocal (double)", BEGINS),
        ("Voice", "Solo Voice", CONTAINS),
        ("Soprano", "Mezzo-Soprano", CONTAINS),
        ("Voice", "Voices", NO_FIT),
        ("Sop", "Soprano", NO_FIT),
        ("Voice", "", NO_FIT),
        ("Voice", None, NO_FIT),
        ("*", "Voice", NO_FIT),
    ],
)
def test_a_name_is_compared_by_whole_words_without_case_and_accents(
    selector: str, name: str | None, how: int
) -> None:
    assert fit(selector, name) == how


def test_the_first_alternative_that_fits_counts() -> None:
    assert taken([["Melody", "Voice", "top"]], "Strings", "Voice", "MELODY") == ["MELODY"]
    assert taken([["Melody", "Voice", "top"]], "Strings", "Lead voice") == ["Lead voice"]
    assert taken([["Melody", "Voice", "top"]], "Strings", "Bass") == ["Strings"]


def test_of_the_parts_that_fit_an_alternative_the_best_is_taken_then_the_first() -> None:
    assert taken(["Voice"], "Second voice", "Voice 2", "voice") == ["voice"]
    assert taken(["Voice"], "Second voice", "Voice 2", "Voice 1") == ["Voice 2"]


def test_a_single_text_for_a_voice_is_one_alternative() -> None:
    assert taken(["Soprano", ["Cello", "Bass"]], "Soprano", "Bass") == ["Soprano", "Bass"]


def test_top_is_the_first_part_whatever_its_name_and_case() -> None:
    assert taken(["top"], "Strings", "Top voice") == ["Strings"]
    assert taken(["Top"], "Strings", "Top voice") == ["Strings"]


def test_a_piece_in_which_no_alternative_fits_is_rejected_with_all_of_them() -> None:
    made = made_of([["Melody", "Voice"], "Bass"], *song("songs/1", "Strings", None))
    detail = "asked for Melody or Voice, Bass; it has Strings, (no name)"
    assert made.rejections == [Rejection("songs/1", "no_such_part", detail=detail)]


def test_a_grid_states_how_many_parts_its_piece_has() -> None:
    made = made_of([["Voice", "top"]], *song("songs/1", "Piano", "Voice"), *song("songs/2", ""))
    rows = [(row["n_parts"], row["part_names"]) for row in made.grids.to_pylist()]
    assert rows == [(2, ["Voice"]), (1, [""])]


@pytest.mark.parametrize("selectors", [[[]], [""], [["Voice", ""]], [["Voice", ["top"]]], []])
def test_a_voice_needs_a_name(selectors: list[Any]) -> None:
    with pytest.raises(SettingsError, match="parts"):
        parse_section(QuantizeSettings, {**PLAIN, "parts": {"default": selectors}}, "quantize")
