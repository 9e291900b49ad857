"""Conservation check over all stages, from source files to the rows of the shards.

Every stage checks that rows in = rows kept + rows rejected. This module compares the stages
by the names in their files: the output of one stage is the input of the next,
every file has at least one piece or a rejection, and every piece is either in a
shard or in the rejections of exactly one stage.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from pipeline.core.accounting import AccountingError
from pipeline.core.rejections import read_counts
from pipeline.core.schemas import GRIDS, NOTES, PLACES, REJECTED, TOKENS
from pipeline.core.settings import load_yaml, lookup
from pipeline.core.tables import read_table
from pipeline.core.text import counted
from pipeline.corpora.sources.manifest import read_manifest

STAGES = ("parse", "quantize", "filter", "encode")


@dataclass(frozen=True)
class Ledger:
    """The names in the files of a data set, without repetitions except in ``written``.

    Attributes:
        files: "essen/altdeu10": the pieces of a file are named after it.
        read: piece_id of every piece with notes.
        grids: piece_id of every grid; a phrase has the name of its piece and a number.
        rejected: per stage the rejected pieces (parse, quantize) or grids.
        written: piece_id of every row of every shard.
    """

    files: Sequence[str]
    read: Sequence[str]
    grids: Sequence[str]
    written: Sequence[str]
    rejected: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Totals:
    """The totals of a data set, after all checks.

    Attributes:
        pieces: pieces in the files; each is in ``lost`` or in a shard.
        lost: per stage the pieces (parse, quantize) or grids (filter, encode) rejected.
    """

    files: int
    pieces: int
    grids: int
    examples: int
    lost: Mapping[str, int]

    def __str__(self) -> str:
        lost = ", ".join(f"{n} at {stage}" for stage, n in self.lost.items())
        return (
            f"{counted(self.files, 'file')} with {counted(self.pieces, 'piece')}; quantized: "
            f"{counted(self.grids, 'grid')}; written: {counted(self.examples, 'example')}; rejected: "
            f"{lost}. Nothing is missing"
        )


def balance_all(ledger: Ledger) -> Totals:
    """Compare all stages of a data set with each other.

    Raises:
        AccountingError: a file, piece or grid is lost, invented, or counted twice.
    """
    lost = {stage: sorted(set(ledger.rejected.get(stage, ()))) for stage in STAGES}
    pieces = _once("pieces", ledger.read, lost["parse"])
    of_file = {_file_of(piece) for piece in pieces}
    _same("files", ledger.files, of_file)
    known = set(ledger.read)
    of_grid = {_piece_of(grid, known) for grid in ledger.grids}
    _same("pieces after parse", known, _once("pieces after quantize", sorted(of_grid), lost["quantize"]))
    ended = _once("grids", ledger.written, lost["filter"], lost["encode"])
    _same("grids after quantize", _once("grids", ledger.grids), ended)
    n_lost = {stage: len(names) for stage, names in lost.items()}
    return Totals(len(ledger.files), len(pieces), len(ledger.grids), len(ledger.written), n_lost)


def read_ledger(dataset: str, root: Path = Path()) -> Ledger:
    """The names in the files of a data set.

    Args:
        root: the folder of params.yaml and data/.

    Raises:
        TableError: a stage has not run.
        SettingsError: no such data set.
    """
    corpora = lookup(load_yaml(root / "params.yaml"), "datasets", dataset, "corpora")
    data = root / "data"
    shards = sorted(data.glob(f"tokens/{dataset}/*/*.parquet"))
    strays = [shard for shard in shards if shard.parent.name not in PLACES]
    if strays:
        raise AccountingError(f"{strays[0]}: shards belong in {', '.join(PLACES)} only; delete it")
    read = {corpus: _distinct([_ids(data / f"notes/{corpus}.parquet", NOTES)]) for corpus in corpora}
    rejected = {
        stage: _distinct([_ids(data / f"rejected/{stage}/{dataset}.parquet", REJECTED)])
        for stage in STAGES
        if stage != "parse"
    }
    unread = [_unread(data / f"rejected/parse/{corpus}.parquet", corpus, read[corpus]) for corpus in corpora]
    return Ledger(
        files=[name for corpus in corpora for name in _files(data / "raw" / corpus, corpus)],
        read=_distinct(read.values()),
        grids=_ids(data / f"grids/{dataset}.parquet", GRIDS),
        written=[piece for shard in shards for piece in _ids(shard, TOKENS)],
        rejected={**rejected, "parse": _distinct(unread)},
    )


def _unread(path: Path, corpus: str, read: Sequence[str]) -> list[str]:
    """The pieces that parse rejected as a whole.

    A piece that was read has rows of rejection, too, if one of its parts was left out.
    """
    known = set(read)
    unread = [piece for piece in _distinct([_ids(path, REJECTED)]) if piece not in known]
    count = read_counts(path)[corpus]
    if (count.kept, count.rejected) != (len(known), len(unread)):
        raise AccountingError(
            f"the counts do not balance: parse@{corpus} kept {counted(count.kept, 'piece')} and rejected "
            f"{count.rejected:,}, its tables have {len(known):,} and {len(unread):,}"
        )
    return unread


def _files(folder: Path, corpus: str) -> list[str]:
    """The names of files in piece_ids: without the suffix if that is unambiguous."""
    paths = [PurePosixPath(file["path"]) for file in read_manifest(folder)["files"]]
    alike = Counter(path.with_suffix("") for path in paths)
    return [f"{corpus}/{path if alike[path.with_suffix('')] > 1 else path.with_suffix('')}" for path in paths]


def _ids(path: Path, schema: object) -> list[str]:
    return list(read_table(path, schema, ["piece_id"])["piece_id"].to_pylist())


def _distinct(columns: Iterable[Sequence[str]]) -> list[str]:
    return sorted({name for column in columns for name in column})


def _file_of(piece: str) -> str:
    return piece.split("#", 1)[0]


def _piece_of(grid: str, known: set[str]) -> str:
    """The piece of a grid: itself, or that of its phrase ("essen/altdeu10#17:2")."""
    return grid if grid in known else grid.rpartition(":")[0]


def _once(what: str, *lists: Sequence[str]) -> set[str]:
    """All names of several lists; raise an error if a name occurs twice."""
    counts = Counter(name for names in lists for name in names)
    doubled = [name for name, n in counts.items() if n > 1]
    if doubled:
        raise AccountingError(
            f"the counts do not balance: {len(doubled)} {what} are counted twice: {doubled[:5]}"
        )
    return set(counts)


def _same(what: str, before: Iterable[str], after: Iterable[str]) -> None:
    before, after = set(before), set(after)
    for fault, names in (("lost", before - after), ("invented", after - before)):
        if names:
            found = sorted(names)[:5]
            raise AccountingError(f"the counts do not balance, {what}: {len(names)} {fault}: {found}")
