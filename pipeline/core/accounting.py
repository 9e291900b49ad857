"""The books: rows in = rows kept + rows rejected, in every stage that may drop one.

A stage collects :class:`Rejection` values beside the rows it keeps, and
:func:`balance` compares both with what came in before anything is written. The
counts per corpus travel in the metadata of ``data/rejected/STAGE/NAME.parquet``,
where the report finds them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import PipelineError


class BooksError(PipelineError):
    """A stage lost or invented rows: a fault of this project."""


class EmptyDatasetError(PipelineError):
    """Nothing is left of a data set."""


@dataclass(frozen=True, order=True)
class Rejection:
    """One broken rule of one piece (or of one part of it).

    Attributes:
        part: None when the whole piece is rejected.
        rule: a short stable name, for example "too_few_notes".
        value, limit: what was found and what is allowed, where the rule has a number.
        detail: a sentence for a person.
    """

    piece_id: str
    rule: str
    part: int | None = None
    value: float | None = None
    limit: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Count:
    """How many pieces of one corpus came in, were kept and were rejected."""

    incoming: int
    kept: int
    rejected: int


def balance(
    stage: str, incoming: Sequence[str], kept: Sequence[str], rejections: Iterable[Rejection]
) -> dict[str, Count]:
    """Compare the identifiers of incoming rows with those kept and rejected.

    Args:
        stage: named in the error.
        incoming: one piece_id per incoming row; repeated where a piece has several rows.
        kept: piece_id of every row kept.
        rejections: all rejections that take a whole incoming row away.

    Returns:
        Counts per corpus (the piece_id up to its first slash), sorted by name.

    Raises:
        BooksError: a row is lost, invented, or both kept and rejected.
    """
    rejected = {rejection.piece_id for rejection in rejections}
    came, stayed = Counter(incoming), Counter(kept)
    lost = [piece for piece in came if piece not in stayed and piece not in rejected]
    invented = [piece for piece in (*stayed, *sorted(rejected)) if piece not in came]
    doubled = [piece for piece in stayed if piece in rejected]
    for fault, pieces in (("lost", lost), ("invented", invented), ("both kept and rejected", doubled)):
        if pieces:
            raise BooksError(f"{stage}: the books do not balance, {len(pieces)} {fault}: {pieces[:5]}")
    if any(stayed[piece] != came[piece] for piece in stayed):
        uneven = [piece for piece in stayed if stayed[piece] != came[piece]]
        raise BooksError(f"{stage}: the books do not balance, rows changed in number: {uneven[:5]}")
    counts: dict[str, Count] = {}
    for corpus in sorted({piece.split("/", 1)[0] for piece in came}):
        belongs = f"{corpus}/"
        n_in = sum(n for piece, n in came.items() if piece.startswith(belongs))
        n_kept = sum(n for piece, n in stayed.items() if piece.startswith(belongs))
        counts[corpus] = Count(n_in, n_kept, n_in - n_kept)
    return counts


def add_counts(portions: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    """The books of portions that share no piece, as one, sorted by corpus."""
    total: dict[str, Count] = {}
    for counts in portions:
        for corpus, count in counts.items():
            so_far = total.get(corpus, Count(0, 0, 0))
            total[corpus] = Count(
                so_far.incoming + count.incoming, so_far.kept + count.kept, so_far.rejected + count.rejected
            )
    return {corpus: total[corpus] for corpus in sorted(total)}


def require_rows(stage: str, dataset: str, n_kept: int, rules: Iterable[str]) -> None:
    """Stop a stage that would leave nothing.

    Args:
        rules: the rule of every rejection.

    Raises:
        EmptyDatasetError: no row is kept; the message counts the broken rules.
    """
    if n_kept:
        return
    broken = Counter(rules).most_common()
    if not broken:
        raise EmptyDatasetError(
            f"data set '{dataset}' ends empty: no piece came into {stage}; "
            "data/rejected/ holds what the stages before rejected, and why"
        )
    reasons = ", ".join(f"{rule} ({n})" for rule, n in broken)
    raise EmptyDatasetError(
        f"data set '{dataset}' ends empty: {stage} rejects every piece; rules broken: {reasons}. "
        f"Loosen datasets.{dataset}.{stage} in params.yaml"
    )
