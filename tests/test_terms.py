"""Documents use the terms of the field: see docs/glossary.md."""

import re

import pytest

from tests.helpers.guides import DOCUMENTS
from tests.helpers.paths import ROOT

PRIVATE = {
    r"hears?|heard": "trained on, conditioned on",
    r"say(s|er)?|said|speaks?": "predict, print, specify",
    r"told|tells?": "given, specifies",
    r"likeliest": "most probable; greedy decoding",
    r"beside": "compared with, next to",
    r"goes on|go on": "continues, resumes",
    r"stands?": "is, is stored",
    r"spoilt": "malformed",
    r"dealt": "assigned",
    r"rooms?|ledgers?|judges?": "package, log, reference reader",
    r"wants?": "needs",
    r"whoever": "anyone who",
    r"nats per symbol|258 symbols": "token",
}


def prose(document: str) -> str:
    """A document without its code: blocks, and names in backticks."""
    text = (ROOT / document).read_text(encoding="utf-8")
    return re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", [*DOCUMENTS, "CHANGELOG.md", "data/README.md"])
def test_a_document_has_no_private_words(document: str) -> None:
    text = prose(document)
    found = {word: term for word, term in PRIVATE.items() if re.search(rf"\b({word})\b", text, re.IGNORECASE)}
    assert found == {}
