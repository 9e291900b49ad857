"""Warnings about splits with too few held-out pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.core.schemas import EMBARGOED
from pipeline.core.text import counted

ENOUGH_PIECES = 20  # held-out pieces, in each of valid and test
MOST_EMBARGOED = 10  # per 100 training pieces; a higher share is a warning
CONSEQUENCES = {
    "valid": "the choice of the best epoch depends on chance",
    "test": "figures on {them} measure nothing",
}
WITHOUT = {
    "valid": "the best epoch is chosen by the training pieces",
    "test": "figures are measured on the training pieces",
}


def warnings(pieces: Mapping[str, int]) -> list[str]:
    """Warnings for readers of figures that were measured on a small split.

    >>> warnings({"train": 900, "valid": 100, "test": 1})
    ['only 1 test piece: figures on it measure nothing']
    >>> warnings({"train": 900, "valid": 20, "test": 20})
    []

    >>> warnings({"train": 80, "valid": 20, "test": 20, "embargoed": 20})
    ['the embargo takes 20 of 100 training pieces (20 %)']

    Args:
        pieces: number of pieces in train, valid and test, and of embargoed pieces.
    """
    return list(_warnings(pieces))


def _warnings(pieces: Mapping[str, int]) -> Iterator[str]:
    if not any(pieces[split] for split in CONSEQUENCES):
        yield "no piece is held out: figures are measured on the training pieces"
        return
    for split, consequence in CONSEQUENCES.items():
        n = pieces[split]
        if not n:
            yield f"no {split} piece: {WITHOUT[split]}"
        elif n < ENOUGH_PIECES:
            them = "it" if n == 1 else "them"
            yield f"only {counted(n, f'{split} piece')}: {consequence.format(them=them)}"
    apart = pieces.get(EMBARGOED, 0)
    drawn = pieces["train"] + apart
    if 100 * apart > MOST_EMBARGOED * drawn:
        yield f"the embargo takes {apart} of {counted(drawn, 'training piece')} ({100 * apart / drawn:.0f} %)"
