import numpy as np
import pytest

from pipeline.core.music import Grid
from pipeline.core.vocabulary import START, TIED, encode
from pipeline.decoding.voice_leading.costs import VoiceLeadingCosts
from pipeline.decoding.voice_leading.keys import UNKNOWN_KEY, WrittenKey, key_of
from pipeline.decoding.voice_leading.rules import LEVELS, NAMES, RULES, STRICT_FACTOR, costs_of
from pipeline.evaluation.metrics.voice_leading import voice_leading
from tests.helpers.chords import note

PER_PIECE = ("parallel_fifths", "parallel_octaves", "direct", "overlaps", "leaps", "out_of_range")
HELD = "="


def only(rule: str) -> dict[str, float]:
    return {name: float(name == rule) for name in NAMES}


def tokens(*names: str) -> np.ndarray:
    """(1, V): `c4` begins a note, `?` is unknown, `c4=` is held."""
    return np.array([[START if n == "?" else note(n.rstrip(HELD)) + TIED * n.endswith(HELD) for n in names]])


def cost(
    rule: str, before: str, now: str, candidate: str, key: WrittenKey = UNKNOWN_KEY, **place: bool
) -> float:
    """Nats of a candidate for the first unknown voice, 1 for each time that it breaks the rule."""
    start = VoiceLeadingCosts.start(only(rule), [key], tokens(*before.split()))
    closing = np.array([place["closing"]]) if place else None
    step = start.next_step(tokens(*now.split()), closing)
    found = step.of_candidates(now.split().index("?"))
    return float(found[0, int(tokens(candidate)[0, 0])])


def test_a_parallel_with_a_chosen_voice_has_a_cost() -> None:
    assert cost("parallel_fifths", "g4 c4", "a4 ?", "d4") == 1
    assert cost("parallel_fifths", "g4 c4", "a4 ?", "e4") == 0
    assert cost("parallel_octaves", "c5 c4", "d5 ?", "d4") == 1


def test_a_parallel_with_a_lower_given_voice_has_a_cost() -> None:
    assert cost("parallel_fifths", "g4 c4", "? d4", "a4") == 1


def test_a_voice_that_is_not_yet_decoded_adds_no_cost() -> None:
    assert cost("parallel_fifths", "g4 c4", "? ?", "a4") == 0


def test_a_held_note_has_no_motion() -> None:
    assert cost("parallel_octaves", "c5 c4", "c5= ?", "c4=") == 0
    assert cost("leaps", "c5 c3", "c5= ?", "c3=") == 0


def test_direct_intervals_have_a_cost_in_outer_voices_only() -> None:
    assert cost("direct", "f4 a3", "a4 ?", "d4") == 1
    assert cost("direct", "f4 a3 f3", "a4 ? f3=", "d4") == 0


def test_crossed_and_distant_neighbours_have_a_cost_when_one_of_them_moves() -> None:
    assert cost("crossings", "g4 e4", "g4= ?", "a4") == 1
    assert cost("crossings", "g4 a4", "g4= ?", "a4=") == 0
    assert cost("crossings", "g4 a4", "g4 ?", "a4=") == 1
    assert cost("wide", "e5 g4 c3", "e5 ? ?", "d4") == 1
    assert cost("wide", "e5 g4 c3", "e5= g4= ?", "c2") == 0  # the bass may be far below


def test_ranges_are_those_of_the_written_piece() -> None:
    assert cost("out_of_range", "g5 c5 g4 c3", "? ? ? ?", "b5") == 1
    assert cost("out_of_range", "g5 c5 g4 c3", "? ? ? ?", "b5", WrittenKey(transposition=5)) == 0


def test_a_leap_is_measured_from_the_last_note_before_a_silence() -> None:
    begun = VoiceLeadingCosts.start(only("leaps"), [WrittenKey()], tokens("c4", "c3"))
    rest = begun.next_step(tokens("-", "c3=")).next_step(tokens("?", "c3="))
    assert rest.of_candidates(0)[0, note("e5")] == 1
    assert rest.of_candidates(0)[0, note("c5")] == 0


def test_a_second_leading_note_has_a_cost() -> None:
    assert cost("doubled_leading", "c5 c3", "b4 ?", "b2", WrittenKey(0, 11)) == 1
    assert cost("doubled_leading", "c5 c3", "b4 ?", "b2") == 0


@pytest.mark.parametrize(("bass", "nats"), [("c3", 0), ("e3", 1), ("a2", 1)])
def test_a_closing_chord_ends_on_its_root(bass: str, nats: int) -> None:
    assert cost("closing", "d5 f4 b3 g3", "c5 g4 e4 ?", bass, closing=True) == nats
    assert cost("closing", "d5 f4 b3 g3", "c5 g4 e4 ?", bass, closing=False) == 0


def test_a_closing_chord_has_a_cost_as_soon_as_it_cannot_become_a_triad() -> None:
    assert cost("closing", "d5 f4 b3 g3", "c5 ? ? ?", "d4", closing=True) == 1
    assert cost("closing", "d5 f4 b3 g3", "c5 ? ? ?", "a4", closing=True) == 0


def test_silence_does_not_avoid_costs() -> None:
    low = cost("crossings", "g4 e4 c4", "c3 ? c4=", "-")
    assert low == cost("crossings", "g4 e4 c4", "c3 ? c4=", "e4") == 1


def test_costs_of_rules_add_up() -> None:
    start = VoiceLeadingCosts.start(dict.fromkeys(NAMES, 2.0), [WrittenKey()], tokens("g4", "c4"))
    found = start.next_step(tokens("a4", "?")).of_candidates(1)
    assert found[0, note("d4")] == 2
    assert found[0, note("b4")] == 2 + 2  # crosses, and overlaps where the upper voice was


def random_grid(rng: np.random.Generator) -> Grid:
    pitch = np.sort(rng.integers(40, 80, (40, 4)), axis=1)[:, ::-1]
    held = rng.random((40, 4)) < 0.4
    for step in range(1, 40):
        pitch[step] = np.where(held[step], pitch[step - 1], pitch[step])
    held[0] = False
    return Grid(pitch.astype(np.uint8), held)


@pytest.mark.parametrize("rule", PER_PIECE)
def test_the_costs_of_a_piece_are_the_counts_of_its_broken_rules(rule: str) -> None:
    grid = random_grid(np.random.default_rng(5))
    steps = np.array(encode(grid)[1:-1], np.int64).reshape(-1, 1, 4)
    costs = VoiceLeadingCosts.start(only(rule), [WrittenKey(2)], np.full((1, 4), START))
    total = 0.0
    for now in steps:
        costs = costs.next_step(np.full((1, 4), START))
        for voice in range(4):
            total += costs.of_candidates(voice)[0, now[0, voice]]
            costs = costs.choose(voice, now[:, voice])
    assert total == getattr(voice_leading(grid, WrittenKey(2)), rule)


def test_pieces_of_a_batch_do_not_mix_and_can_be_reordered() -> None:
    keys = [WrittenKey(), WrittenKey()]
    before, now = (
        np.concatenate([tokens(*a), tokens(*b)])
        for a, b in ((("g4", "c4"), ("g4", "e4")), (("a4", "?"),) * 2)
    )
    step = VoiceLeadingCosts.start(only("parallel_fifths"), keys, before).next_step(now)
    assert step.of_candidates(1)[:, note("d4")].tolist() == [1, 0]
    assert step.select(np.array([1, 0, 0])).of_candidates(1)[:, note("d4")].tolist() == [0, 1, 1]


def test_levels_have_a_cost_for_every_rule() -> None:
    assert costs_of("off") is None
    for level in LEVELS[1:]:
        assert tuple(costs_of(level) or {}) == NAMES
    default, strict = costs_of("default") or {}, costs_of("strict") or {}
    assert strict == {name: STRICT_FACTOR * nats for name, nats in default.items()}
    assert all(rule.cost_nats > 0 and rule.source for rule in RULES)


def test_the_leading_note_is_a_semitone_below_the_transposed_tonic() -> None:
    assert key_of({"transposition": -2, "tonic_pc": 2, "mode_used": "major"}) == WrittenKey(-2, 11)
    assert key_of({"transposition": None, "tonic_pc": 9, "mode_used": "minor"}) == WrittenKey(0, 8)
    assert key_of({"transposition": 3, "tonic_pc": None, "mode_used": None}) == WrittenKey(3, None)
    assert key_of({"transposition": 0, "tonic_pc": 2, "mode_used": "dorian"}).leading_note is None
