"""Accounting: incoming rows = rows kept + rows rejected, in every stage that may drop one.

A stage collects a :class:`Rejection` for each row that it does not keep, and
:func:`balance` compares kept and rejected rows with the incoming ones before anything is
written. The metadata of ``data/rejected/STAGE/NAME.parquet`` contain the counts per
corpus, which the report reads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import PipelineError


class AccountingError(PipelineError):
    """A stage lost or invented rows: a bug of this project."""


class EmptyDatasetError(PipelineError):
    """A stage keeps no piece of a data set."""


@dataclass(frozen=True, order=True)
class Rejection:
    """One broken rule of one piece (or of one part of it).

    Attributes:
        part: None when the whole piece is rejected.
        rule: a short stable name, for example "too_few_notes".
        value, limit: the value found and the value allowed, where the rule has a number.
        detail: a message for the user.
    """

    piece_id: str
    rule: str
    part: int | None = None
    value: float | None = None
    limit: float | None = None
    detail: str = ""


@dataclass(frozen=True)
class Count:
    """Numbers of incoming, kept and rejected pieces of one corpus."""

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
        rejections: all rejections of whole incoming rows.

    Returns:
        Counts per corpus (the piece_id up to its first slash), sorted by name.

    Raises:
        AccountingError: a row is lost, invented, or both kept and rejected.
    """
    rejected = {rejection.piece_id for rejection in rejections}
    n_rows_in, n_rows_kept = Counter(incoming), Counter(kept)
    lost = [piece for piece in n_rows_in if piece not in n_rows_kept and piece not in rejected]
    invented = [piece for piece in (*n_rows_kept, *sorted(rejected)) if piece not in n_rows_in]
    both = [piece for piece in n_rows_kept if piece in rejected]
    for fault, pieces in (("lost", lost), ("invented", invented), ("both kept and rejected", both)):
        if pieces:
            raise AccountingError(f"{stage}: the counts do not balance, {len(pieces)} {fault}: {pieces[:5]}")
    uneven = [piece for piece in n_rows_kept if n_rows_kept[piece] != n_rows_in[piece]]
    if uneven:
        raise AccountingError(f"{stage}: the counts do not balance, rows changed in number: {uneven[:5]}")
    counts: dict[str, Count] = {}
    for corpus in sorted({piece.split("/", 1)[0] for piece in n_rows_in}):
        prefix = f"{corpus}/"
        n_in = sum(n for piece, n in n_rows_in.items() if piece.startswith(prefix))
        n_kept = sum(n for piece, n in n_rows_kept.items() if piece.startswith(prefix))
        counts[corpus] = Count(n_in, n_kept, n_in - n_kept)
    return counts


def add_counts(portions: Iterable[Mapping[str, Count]]) -> dict[str, Count]:
    """The sums of the counts of portions that share no piece, sorted by corpus."""
    total: dict[str, Count] = {}
    for counts in portions:
        for corpus, count in counts.items():
            so_far = total.get(corpus, Count(0, 0, 0))
            total[corpus] = Count(
                so_far.incoming + count.incoming, so_far.kept + count.kept, so_far.rejected + count.rejected
            )
    return {corpus: total[corpus] for corpus in sorted(total)}


def require_rows(stage: str, dataset: str, n_kept: int, rules: Iterable[str]) -> None:
    """Stop a stage that would keep no row.

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
            f"data set '{dataset}' is empty: {stage} has no incoming piece; "
            "data/rejected/ lists the pieces that earlier stages rejected, with reasons"
        )
    reasons = ", ".join(f"{rule} ({n})" for rule, n in broken)
    raise EmptyDatasetError(
        f"data set '{dataset}' is empty: {stage} rejects every piece; rules broken: {reasons}. "
        f"Relax datasets.{dataset}.{stage} in params.yaml"
    )
