"""Roman numerals of **harm in a key."""

import pytest

from pipeline.formats.readers.kern.roman import read_roman
from pipeline.formats.readers.kern.tokens import read_key

# the sample document of the representation's description, without the token over an undefined key
DOCUMENTED = {
    "*C:": {
        "I": "C:maj",
        "IVb": "F:maj/3",
        "V7/V": "D:7",
        "I/V": "G:maj",
        "vib/V[iiib]": "E:min/b3",
        "ii/V[vi]": "A:min",
        "viioD7/V": "F#:dim7",
        "V[I/V]": "G:maj",
        "IV": "F:maj",
        "Nb": "Db:maj/3",
        "V7d": "G:7/b7",
    },
    "*c:": {
        "i": "C:min",
        "#iiiob": "E:dim/b3",
        "IV": "F:maj",
        "ic": "C:min/5",
        "Vm9": "G:7(b9)",
        "I": "C:maj",
    },
}
OTHERS = {
    "*C:": {
        "viiom7": "B:hdim7",
        "viio7": "B:hdim7",
        "IV7": "F:maj7",
        "ii7b": "D:min7/b3",
        "V9": "G:9",
        "V13": "G:13",
        "V9e": "G:9/2",
        "V+": "G:aug",
        "-VI": "Ab:maj",
        "-VI7": "Ab:maj7",
        "#ivoD7": "F#:dim7",
        "V7/ii": "A:7",
        "V9/ii": "A:7(b9)",
        "V7/IV": "C:7",
        "V/V/V": "A:maj",
        "IM6": "C:maj6",
        "VD5m7": "G:7(*5,b5)",
        "(V7)": "G:7",
        "[V7]": "G:7",
        "~Nb": "Db:maj/3",
        "Lt": "Ab:maj(*5,#6)",
        "Fr": "Ab:maj(*5,#4,#6)",
        "Gn": "Ab:maj(#6)",
        "Gnb": "Ab:maj(#6)",
        "Gnd": "Ab:maj(#6)/5",
        "r": "N",
    },
    "*c:": {
        "III": "Eb:maj",
        "III+": "Eb:aug",
        "VI7": "Ab:maj7",
        "VII": "Bb:maj",
        "-VII": "Bb:maj",
        "viio7": "B:dim7",
        "V9": "G:7(b9)",
        "i7": "C:min7",
        "iM7": "C:minmaj7",
        "Vm9P11m13": "G:7(b9,11,b13)",
        "V7/III": "Bb:7",
        "V/V/III": "F:maj",
    },
    "*B-:": {"Lt/vi": "Eb:maj(*5,#6)", "viioD7c/vi": "F#:dim7/b5"},
    "*d:dor": {"IV": "G:maj", "VII": "C:maj"},
}


@pytest.mark.parametrize(
    ("key", "token", "harte"),
    [
        (key, token, harte)
        for table in (DOCUMENTED, OTHERS)
        for key, tokens in table.items()
        for token, harte in tokens.items()
    ],
)
def test_a_roman_numeral_is_a_chord_of_its_key(key, token, harte):
    assert read_roman(token, read_key(key)) == harte


@pytest.mark.parametrize(
    "token",
    ["?-IIIM3A4A5M9", "?", "Tr", "V6", "I64", "VIIo", "IIII", "V7/", "V/x", "Id", "VP7", "#" * 9 + "I", ""],
)
def test_what_is_no_functional_chord_is_not_understood(token):
    assert read_roman(token, read_key("*C:")) is None


def test_a_numeral_without_a_key_is_no_chord():
    assert read_roman("V7", None) is None
