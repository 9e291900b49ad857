"""A score file to token rows by the settings of a data set, outside DVC."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.core.accounting import Rejection
from pipeline.core.schemas import NOTES, SPLITS
from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup, parse_section
from pipeline.corpora.parsing import read_sources
from pipeline.corpora.parsing.isolation import ChildFailure
from pipeline.corpora.parsing.records import pack, refusal, unpack
from pipeline.corpora.parsing.splitting import Unread, find_pieces, rejected
from pipeline.datasets.encoding.encode import DEFAULT, Encoded, EncodeSettings, encode_rows, join
from pipeline.datasets.filters import FilterSettings, apply_filters
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.quantize.settings import TOP
from pipeline.errors import PipelineError, nearest
from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadLimits, ReadSettings

INLINE = {"tinynotation:": ".tinynotation", "x:": ".abc"}  # beginnings of texts that are not paths
INLINE_FORMATS = "tinyNotation: or X:"


class FileError(PipelineError):
    """A file cannot be opened, or the data set has no such corpus."""


@dataclass(frozen=True)
class EncodedFile:
    """The pieces of a file, encoded or rejected.

    Attributes:
        corpus: the corpus whose settings were used.
        rows: rows of ``schemas.TOKENS``, one per grid, without split and tune family.
        rejections: reasons for pieces without a row.
        filtered: rejections of rows by the data set's filters.
    """

    corpus: str
    rows: pa.Table
    rejections: list[Rejection]
    filtered: list[Rejection]


def encode_file(
    file: Path,
    dataset: str,
    corpus: str | None = None,
    root: Path = Path(),
    as_prompt: bool = False,
    voices: Sequence[int] | None = None,
) -> EncodedFile:
    """Read, quantize, transpose and encode a file as a data set does; filters only report.

    Args:
        file: a score of any supported format.
        corpus: the corpus whose settings are used; None for the one
            whose folder in ``data/raw`` contains the file, else the first for which the data set
            has no entry of its own, else the first.
        as_prompt: accept more pieces: if there is no part of the name that the data
            set uses, take the top part; if the source has no key, estimate it from the notes.
        voices: encode only these voices of the data set, 0 = top; None: all of them.

    Raises:
        FileError: the file or the corpus does not exist.
        SettingsError: no such data set.
    """
    params = load_yaml(root / PARAMS_FILE)
    place = ("datasets", dataset)
    quantizing = parse_section(
        QuantizeSettings, lookup(params, *place, "quantize"), f"datasets.{dataset}.quantize"
    )
    encoding = parse_section(EncodeSettings, lookup(params, *place, "encode"), f"datasets.{dataset}.encode")
    filters = parse_section(FilterSettings, lookup(params, *place, "filter"), f"datasets.{dataset}.filter")
    corpora = lookup(params, *place, "corpora")
    if corpus is None:
        exceptions = {*quantizing.parts, *encoding.key}
        corpus = _corpus_of(file.resolve(), corpora, exceptions, (root / "data/raw").resolve())
    if corpus not in corpora:
        raise FileError(f"data set '{dataset}' has no corpus '{corpus}'; {nearest(corpus, corpora)}")
    source = lookup(params, "corpora", corpus)
    reading = parse_section(ReadSettings, lookup(source, "read"), f"corpora.{corpus}.read")
    limits = parse_section(ReadLimits, lookup(source, "limits"), f"corpora.{corpus}.limits")
    notes, rejections = read_file(file, corpus, reading, limits)
    encoded, more = encode_notes(notes, quantizing, encoding, as_prompt, voices)
    rejections = [*rejections, *more]
    return EncodedFile(corpus, encoded.rows, rejections, apply_filters(encoded.grids, filters).rejections)


def encode_notes(
    notes: pa.Table,
    quantizing: QuantizeSettings,
    encoding: EncodeSettings,
    as_prompt: bool = False,
    voices: Sequence[int] | None = None,
) -> tuple[Encoded, list[Rejection]]:
    """Quantize, transpose and encode rows of ``schemas.NOTES``; all rejections of pieces.

    Args:
        as_prompt, voices: see :func:`encode_file`.
    """
    if voices is not None:
        chosen = {name: [parts[voice] for voice in voices] for name, parts in quantizing.parts.items()}
        quantizing = quantizing.model_copy(update={"parts": chosen})
    made = quantize(notes, quantizing)
    lacks_part = any(broken.rule == "no_such_part" for broken in made.rejections)
    if as_prompt and lacks_part and quantizing.voices == 1:
        made = quantize(notes, quantizing.model_copy(update={"parts": {DEFAULT: [TOP]}}))
    encoded = encode_rows(made.grids, _unsplit(made.grids), encoding)
    if as_prompt:
        encoded = _with_keys_analysed(encoded, made.grids, encoding)
    return encoded, [*made.rejections, *encoded.rejections]


def inline_suffix(text: str) -> str | None:
    """The suffix of the format of a text that contains a score; None for a path.

    >>> inline_suffix("tinyNotation: 4/4 c4 d e f"), inline_suffix("tune.abc")
    ('.tinynotation', None)
    """
    start = text.lstrip().lower()
    return next((suffix for begin, suffix in INLINE.items() if start.startswith(begin)), None)


def read_trusted(file: Path, settings: ReadSettings) -> tuple[pa.Table, list[Rejection]]:
    """As :func:`read_file`, but in this process and without limits, for a trusted file.

    Pieces are named after the file, without a corpus.

    Raises:
        FileError: the file cannot be opened.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise FileError(f"{file}: cannot be opened: {error.strerror}") from None
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        sources = readers.split(file.name, content)
    except ReadError as error:
        return NOTES.empty_table(), [rejected(file.stem, refusal(error))]
    tables, rejections = [NOTES.empty_table()], []
    for source in sources:
        name = f"{file.stem}#{source.name}" if source.name else file.stem
        try:
            record = unpack(pack(readers.read(source, settings)))
        except ReadError as error:
            rejections.append(rejected(name, refusal(error)))
            continue
        tables.append(_named(Unread(name, file.name, sha256, source), "", record))
    return pa.concat_tables(tables), rejections


def read_file(
    file: Path, corpus: str, settings: ReadSettings, limits: ReadLimits
) -> tuple[pa.Table, list[Rejection]]:
    """The pieces of a file as rows of ``schemas.NOTES``, and why others cannot be read.

    The file is read as in the stage ``parse``: within the limits, in a child process.

    Raises:
        FileError: the file cannot be opened.
    """
    try:
        notes, rejections = read_files(file.parent, [file.name], corpus, settings, limits)
        sha256 = _sha256(file) if notes.num_rows else ""
    except OSError as error:
        raise FileError(f"{file}: cannot be opened: {error.strerror}") from None
    column = notes.schema.get_field_index("source_sha256")
    values = pa.array([sha256] * notes.num_rows, pa.string())
    return notes.set_column(column, NOTES.field(column), values), rejections


def read_files(
    folder: Path, paths: Sequence[str], corpus: str, settings: ReadSettings, limits: ReadLimits
) -> tuple[pa.Table, list[Rejection]]:
    """The same for several files of a folder, in the same child processes; without their sha256.

    Raises:
        OSError: a file cannot be opened.
    """
    files = [{"path": path, "sha256": ""} for path in paths]
    pieces, rejections = find_pieces(corpus, folder, files, limits)
    tables = [NOTES.empty_table()]
    sources = tuple(piece.source for piece in pieces)
    records = read_sources(sources, settings, limits)
    for piece, record in zip(pieces, records, strict=True):
        outcome = record if isinstance(record, ChildFailure) else unpack(record)
        if isinstance(outcome, pa.Table):
            tables.append(_named(piece, corpus, outcome))
        else:
            rejections.append(rejected(piece.piece_id, outcome))
    return pa.concat_tables(tables), rejections


def _with_keys_analysed(encoded: Encoded, grids: pa.Table, settings: EncodeSettings) -> Encoded:
    """The same settings, with keys estimated from the notes where the source has none."""
    keyless = [broken.piece_id for broken in encoded.rejections if broken.rule == "unknown_key"]
    chosen = grids.filter(pc.is_in(grids["piece_id"], value_set=pa.array(keyless, pa.string())))
    by_notes = settings.model_copy(update={"key": {DEFAULT: "analysis"}})
    known = replace(encoded, rejections=[r for r in encoded.rejections if r.piece_id not in keyless])
    return join([known, encode_rows(chosen, _unsplit(chosen), by_notes)])


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _named(piece: Unread, corpus: str, record: pa.Table) -> pa.Table:
    identity = {
        "piece_id": piece.piece_id,
        "corpus": corpus,
        "source_path": piece.source_path,
        "source_sha256": piece.source_sha256,
    }
    rows = [{**dict.fromkeys(NOTES.names), **row, **identity} for row in record.to_pylist()]
    return pa.Table.from_pylist(rows, schema=NOTES)


def _unsplit(grids: pa.Table) -> pa.Table:
    rows = [
        {"piece_id": piece, "corpus": corpus, "tune_family": "", "split": ""}
        for piece, corpus in zip(grids["piece_id"].to_pylist(), grids["corpus"].to_pylist(), strict=True)
    ]
    return pa.Table.from_pylist(rows, schema=SPLITS)


def _corpus_of(file: Path, corpora: Sequence[str], exceptions: set[str], raw: Path) -> str:
    if file.is_relative_to(raw) and file.relative_to(raw).parts[0] in corpora:
        return file.relative_to(raw).parts[0]
    plain = [corpus for corpus in corpora if corpus not in exceptions]
    return (plain or list(corpora))[0]
