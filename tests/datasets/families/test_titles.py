"""Titles as keys that are the same over editions."""

from pipeline.datasets.families.titles import normal_title


def test_titles_are_compared_without_case_accents_and_signs() -> None:
    assert normal_title("Grüß' Gott, du  schöner!") == normal_title("gruss gott du schoner")
    assert normal_title(None) == ""
