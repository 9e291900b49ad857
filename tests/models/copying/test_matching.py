import torch

from pipeline.core.vocabulary import PAD_ID
from pipeline.models.copying.matching import (
    agreement,
    as_intervals,
    notes_before,
    repeated,
    repeated_as_interval,
)


def row(*tokens: int) -> torch.Tensor:
    return torch.tensor([tokens])


def test_the_note_before_is_the_last_that_sounded() -> None:
    assert notes_before(row(60, 188, 0, 128, 64), 1).tolist() == [[0, 60, 60, 60, 60, 64]]


def test_each_voice_has_its_own_note_before() -> None:
    assert notes_before(row(72, 48, 0, 50, 74, 178), 2).tolist() == [[0, 0, 72, 48, 72, 50, 74]]


def test_padding_is_no_note() -> None:
    assert notes_before(row(PAD_ID, PAD_ID, 60, 62), 1).tolist() == [[0, 0, 0, 60, 62]]


def test_a_transposed_melody_has_the_same_intervals() -> None:
    tune = row(60, 188, 64, 0, 128, 62, 60)
    higher = row(65, 193, 69, 0, 128, 67, 65)
    codes = [as_intervals(melody, notes_before(melody, 1)[:, :-1]) for melody in (tune, higher)]
    assert codes[0][:, 1:].tolist() == codes[1][:, 1:].tolist()


def test_an_interval_is_neither_a_tie_nor_a_silence() -> None:
    melody = row(60, 60, 188, 0, 128)
    codes = as_intervals(melody, notes_before(melody, 1)[:, :-1])[0].tolist()
    assert len(set(codes)) == len(codes)


def agreed(*tokens: int) -> list[int]:
    """Levels of agreement of the context of the next position with that of each token."""
    return agreement(row(*tokens), 1)[0, 0].tolist()


def test_agreement_counts_consecutive_equal_tokens() -> None:
    assert agreed(1, 2, 3, 9, 2, 3, 8, 3) == [0, 0, 0, 1, 0, 0, 1, 0]
    assert agreed(1, 2, 3, 9, 7, 2, 3) == [0, 0, 0, 2, 0, 0, 0]


def test_long_agreement_has_wider_levels() -> None:
    levels = {4: 4, 5: 4, 6: 5, 8: 6, 12: 7, 15: 7, 16: 8, 24: 9}
    for length, level in levels.items():
        passage = list(range(100, 100 + length))
        assert agreed(*passage, 7, 8, *passage)[length] == level


def test_nothing_agrees_with_padding() -> None:
    assert agreed(-1, -1, -1, 5) == [0, 0, 0, 0]


def test_agreement_at_one_place_is_that_of_all_places_at_once() -> None:
    tokens = torch.randint(3, (2, 60), generator=torch.Generator().manual_seed(1))
    assert torch.equal(agreement(tokens, 60)[:, -1:], agreement(tokens, 1))
    assert torch.equal(agreement(tokens, 60)[:, 39:40, :40], agreement(tokens[:, :40], 1))


def test_a_copied_tie_holds_the_current_note() -> None:
    assert repeated(row(60, 188, 0), torch.tensor([[64]])).tolist() == [[[60, 192, 0]]]


def test_a_copied_interval_starts_at_the_last_note() -> None:
    history = row(60, 64, 192, 0, 128, 62, 67)
    copied = repeated_as_interval(history, notes_before(history, 1), torch.tensor([[67]]))
    assert copied[0, 0].tolist() == [60, 71, 195, 0, 195, 65, 72]


def test_an_interval_stops_at_the_highest_note() -> None:
    history = row(60, 100, 120)
    assert repeated_as_interval(history, notes_before(history, 1), torch.tensor([[120]]))[0, 0, 1] == 127
