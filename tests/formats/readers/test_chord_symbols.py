import pytest

from pipeline.formats.readers.base.chord_symbols import harte_of_text

SPELLINGS = {
    "C": "C:maj",
    "Am7": "A:min7",
    "G/B": "G:maj/3",
    "Bb7": "Bb:7",
    "B♭7": "Bb:7",
    "F#m7b5": "F#:hdim7",
    "Bm7-5": "B:hdim7",
    "CM7": "C:maj7",
    "Cmaj7": "C:maj7",
    "CΔ": "C:maj7",
    "C-7": "C:min7",
    "CmMaj7": "C:minmaj7",
    "Cm(maj7)": "C:minmaj7",
    "C6/9": "C:maj6(9)",
    "Co": "C:dim",
    "C°7": "C:dim7",
    "Cø7": "C:hdim7",
    "C+": "C:aug",
    "C7+": "C:aug(b7)",
    "C+7": "C:aug(b7)",
    "C7#5": "C:aug(b7)",
    "C7b5": "C:7(*5,b5)",
    "E7b9": "E:7(b9)",
    "E7(b9,#11)": "E:7(b9,#11)",
    "C13b9": "C:13(*9,b9)",
    "C7(13)": "C:7(13)",
    "C7alt": "C:7(b5,#5,b9,#9,*5)",
    "Csus": "C:sus4",
    "Csus2": "C:sus2",
    "C7sus4": "C:sus4(b7)",
    "C9sus4": "C:sus4(b7,9)",
    "Cadd9": "C:maj(9)",
    "Cmadd9": "C:min(9)",
    "C5": "C:5",
    "Cno3": "C:maj(*3)",
    "Gd": "G:dim",
    "Da": "D:aug",
    "D/f+": "D:maj/3",
    "Gm/bb": "G:min/b3",
    "(E7)": "E:7",
    "G(Em)": "G:maj",
    " D m ": "D:min",
    "C/c": "C:maj",
    "N.C.": "N",
    "NC": "N",
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_written_symbol_in_harte_syntax(text):
    assert harte_of_text(text) == SPELLINGS[text]


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "4", "tr", "Fine", "D.C.", "D.S.", "DC", "End", "Coda", "Canon", "DANCE", "A MINOR", "Segno",
        "Ad lib", "H", "Chorus.", "Am7x", "C/x", "C99",
    ],
)  # fmt: skip
def test_text_that_is_no_chord_symbol(text):
    assert harte_of_text(text) is None
