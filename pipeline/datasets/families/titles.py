"""Titles of tunes as keys that are the same over editions, and as numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import numpy as np
import pyarrow as pa

from pipeline.datasets.columns.ragged import Ints
from pipeline.datasets.columns.strings import strings_of

ASCII_WORD = re.compile("[0-9a-z]+")
# words that editions add to a title or leave out
TYPES = {"a", "air", "an", "hornpipe", "jig", "march", "reel", "strathspey", "the", "waltz"}


def normal_title(title: str | None) -> str:
    """A title without case, accents, punctuation and doubled spaces.

    >>> normal_title("Wie schön  leuchtet, der Morgenstern!")
    'wie schon leuchtet der morgenstern'
    """
    if (title or "").isascii():
        return " ".join(ASCII_WORD.findall((title or "").casefold()))
    plain = unicodedata.normalize("NFKD", title or "").casefold()
    letters = (c if c.isalnum() else " " for c in plain if not unicodedata.combining(c))
    return " ".join("".join(letters).split())


def title_key(title: str | None) -> str:
    """The key of a title, which is the same over editions of one tune.

    >>> title_key("The Hare in the Corn -- Jig"), title_key("Hare in the Corn.")
    ('hare in corn', 'hare in corn')
    >>> title_key("The Reel")
    'the reel'
    """
    plain = normal_title(title)
    return " ".join(word for word in plain.split() if word not in TYPES) or plain


def title_numbers(titles: pa.ChunkedArray, key: Callable[[str | None], str]) -> tuple[list[str], Ints]:
    """The distinct keys of n titles, and (n,) the number of the key of each title.

    Args:
        key: called once for each distinct title; a missing title has the key "".
    """
    coded = titles.combine_chunks().dictionary_encode()
    numbers: dict[str, int] = {"": 0}
    number = [numbers.setdefault(key(title), len(numbers)) for title in strings_of(coded.dictionary)]
    codes = np.asarray(coded.indices.fill_null(len(number)), dtype=np.int64)
    return list(numbers), np.array([*number, 0], np.int64)[codes]
