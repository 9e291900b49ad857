"""Which licences permit redistribution."""

from __future__ import annotations

import re
from collections.abc import Collection

# SPDX names, and sentences of the bundled corpora, that permit redistribution.
PERMITTED = re.compile(
    r"CC0\b|CC-BY\b|PDM\b|ODC-BY\b|ODbL\b|MIT\b|BSD\b|Apache\b|L?GPL\b|public domain|in the public domain"
    r"|distributed with permission|distribution and use permitted",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(
    r"\bND\b|NoDerivatives|no redistribution|not be redistributed|all rights reserved", re.I
)
HUB_NAMES = {  # licences that the Hub has an identifier for
    "CC0-1.0": "cc0-1.0",
    "CC-BY-4.0": "cc-by-4.0",
    "CC-BY-SA-4.0": "cc-by-sa-4.0",
    "CC-BY-NC-4.0": "cc-by-nc-4.0",
    "CC-BY-NC-SA-4.0": "cc-by-nc-sa-4.0",
    "MIT": "mit",
    "GPL-3.0": "gpl-3.0",
}


def may_be_shared(licence: str | None, allowed: Collection[str] = ()) -> bool:
    """Whether a score, converted to tokens, may be redistributed.

    A licence that is not known counts as not permitting it.

    >>> may_be_shared("CC-BY-NC-4.0"), may_be_shared("none stated"), may_be_shared("CC-BY-ND-4.0")
    (True, False, False)
    """
    if licence is None:
        return False
    if licence in allowed:
        return True
    return bool(PERMITTED.search(licence)) and not FORBIDDEN.search(licence)


def hub_licence(licences: Collection[str]) -> str:
    """The identifier for the front matter: of a single known licence, else "other"."""
    names = {HUB_NAMES.get(licence, "other") for licence in licences}
    return names.pop() if len(names) == 1 else "other"
