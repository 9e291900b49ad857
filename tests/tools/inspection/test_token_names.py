from pipeline.tools.inspection.token_names import names_of


def test_repeated_tokens_are_counted() -> None:
    assert names_of([256, 60, 188, 188, 0, 257]) == "START, onset C4, tied C4 x2, onset silence, STOP"


def test_a_line_never_breaks_inside_a_name() -> None:
    assert names_of([60, 61, 62], width=20).split("\n") == ["onset C4, onset C#4,", "onset D4"]
