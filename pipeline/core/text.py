"""Untrusted text on a terminal: titles, file names, responses of a server."""

from __future__ import annotations

import unicodedata

# Cc: control characters, also those of C1. Cf: format characters, bidirectional overrides among
# them. Cs: lone surrogates, for bytes of a name that is not UTF-8. Zl, Zp: line separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\n\t"


def safe(text: str) -> str:
    r"""Text without characters that control a terminal; they are shown as escapes of JSON.

    >>> safe("Tune \x1b[2J\N{RIGHT-TO-LEFT OVERRIDE}, Gr\xfc\xdfe\n")
    'Tune \\u001b[2J\\u202e, Gr\xfc\xdfe\n'
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(letter if _is_safe(letter) else _escaped(letter) for letter in text)


def safe_line(text: str) -> str:
    r"""The same on one line, line feeds and tabs escaped, too.

    >>> safe_line("a\nb")
    'a\\nb'
    """
    return safe(text).replace("\n", "\\n").replace("\t", "\\t")


def _is_safe(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter) not in _UNSAFE


def _escaped(letter: str) -> str:
    code = ord(letter)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
