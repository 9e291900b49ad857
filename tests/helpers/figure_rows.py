"""Names of table rows in the documents, by the keys of the results that they show."""

from __future__ import annotations

from tests.helpers.claims import INTERVAL

README, RESULTS, DATA = "README.md", "docs/results.md", "docs/data.md"
COMMITTED = ("data/metrics/", "data/benchmarks/", "data/crossvalidation/")
DATA_SETS = ("melodies", "melodies-eighths", "chorale-melodies", "chorales")
GIVEN = {
    "none": "nothing (whole chorales)",
    "0": "soprano",
    "0+3": "soprano, bass",
    "0+2+3": "all but the alto",
    "0+1+3": "all but the tenor",
    "0+1+2": "all but the bass",
}
ABLATION = {
    "attention, no copying": "copy mechanism (instead: attention only)",
    "no counted matches": "features of matching passages",
    "second halves only": "loss on the first halves",
    "no bars": "position in the bar and time signature",
    "random cuts": "whole pieces (instead: random prompt lengths)",
    "copies of pitches only": "copying by interval",
    "copies of intervals only": "copying by pitch",
    "no dropout": "dropout",
    "constant learning rate": "constant learning rate",
    "cosine learning rate": "cosine learning rate",
    "averaged weights": "averaged weights (EMA)",
    "scheduled sampling 0.9": "scheduled sampling, 0.9",
    "label smoothing 0.05": "label smoothing, 0.05",
    "transposed by up to 5": "transposition by up to 5",
}
KINDS = {"stepwise": "stepwise", "lstm": "lstm with attention", "decoder": "decoder only"}

KIND_AND_DATA_SET = {
    "melodies": ("copying", "melodies"),
    "melodies-eighths": ("copying", "melodies-eighths"),
    "chorales-from-melodies": ("copying, fine-tuned", "chorale-melodies"),
    "chorales-copying": ("copying", "chorale-melodies"),
    "bach-chorales": ("lstm", "chorale-melodies"),
}
OPTIONAL = {  # experiments of examples/params
    "bach-chorales-from-melodies": ("lstm, fine-tuned", "chorale-melodies"),
    "melodies-eighths-lstm": ("lstm", "melodies-eighths"),
}
CONTENTS = {
    "melodies": ("Bach sopranos, Essen, O'Neill, Ryan, Aird", "sixteenths"),
    "melodies-eighths": ("the same, those that fit a coarser grid", "eighths"),
    "chorale-melodies": ("sopranos of Bach's chorales", "eighths"),
    "chorales": ("all four voices of Bach's chorales", "sixteenths"),
}
IN_DATA = {
    "melodies": "chorales, Essen songs, O'Neill, Ryan, Aird",
    "melodies-eighths": "the same as `melodies`",
    "chorale-melodies": "sopranos of Bach's chorales",
    "chorales": "all four voices of Bach's chorales",
}
MEMORY = "n-gram with memory"
FOLDED = (
    ("`chorales-copying`", "chorales-copying", "model", False),
    ("`chorales-from-melodies` before fine-tuning", "chorales-from-melodies", "before fine-tuning", True),
    (MEMORY, "chorales-from-melodies", "ngram_memory", True),
    ("n-gram", "chorales-from-melodies", "ngram", True),
)
CORPORA = {
    "essen": "Essen",
    "oneills": "O'Neill's",
    "ryans": "Ryan's Mammoth",
    "airds": "Aird's Airs",
    "nottingham": "Nottingham",
    "openewld": "OpenEWLD",
    "lieder": "Lieder",
    "suite": "MusicXML test suite",
    "pop909": "POP909",
}
READERS = {
    "abc2midi": "abc2midi 4.84",
    "musescore": "MuseScore 3.2.3",
    "verovio": "verovio",
    "music21": "music21",
    "mido": "mido",
}
XML = [f"{reader}/{repeats}" for reader in ("verovio", "music21") for repeats in ("written", "played")]
COMPARISONS = [
    *(
        f"{corpus}/abc2midi/{repeats}"
        for corpus in ("essen", "oneills", "ryans", "airds", "nottingham")
        for repeats in ("written", "played")
    ),
    *(f"{corpus}/{way}" for corpus in ("openewld", "lieder", "suite") for way in ("musescore/played", *XML)),
    "pop909/mido/written",
]
CATALOGUE = {  # corpora of the table in docs/data.md, and the rules that reject their pieces
    "pop909": ("too_many_moved", "too_much_silence"),
    "bach-370": (),
    "nottingham": ("too_many_moved", "bad_syntax"),
    "openewld": ("too_many_moved",),
    "jsb-chorales": (),
    "bach-chorales": (
        "too_much_silence",
        "no_such_part",
    ),
    "lieder": ("too_many_moved", "no_such_part", "too_few_notes", "too_much_silence"),
    "essen": ("too_long", "too_many_moved", "bad_syntax"),
    "oneills": ("too_many_moved", "too_long", "unknown_key"),
    "ryans": ("too_many_moved", "bad_syntax"),
    "airds": ("too_many_moved", "too_long"),
}
MINUS = "\N{MINUS SIGN}"
ERRORS = ("greedy_error", "token_error")  # the name of the error rates of greedy decoding
PITCH = (
    ("{} n-gram, mixed, b = 2 seeds: 1, 2, 3, 4, 5 ours", "kinder", "mixed"),
    ("{} n-gram, long-term seeds: 1, 2, 3, 4, 5 ours", "kinder", "long_term"),
    ("{} viewpoints, chosen anew in each fold", "chorales", "viewpoints"),
)
RANKED = (
    (INTERVAL + " chorales-from-melodies seeds", "chorales-from-melodies", "model"),
    (
        INTERVAL + " chorales-from-melodies, before fine-tuning",
        "chorales-from-melodies",
        "before fine-tuning",
    ),
    (INTERVAL + " chorales-copying seeds", "chorales-copying", "model"),
    (INTERVAL + " n-gram with memory seeds", "chorales-copying", "ngram_memory"),
    (INTERVAL + " n-gram seeds", "chorales-copying", "ngram"),
)
BUNDLED = (
    ("Essen folk songs", "essen"),
    ("O'Neill's *Music of Ireland*", "oneills"),
    ("Aird's *Airs*", "airds"),
    ("Ryan's *Mammoth Collection*", "ryans"),
    ("Bach chorales", "bach-chorales"),
)
REJECTED = (
    *(f"data/rejected/parse/{corpus}.parquet" for _, corpus in BUNDLED),
    *(f"data/rejected/{stage}/melodies.parquet" for stage in ("quantize", "filter", "encode")),
)
