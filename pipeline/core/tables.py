"""The Parquet tables between stages: schemas, reading, writing.

There is one row per part in NOTES, per grid in GRIDS, per example in TOKENS, per piece in
FAMILIES and SPLITS, per piece of valid or test in LEAKS, and per broken rule of a piece in
REJECTED. Files are written atomically and with fixed options, so that the same rows give
the same bytes and no incomplete file is ever read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.core.files import is_refused
from pipeline.core.parquet import ROWS_PER_GROUP, Digest, compact, differences, noted, write_groups
from pipeline.core.text import message_of
from pipeline.errors import PipelineError

# what a damaged file makes libraries raise
DAMAGE = (pa.ArrowException, ValueError, KeyError, TypeError, OSError, MemoryError, RecursionError)
_AGAIN = "delete it and run `dvc repro`"


class TableError(PipelineError):
    """A table is missing, damaged, or has other columns than expected."""


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


def write_table(
    path: Path, table: pa.Table, schema: pa.Schema, metadata: Mapping[str, str] | None = None
) -> None:
    """Write a table with fixed options; same rows, same bytes.

    Args:
        table: columns as ``schema`` names them, rows already in order.
        metadata: of the file; a digest of the rows is added under "content_sha256".

    Raises:
        TableError: the columns differ from the schema.
    """
    table = of_schema(path, table, schema).combine_chunks()
    digest = content_digest(table)
    groups = (table.slice(row, ROWS_PER_GROUP) for row in range(0, table.num_rows, ROWS_PER_GROUP))
    write_groups(path, groups, noted(schema, metadata, digest))


def of_schema(path: Path, table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the types of its schema.

    Raises:
        TableError: the columns differ from the schema; names the file they are for.
    """
    if table.column_names != schema.names:
        fault = differences(table.schema, schema)
        raise TableError(
            f"{path}: not the columns expected: {fault}; a bug in this project, please report it"
        )
    return table.cast(schema)


def read_table(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or some columns of it, and check that it is of its schema.

    Raises:
        TableError: no such file, no Parquet, or other columns than expected.
    """
    with readable(path):
        found = pq.read_schema(path)
        if not found.remove_metadata().equals(schema.remove_metadata()):
            raise TableError(f"{path}: not the columns expected: {differences(found, schema)}; {_AGAIN}")
        return _read_groups(pq.ParquetFile(path), list(columns) if columns else None)


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Read a file of another stage here: any error of reading it becomes one message.

    Raises:
        TableError: the file is missing or damaged.
    """
    try:
        yield
    except FileNotFoundError:
        raise TableError(f"{path}: no such file; `dvc repro` makes it") from None
    except DAMAGE as error:
        if is_refused(error):
            raise TableError(
                f"{path}: cannot be read ({message_of(error)}); make it readable, then run `dvc repro`"
            ) from None
        raise TableError(f"{path}: not readable ({message_of(error)}); {_AGAIN}") from None


def read_metadata(path: Path) -> dict[bytes, bytes]:
    """The metadata of a table's schema.

    Raises:
        TableError: the file is missing or damaged.
    """
    with readable(path):
        return dict(pq.read_schema(path).metadata or {})


def _read_groups(file: pq.ParquetFile, columns: list[str] | None) -> pa.Table:
    """Read group by group: reading all at once takes several times the memory of the table."""
    nothing = file.schema_arrow.empty_table()
    groups = [file.read_row_group(group, columns=columns) for group in range(file.num_row_groups)]
    return pa.concat_tables(groups) if groups else nothing.select(columns or nothing.column_names)


def content_digest(table: pa.Table) -> str:
    """sha256 of the rows, independent of their encoding in Parquet."""
    sink = Digest()
    with sink.stream(table.schema) as stream:
        for row in range(0, table.num_rows, ROWS_PER_GROUP):
            stream.write_table(compact(table.slice(row, ROWS_PER_GROUP)))
    return sink.hexdigest()
