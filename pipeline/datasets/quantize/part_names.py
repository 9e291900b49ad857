"""Match the names of parts with selectors.

Case, accents and repeated spaces are ignored, so ``Singstimme`` matches "SINGSTIMME" and
``melodia`` matches "Melodía". Matches in order of rank, the best first:

1. the selector is the whole name: ``Voice`` and "VOICE";
2. the name begins with the selector as a whole word: "Voice 1", "Voice2";
3. the selector is a whole word, or several in a row, elsewhere in the name: "Solo Voice",
   "Mezzo-Soprano" for ``Soprano``; but not "Voices".
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

EXACT, BEGINS, CONTAINS, NO_FIT = range(4)  # a smaller rank is a better match

_WORD = re.compile(r"[^\W\d_]+|\d+")  # letters, or digits: "Voice2" is two words


def tidy(name: str | None) -> str:
    """A name with single spaces; names in scores may contain line breaks."""
    return " ".join((name or "").split())


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """A name without case and accents.

    >>> plain("  Melodía  SOLA")
    'melodia sola'
    """
    decomposed = unicodedata.normalize("NFKD", tidy(name).casefold())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()


def fit(selector: str, name: str | None) -> int:
    """The rank of the match between a selector and the name of a part.

    >>> [fit("voice", name) for name in ("VOICE", "Voice 2", "Solo voice", "Voices", None)]
    [0, 1, 2, 3, 3]
    """
    wanted, found = plain(selector), plain(name or "")
    if not wanted or not found:
        return NO_FIT
    if wanted == found:
        return EXACT
    words, those = _WORD.findall(found), _WORD.findall(wanted)
    if not those:
        return NO_FIT
    length = len(those)
    if words[:length] == those:
        return BEGINS
    places = range(1, len(words) - length + 1)
    return CONTAINS if any(words[place : place + length] == those for place in places) else NO_FIT
