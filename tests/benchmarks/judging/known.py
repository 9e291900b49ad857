"""Pieces whose difference no rewriting explains, each looked at, with the evidence.

``REFUSED`` holds pieces whose text or file is broken: our reader refuses them and names the
place, a judge guesses. ``BY_HAND`` holds the rest by judge and piece.
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

BY_HAND: dict[tuple[str, str], str] = {}
