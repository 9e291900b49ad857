"""Readable names of tokens."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from itertools import groupby

from pipeline.core.vocabulary import token_name
from pipeline.tools.inspection.piano_roll import WIDTH


def names_of(tokens: Iterable[int], width: int = WIDTH) -> str:
    """Names in order, repetitions counted: "START, onset C4, tied C4 x3, onset D4, STOP"."""
    names = [(token_name(int(token)), len(list(run))) for token, run in groupby(tokens)]
    text = ", ".join(
        (name if times == 1 else f"{name} x{times}").replace(" ", "\N{NO-BREAK SPACE}")
        for name, times in names
    )
    return textwrap.fill(text, width, break_on_hyphens=False).replace("\N{NO-BREAK SPACE}", " ")
