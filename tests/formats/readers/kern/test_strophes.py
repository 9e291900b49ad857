"""Alternative readings in **kern: one of them is read."""

from tests.helpers.kern_text import melody

STROPHES = ("4c", "*strophe", "*^", "*S/sic *S/ossia", "4d 4f", "*v *v", "*Xstrophe", "4e")


def test_of_alternative_readings_the_first_is_read() -> None:
    assert melody(*STROPHES).pitch.tolist() == [60, 62, 64]


def test_readings_may_be_labelled_without_the_sign_of_a_passage() -> None:
    assert melody(*(line for line in STROPHES if "trophe" not in line)).pitch.tolist() == [60, 62, 64]


def test_three_readings_of_other_rhythms_with_their_ends_marked() -> None:
    found = melody(
        "*strophe",
        "*^",
        "* *^",
        "*S/1 *S/2 *S/3",
        "8c 4e 8.g",
        "8d . .",
        ". . 16a",
        "*S/fin *S/fin *S/fin",
        "*v *v *v",
        "*S-",
        "4f",
    )
    assert (found.onset.tolist(), found.pitch.tolist()) == ([0, 5040, 10080], [60, 62, 65])


def test_a_reading_may_have_two_voices() -> None:
    found = melody("*strophe", "*^", "*^ *", "*S/1 *S/1 *S/2", "4c 4e 4g", "*v *v *v", "*Xstrophe", "4d")
    assert found.pitch.tolist() == [64, 60, 62]


def test_another_voice_sounds_with_alternative_readings() -> None:
    found = melody(
        "*^", "* *strophe", "* *^", "* *S/a *S/b", "4c 4e 4f", "* *v *v", "* *Xstrophe", "*v *v", "4d"
    )
    assert found.pitch.tolist() == [64, 60, 62]


def test_a_later_passage_has_its_own_first_reading() -> None:
    found = melody(*STROPHES, "*strophe", "*^", "*S/new *S/sic", "4f 4g", "*v *v", "*Xstrophe", "4a")
    assert found.pitch.tolist() == [60, 62, 64, 65, 69]


def test_verses_in_the_same_strand_are_all_read() -> None:
    assert melody("*strophe", "*S/1", "4c", "*S/2", "4d", "*S-", "4e").pitch.tolist() == [60, 62, 64]
