"""Pieces whose difference no rewriting explains, each looked at, with the evidence.

``REFUSED`` holds pieces whose text or file is broken: our reader refuses them and names the
place, a judge guesses. ``BY_HAND`` holds the rest by judge and name of the file.
"""

from __future__ import annotations

NUMBER = "broken text, refused with its place: a number without a note; the judge passes over it"
SIGN = "broken text, refused with its place: a sign that begins no note; the judge passes over it"
MICROTONES = "its only part holds microtones, which have no MIDI note number; the judge rounds them"

REFUSED = {
    "dva0.abc#27": NUMBER,  # | 4=A2F2
    "erk20.abc#237": NUMBER,  # | 2z
    "folkHaydn.abc#13": NUMBER,  # | 3A2c22
    "lot.abc#107": NUMBER,  # | 4=A2F2
    "jigs.abc#153": "broken text, refused with its place: a chord that is not closed ([e2c2(3A/2B/2c/2|)",
    "reelsd-g.abc#1": "broken text, refused with its place: + inside a chord ([+GB])",
    "CosmopolitanHornpipe.abc": SIGN,  # ce=>=g
    "HeadlightJig.abc": SIGN,  # ^3^FGA
    "MaidMarianHornpipe.abc": SIGN,  # | bggb + affa
    "PaddyNowWontYouBeEasyJig.abc": SIGN,  # |}vdDD
    "PaddysTheBoyJig.abc": SIGN,  # | ,B3
    "YoungAmericaHornpipe.abc": SIGN,  # .B2 ,F4
    "01d-Pitches-Microtones.xml": MICROTONES,
    "01f-Pitches-ParenthesizedMicrotoneAccidentals.xml": MICROTONES,
    "32ad-Notations5.musicxml": "the file is not well-formed XML (line 141 closes another element)",
}

TYPE = "the type of a note counts where it contradicts the duration; MusicXML: the duration is what sounds"
SIGN_SOUNDS = "an accidental without <alter> changes the pitch; MusicXML: <alter> is what sounds"
UNPITCHED = "a percussion staff is played as pitches; MusicXML: <unpitched> has none"
TUPLET = "a tuplet without bracket, or nested, or of other display is not taken in its written duration"

SAME_NUMBER = "both endings bear one number by a slip; the judge leaves one out"
ENDING_3 = "the second ending bears the number 3 by a slip; the judge leaves it out"
UNEQUAL_BARS = (
    "voices are longer than their bar (rests without <time-modification>): the next bar begins elsewhere"
)
NO_CLOSE = "the first ending has no backward repeat; the judge leaves it out and plays the section once"
TO_CODA = "a coda sign that is left for the coda after D.C. or D.S. al Coda; the judge knows 'To Coda' alone"

# (reference reader, piece) → cause; the piece with " written" or " played" after its name in that mode only
BY_HAND: dict[tuple[str, str], str] = {
    ("musescore", "I_Wanna_Be_Loved_by_You.mxl"): SAME_NUMBER,
    ("musescore", "The_Man_with_the_Horn.mxl"): SAME_NUMBER,
    ("musescore", "Mary's_a_Grand_Old_Name.mxl"): SAME_NUMBER,
    ("verovio", "I_Wanna_Be_Loved_by_You.mxl played"): SAME_NUMBER,
    ("verovio", "The_Man_with_the_Horn.mxl played"): SAME_NUMBER,
    ("verovio", "Mary's_a_Grand_Old_Name.mxl played"): SAME_NUMBER,
    ("musescore", "I_Got_Rhythm.mxl"): NO_CLOSE,
    ("musescore", "Scarborough_Fair.mxl"): NO_CLOSE,
    ("musescore", "Joshua_Fit_the_Battle_of_Jericho.mxl"): NO_CLOSE,
    ("musescore", "Maple_Leaf_Rag.mxl"): "'D.C. al Fine' with Fine in a first ending is no jump to the judge",
    ("musescore", "La_cumparsita.mxl"): "the words 'D.C.alfine' and '(fine)' are no jump to the judge",
    ("musescore", "I'm_Mandy_Fly_Me.mxl"): TO_CODA,
    ("musescore", "The_Boulevard_of_Broken_Dreams.mxl"): TO_CODA,
    ("musescore", "West_End_Blues.mxl"): TO_CODA,
    ("musescore", "Remind_Me.mxl"): TO_CODA,
    ("musescore", "Ain't_We_Got_Fun.mxl"): TO_CODA,
    ("musescore", "A_Hundred_Years_from_Today.mxl"): TO_CODA,
    ("musescore", "Falling_in_Love_with_Love.mxl"): TO_CODA,
    (
        "musescore",
        "The_Teddy_Bears_Picnic.mxl",
    ): "instructions in words (GO TO INTERLUDE, GO TO TRIO) that nobody plays",
    **{
        ("musescore", f"{name}.mxl"): ENDING_3
        for name in (
            "You_Call_It_Madness_(But_I_Call_It_Love)",
            "My_Little_Lady",
            "Jingle_Bells",
            "What_Child_Is_This?",
            "Sweet_Hour_of_Prayer",
            "Banks_of_the_Ohio",
        )
    },
    ("musescore", "lc5904752.mxl"): "an octave line is added to <pitch>; MusicXML: <pitch> is what sounds",
    (
        "musescore",
        "lc5046249.mxl",
    ): "endings 1, 3 and 2, 4, each with its repeat: the fourth pass is not played",
    ("verovio", "72c-TransposingInstruments-Change.xml"): "a change of transposition inside a part is lost",
    ("verovio", "74a-FiguredBass.xml"): TYPE,
    ("musescore", "lc4999590.mxl"): UNEQUAL_BARS,
    ("musescore", "lc6017382.mxl"): UNEQUAL_BARS,
    ("music21", "02e-Rests-NoType.xml"): "a note without <staff> is put on both staves of its part",
    ("music21", "21f-Chord-ElementInBetween.xml"): "a chord is cut off by a direction between its notes",
    ("music21", "32c-MultipleNotationChildren.xml"): SIGN_SOUNDS,
    ("verovio", "32c-MultipleNotationChildren.xml"): SIGN_SOUNDS,
    ("verovio", "32a-Notations.xml"): "an accidental mark over a note alters it and all notes that follow",
    ("verovio", "33i-Ties-NotEnded.xml"): "a tie whose end is not marked is not tied",
    ("verovio", "33e-Spanners-OctaveShifts-InvalidSize.xml"): TYPE,
    ("musescore", "33e-Spanners-OctaveShifts-InvalidSize.xml"): TYPE,
    ("musescore", "74a-FiguredBass.xml"): TYPE,
    ("musescore", "23a-Tuplets.xml"): "four quarters in the time of two are played in the time of four",
    ("musescore", "03ab-Rhythm-Durations.xml"): "its shortest notes are shorter than a tick of the judge",
    ("musescore", "73a-Percussion.xml"): UNPITCHED,
    ("musescore", "41c-StaffGroups.xml"): UNPITCHED,
    ("verovio", "73a-Percussion.xml"): UNPITCHED,
    ("verovio", "41c-StaffGroups.xml"): UNPITCHED,
    ("verovio", "23c-Tuplet-Display-NonStandard.xml"): TUPLET,
    ("verovio", "23d-Tuplets-Nested.xml"): TUPLET,
    ("verovio", "23f-Tuplets-DurationButNoBracket.xml"): TUPLET,
}
