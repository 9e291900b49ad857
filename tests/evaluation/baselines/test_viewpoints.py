"""Prediction of the next pitch from several viewpoints."""

import numpy as np
import pytest

from tests.helpers.viewpoints import FACTS, PREDICTED, Melody, Viewpoint, combine, see

SCALE = np.arange(60, 73)


def tune(pitches: str, durations: str = "", bar: int = 4, tonic: int = 0) -> Melody:
    """Letters as pitches from C4 up, digits as lengths; every fourth note begins a bar."""
    steps = dict(zip("CDEFGABc", (60, 62, 64, 65, 67, 69, 71, 72), strict=True))
    n = len(pitches)
    return Melody(
        pitch=np.array([steps[letter] for letter in pitches]),
        duration=np.array([int(digit) for digit in durations or "1" * n]),
        place_in_bar=np.arange(n) % bar,
        begins_phrase=np.arange(n) == 0,
        ends_phrase=np.arange(n) == n - 1,
        tonic=tonic,
    )


def long_term(viewpoint: Viewpoint, trained_on: Melody, predicted: Melody) -> np.ndarray:
    """(n, 13) probabilities of C4 … C5 at every note of ``predicted``."""
    return see([trained_on, predicted], viewpoint, SCALE).long_term([0], [1], None)[0]


def test_the_empty_context_by_hand() -> None:
    # C C D: three tokens of two types. One by one: escape 2/5, shared by the eleven others
    first = long_term(Viewpoint(("pitch",)), tune("CCD"), tune("E"))[0]
    assert first[0] == pytest.approx(2 / 5)
    assert first[2] == pytest.approx(1 / 5)
    assert first[4] == pytest.approx(2 / 5 / 11)


def test_one_context_by_hand() -> None:
    # after C came C and D, one each: T = t = 2. Below, both are left out of T = 0, t = 2:
    # p(C) = 2/2, p(D) = 1/2, the eleven others share 2/2. Then (1 + 2·p) / 4, and the sum is 7/4
    second = long_term(Viewpoint(("pitch",)), tune("CCD"), tune("CE"))[1]
    assert second[0] == pytest.approx(3 / 4 / (7 / 4))
    assert second[2] == pytest.approx(2 / 4 / (7 / 4))
    assert second[4] == pytest.approx(2 / 4 / 11 / (7 / 4))


def test_intervals_know_a_tune_again_in_another_key() -> None:
    predicted = tune("FGAF")
    by_interval = long_term(Viewpoint(("interval",)), tune("CDEC"), predicted)
    by_pitch = long_term(Viewpoint(("pitch",)), tune("CDEC"), predicted)
    assert SCALE[by_interval[3].argmax()] == 65
    assert SCALE[by_pitch[3].argmax()] != 65


def test_a_degree_is_shared_by_its_octaves() -> None:
    first = long_term(Viewpoint(("degree",)), tune("CCC"), tune("c"))[0]
    assert first[0] == first[12] == pytest.approx(3 / 4 / 2)


def test_a_fact_of_the_note_is_known_before_its_pitch() -> None:
    # long notes were G, short ones C: the length alone decides
    trained_on = tune("CGCGCGCG", "12121212")
    alone, linked = Viewpoint(("pitch",)), Viewpoint(("pitch",), ("duration",))
    predicted = tune("CC", "12")
    assert SCALE[long_term(linked, trained_on, predicted)[1].argmax()] == 67
    assert long_term(linked, trained_on, predicted)[0][0] > long_term(alone, trained_on, predicted)[0][0]


def test_a_melody_remembers_itself() -> None:
    view = see([tune("CDGAECDGA")], Viewpoint(("pitch",)), SCALE)
    probs = view.short_term(0, None)
    assert probs[0] == pytest.approx(1 / 13)
    assert [SCALE[row.argmax()] for row in probs[6:]] == [62, 67, 69]


@pytest.mark.parametrize("predicted", PREDICTED)
@pytest.mark.parametrize("fact", FACTS)
def test_every_viewpoint_predicts_a_distribution_of_the_next_note(predicted: str, fact: str) -> None:
    one, other = tune("CDEFGFED"), tune("CDEFGFEc")
    views = [see([melody, one], Viewpoint((predicted,), (fact,)), SCALE) for melody in (one, other)]
    for distributions in zip(
        *[(v.short_term(0, None), v.long_term([1], [0], None)[0]) for v in views], strict=True
    ):
        assert distributions[0].sum(axis=1) == pytest.approx(1)
        assert distributions[0] == pytest.approx(distributions[1])


def test_sure_viewpoints_outweigh_the_others() -> None:
    even, sure = np.full((1, 4), 1 / 4), np.array([[0.97, 0.01, 0.01, 0.01]])
    assert combine([even, sure], [even], 2.0)[0, 0] > combine([even, sure], [even], 0.0)[0, 0]


def test_a_viewpoint_names_what_it_links() -> None:
    assert str(Viewpoint(("degree", "interval"), ("duration",))) == "degree × interval | duration"
