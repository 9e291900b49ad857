import numpy as np
import pytest

from pipeline.core import vocabulary
from pipeline.core.music import Grid, GridError
from pipeline.core.vocabulary import START, STOP, TokenError, decode, decode_leniently, encode, valid_next
from pipeline.models.base.examples import cut_at_note

ENTCHEN_SOURCE = [60, 62, 64, 65, 67, 195, 67, 195, 69, 69, 69, 69, 67, 195, 69, 69]
ENTCHEN_TARGET = [69, 69, 67, 195, 65, 65, 65, 65, 64, 192, 64, 192, 62, 62, 62, 62, 60, 188, 257]
ENTCHEN = [START, *ENTCHEN_SOURCE, *ENTCHEN_TARGET]


def grid(*steps: tuple[int, bool]) -> Grid:
    pitch = np.array([[p] for p, _ in steps], np.uint8)
    return Grid(pitch, np.array([[t] for _, t in steps], bool))


def test_a_held_note_is_an_onset_and_ties() -> None:
    assert encode(grid((60, False), (60, True), (60, False))).tolist() == [START, 60, 188, 60, STOP]


def test_silence_is_note_number_zero() -> None:
    assert encode(grid((0, False), (0, True), (64, False))).tolist() == [START, 0, 128, 64, STOP]


def test_tokens_and_notes_take_no_more_bytes_than_they_need() -> None:
    tokens = encode(grid((127, False), (127, True)))
    assert tokens.dtype == np.uint16
    assert decode(tokens).pitch.dtype == decode_leniently(tokens)[0].pitch.dtype == np.uint8


def test_entchen_is_cut_after_half_of_its_notes() -> None:
    example = cut_at_note(ENTCHEN, 0.5)
    assert example.source.tolist() == ENTCHEN_SOURCE
    assert example.target.tolist() == ENTCHEN_TARGET


def test_a_silence_before_the_cut_belongs_to_the_source() -> None:
    example = cut_at_note([START, 60, 0, 128, 62, STOP], 0.5)
    assert example.source.tolist() == [60, 0, 128]
    assert example.target.tolist() == [62, STOP]


@pytest.mark.parametrize("voices", [1, 2, 4])
def test_decoding_an_encoded_grid_returns_it(voices: int) -> None:
    rng = np.random.default_rng(voices)
    for _ in range(200):
        tokens = [START]
        last = np.full(voices, START)
        for _ in range(rng.integers(1, 20)):
            for voice in range(voices):
                allowed = np.flatnonzero(valid_next([last[voice]], [False])[0])
                last[voice] = rng.choice(allowed)
                tokens.append(int(last[voice]))
        tokens.append(STOP)
        assert encode(decode(tokens, voices)).tolist() == tokens


@pytest.mark.parametrize(
    ("tokens", "place"),
    [
        ([START, 188, STOP], "step 0, voice 0: tied C4 cannot follow the beginning"),
        ([START, 60, 190, STOP], "step 1, voice 0: tied D4 cannot follow onset C4"),
        ([START, 0, 0, STOP], "onset silence cannot follow onset silence"),
        ([START, 128, STOP], "tied silence cannot follow the beginning"),
        ([START, 60, START, STOP], "token 2 is 256"),
        ([60, 61, STOP], "expected 256"),
        ([START, STOP], "at least one step"),
        ([START, 60, 61], "257"),
    ],
)
def test_the_error_for_an_invalid_sequence_names_the_position(tokens: list[int], place: str) -> None:
    with pytest.raises(TokenError, match=place.replace("(", r"\(")):
        decode(tokens)


def test_a_step_must_be_full() -> None:
    with pytest.raises(TokenError, match="steps of 2 voices are not filled"):
        decode([START, 60, 64, 62, STOP], voices=2)


def test_the_lenient_decoder_repairs_and_counts() -> None:
    mended, repairs = decode_leniently([60, 190, 0, 0, 999, 64])
    assert encode(mended).tolist() == [START, 60, 62, 0, 128, 64, STOP]
    assert (repairs.n_orphan_ties, repairs.n_repeated_silences) == (1, 1)
    assert (repairs.n_markers, repairs.n_unknown, repairs.total) == (2, 1, 5)


def test_the_lenient_decoder_does_not_change_valid_tokens() -> None:
    mended, repairs = decode_leniently(ENTCHEN)
    assert encode(mended).tolist() == ENTCHEN
    assert repairs.total == 0


def test_valid_tokens_after_a_note() -> None:
    after_note, after_silence, at_start = valid_next([60, 128, START], [True, True, False])
    assert np.flatnonzero(after_note[128:]).tolist() == [60, STOP - 128]
    assert after_note[:128].all()
    assert np.flatnonzero(~after_silence[:129]).tolist() == [0]
    assert not at_start[128:].any()
    assert at_start[:128].all()


def test_every_target_token_is_valid_at_its_position() -> None:
    example = cut_at_note(ENTCHEN, 0.5)
    assert example.valid()[np.arange(len(example.target)), example.target].all()


@pytest.mark.parametrize(
    "steps",
    [[(60, True)], [(60, False), (62, True)], [(0, False), (0, False)], [(128, False)]],
)
def test_impossible_grids_are_refused(steps: list[tuple[int, bool]]) -> None:
    with pytest.raises(GridError):
        grid(*steps)


def test_tokens_have_names_and_a_stable_digest() -> None:
    assert vocabulary.token_name(60) == "onset C4"
    assert vocabulary.token_name(188) == "tied C4"
    assert vocabulary.token_name(0) == "onset silence"
    assert vocabulary.sha256().startswith("fd0a8e9b")


def test_there_are_258_tokens_and_no_other_id_has_a_name() -> None:
    assert [vocabulary.token_name(token) for token in (255, 256, 257)] == ["tied G9", "START", "STOP"]
    for token in (-1, 258):
        with pytest.raises(TokenError, match=f"token {token}: allowed are 0 to 257"):
            vocabulary.token_name(token)


def test_the_table_of_valid_tokens_equals_the_grammar() -> None:
    for before in range(257):
        sounding = before % 128 if before < START else None
        for token in range(258):
            if token >= START:
                allowed = token == STOP
            elif token >= 128:
                allowed = sounding == token - 128
            else:
                allowed = not (token == 0 and sounding == 0)
            assert bool(valid_next([before], [True])[0][token]) == allowed, (before, token)


@pytest.mark.parametrize("tokens", [[], [START], [START, STOP], [999]])
def test_without_a_complete_step_decoding_fails(tokens: list[int]) -> None:
    with pytest.raises(TokenError, match=f"no complete step of 1 voice in {len(tokens)} tokens?"):
        decode_leniently(tokens)


def test_every_kind_of_repair_is_counted() -> None:
    mended, repairs = decode_leniently([60, 258, -1, 188, START, 190, STOP, 64])
    assert encode(mended).tolist() == [START, 60, 188, 62, 64, STOP]
    assert vars(repairs) == vars(vocabulary.Repairs(1, 0, 4, 0, 2))
    mended, repairs = decode_leniently([START, 60, 55, 188, STOP], voices=2)
    assert encode(mended).tolist() == [START, 60, 55, STOP]
    assert vars(repairs) == vars(vocabulary.Repairs(0, 0, 0, 1, 0))
    for first, onset in ((188, 60), (128, 0)):
        mended, repairs = decode_leniently([START, first, 60, STOP])
        assert encode(mended).tolist() == [START, onset, 60, STOP]
        assert vars(repairs) == vars(vocabulary.Repairs(1, 0, 0, 0, 0))
