"""Readable and distinct identifiers for any file names of a corpus.

The identifier of a file is its path without the suffix; the identifier of a piece in a file
with several is the file's name, ``#`` and the name of the piece. If that is ambiguous,
suffixes are kept; identifiers that are still equal (for example two tunes with the same
number) are numbered: ``.2``, ``.3`` and so on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

SEPARATOR = "#"  # between the name of a file and the name of a piece


def file_names(paths: Sequence[str]) -> dict[str, str]:
    """The name of each file: its path, without the suffix unless that is the name of another file.

    >>> file_names(["a.abc", "b.abc", "b.xml", "b.abc.abc", "c#1.abc"])
    {'a.abc': 'a', 'b.abc': 'b.abc', 'b.xml': 'b.xml', 'b.abc.abc': 'b.abc.abc', 'c#1.abc': 'c#1.abc'}
    """
    names = {path: path if SEPARATOR in path else path.rsplit(".", 1)[0] for path in paths}
    while True:
        counts = Counter(names.values())
        ambiguous = [path for path, name in names.items() if counts[name] > 1 and name != path]
        if not ambiguous:
            return names
        names |= {path: path for path in ambiguous}


def distinct(names: Sequence[str], taken: Collection[str] = ()) -> list[str]:
    """The names in the same order; repeated names are numbered.

    Args:
        names: identifiers, some of them equal.
        taken: identifiers that must not be used.

    >>> distinct(["a#1", "a#1", "a#1.2", "b"])
    ['a#1', 'a#1.3', 'a#1.2', 'b']
    """
    known, used = {*names, *taken}, set(taken)
    found = []
    for name in names:
        number, own = 1, name
        while own in used or (number > 1 and own in known):
            number += 1
            own = f"{name}.{number}"
        used.add(own)
        found.append(own)
    return found
