"""The schemas of the Parquet tables between stages.

There is one row per part in NOTES, per grid in GRIDS, per example in TOKENS, per piece in
FAMILIES and SPLITS, per piece of valid or test in LEAKS, and per broken rule of a piece in
REJECTED.
"""

from __future__ import annotations

import pyarrow as pa

# metadata of a piece as written in its source; null where the source has none
ABOUT = (
    ("composer", pa.string()),
    ("origin", pa.string()),  # where the tune is from
    ("region", pa.string()),  # the area inside the origin
    ("year", pa.int16()),  # of composition
    ("tune_type", pa.string()),  # for example reel
    ("tempo_qpm", pa.float64()),  # quarter notes per minute at the beginning, to a thousandth
)
CHORD = pa.struct([("onset", pa.int32()), ("text", pa.string()), ("chord", pa.string())])
BEAT = pa.struct([("onset", pa.int32()), ("downbeat", pa.bool_())])
METER = pa.struct([("onset", pa.int32()), ("numerator", pa.int16()), ("denominator", pa.int16())])

# one row per part: exact notes, times in ticks
NOTES = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("part", pa.int16(), nullable=False),
        ("part_name", pa.string()),
        ("title", pa.string()),
        *ABOUT,
        ("licence", pa.string()),
        ("citation", pa.string()),
        ("source_path", pa.string()),
        ("source_sha256", pa.string()),
        ("published_split", pa.string()),  # train, valid or test; null where the corpus has none
        ("key_fifths", pa.int8()),
        ("key_mode", pa.string()),
        ("n_key_changes", pa.int16()),
        ("meter", pa.string()),  # "3/4"; null for none or a change
        ("meters", pa.list_(METER)),
        ("bar_onsets", pa.list_(pa.int32())),
        ("beats", pa.list_(BEAT)),  # of an annotation; null where there is none
        ("end", pa.int32()),
        ("onset", pa.list_(pa.int32())),
        ("duration", pa.list_(pa.int32())),
        ("pitch", pa.list_(pa.uint8())),
        ("phrase_end", pa.list_(pa.bool_())),
        ("chords", pa.list_(CHORD)),  # chord symbols, in ticks and Harte's syntax; null where there is none
        ("lyrics", pa.list_(pa.string())),  # a note's syllable or null; null where the part has no lyrics
        ("n_grace_dropped", pa.int32()),
        ("n_broken_ties", pa.int32()),
        ("n_inexact", pa.int32()),
        ("n_bad_keys", pa.int32()),
        ("n_bad_meters", pa.int32()),
        ("n_uneven_bars", pa.int32()),
        ("n_unended", pa.int32()),
        ("n_restruck", pa.int32()),
        ("n_after_end", pa.int32()),
        ("n_lost_syllables", pa.int32()),
        ("n_bad_chords", pa.int32()),
        ("n_ignored_jumps", pa.int32()),
    ]
)

# a pair of tunes that a soft rule relates
RELATIVE = pa.struct(
    [
        ("tune", pa.int32()),  # number of the other tune
        ("skeleton", pa.bool_()),  # they share runs of their skeletons
        ("contained", pa.bool_()),  # the whole of one, short, is in the other
        ("title", pa.bool_()),  # they have the same title and similar melodies
        ("alignment", pa.bool_()),  # a local alignment of their melodies is good
        ("likeness", pa.float64()),  # of the melodies, by alignment, 0 … 1
    ]
)

# one row per piece
FAMILIES = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        ("title", pa.string()),
        ("published_split", pa.string()),  # as in NOTES
        ("n_intervals", pa.int32()),  # after merging repeats, of its longest part
        ("family_size", pa.int32()),
        ("intervals", pa.list_(pa.int8())),  # of all parts, repeats merged; -128 between parts
        ("skeleton", pa.list_(pa.int8())),  # intervals between the melody's pitches on the beats
        ("melody", pa.list_(pa.uint8())),  # pitches of the melody; 128 more on a beat
        ("tune", pa.int32()),  # equal for pieces with equal intervals, melody, beats and title
        ("relatives", pa.list_(RELATIVE)),  # of the tune, with larger numbers; at its first piece only
    ]
)

# one row per grid: times in steps
GRIDS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        ("title", pa.string()),
        *ABOUT,
        ("licence", pa.string()),
        ("citation", pa.string()),
        ("source_path", pa.string()),
        ("source_sha256", pa.string()),
        ("n_parts", pa.int16()),  # of the piece
        ("part_names", pa.list_(pa.string())),  # of the part that gives each voice
        ("key_fifths", pa.int8()),
        ("key_mode", pa.string()),
        ("n_key_changes", pa.int16()),
        ("meter", pa.string()),  # "3/4"; null for none or a change
        pa.field("voices", pa.int16(), nullable=False),
        pa.field("n_steps", pa.int32(), nullable=False),
        pa.field("steps_per_quarter", pa.int16(), nullable=False),
        ("pitch", pa.list_(pa.uint8())),  # n_steps * voices, step-major
        ("tied", pa.list_(pa.bool_())),  # n_steps * voices, step-major
        ("step_in_bar", pa.list_(pa.int16())),  # n_steps; null where bars are unknown
        ("steps_per_bar", pa.int32()),
        ("phrase_end", pa.list_(pa.bool_())),  # n_steps
        (
            "chord",
            pa.list_(pa.string()),
        ),  # n_steps, Harte's syntax; null where there are none
        ("n_notes", pa.int32()),
        ("grid_method", pa.string()),  # score, shift, estimate, beats, or unknown: none was found
        ("grid_shift", pa.int32()),  # ticks of the source between its steps and these, in the first section
        ("grid_sections", pa.int32()),  # 1, or more where the shift changes within the piece
        ("grid_period", pa.string()),  # ticks of the source in a step, a fraction: "2520"
        ("error_before", pa.float64()),  # mean distance of an onset to the source's steps, in steps
        ("error_after", pa.float64()),  # to the steps of this grid
        ("n_moved", pa.int32()),  # notes moved by more than move_tolerance
        ("n_ends_moved", pa.int32()),  # of these only the end, in a performance; not in n_moved
        ("max_error_ticks", pa.int32()),
        ("n_collapsed", pa.int32()),
        ("n_covered", pa.int32()),
        ("n_rests", pa.int32()),
        ("n_rest_steps", pa.int32()),
    ]
)

SPLIT_NAMES = ("train", "valid", "test")
EMBARGOED = "embargoed"  # relatives of held-out pieces that no training uses
PLACES = (*SPLIT_NAMES, EMBARGOED)  # where a piece of a data set may be

# one row per piece of a data set
SPLITS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("tune_family", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),  # one of PLACES
        ("soft_relative", pa.bool_()),  # held out: it has a soft relative in train
        ("relative_of", pa.string()),  # held out: of train; embargoed: held out; null for none
        ("relation", pa.string()),  # of the two: 16-gram, skeleton, contained, title or alignment
        ("likeness", pa.float32()),  # of the two, by alignment, 0 … 1
    ]
)

# one row per piece of valid or test: its relatives in train (the leak card)
LEAKS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        ("title", pa.string()),
        pa.field("tune_family", pa.string(), nullable=False),
        pa.field("hard", pa.bool_(), nullable=False),  # shares a run of family length with train
        pa.field("same_skeleton", pa.bool_(), nullable=False),
        pa.field("same_title", pa.bool_(), nullable=False),
        pa.field("contained", pa.bool_(), nullable=False),  # it, short, in a piece of train; or the other way
        pa.field("aligned", pa.bool_(), nullable=False),  # a local alignment with one of train is good
        ("relative_of", pa.string()),  # piece_id of its nearest relative in train; null for none
        ("relative_title", pa.string()),
        ("relation", pa.string()),  # as in SPLITS
        ("likeness", pa.float32()),
    ]
)

# one row per example
TOKENS = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        pa.field("corpus", pa.string(), nullable=False),
        ("licence", pa.string()),
        ("title", pa.string()),
        pa.field("tune_family", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("tokens", pa.list_(pa.uint16()), nullable=False),  # START first, STOP last
        pa.field("n_steps", pa.int32(), nullable=False),
        pa.field("voices", pa.int16(), nullable=False),
        pa.field("steps_per_quarter", pa.int16(), nullable=False),
        ("meter", pa.string()),  # as in GRIDS
        ("steps_per_bar", pa.int32()),
        ("step_in_bar", pa.list_(pa.int16())),
        ("phrase_end", pa.list_(pa.bool_())),
        ("chord", pa.list_(pa.string())),  # as in GRIDS, transposed with the piece
        *ABOUT,
        ("part_names", pa.list_(pa.string())),  # as in GRIDS
        ("key_fifths", pa.int8()),
        ("key_mode", pa.string()),
        ("tonic_pc", pa.int8()),  # pitch class of the tonic before transposition
        ("mode_used", pa.string()),
        ("key_source", pa.string()),
        ("transposition", pa.int16()),  # semitones added
        ("soft_relative", pa.bool_()),  # as in SPLITS
        ("relative_of", pa.string()),
        ("relation", pa.string()),
        ("likeness", pa.float32()),
        ("source_path", pa.string()),
        ("source_sha256", pa.string()),
    ]
)

# one row per broken rule of a piece or part
REJECTED = pa.schema(
    [
        pa.field("piece_id", pa.string(), nullable=False),
        ("part", pa.int16()),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        ("value", pa.float64()),
        ("limit", pa.float64()),
        ("detail", pa.string()),
    ]
)
