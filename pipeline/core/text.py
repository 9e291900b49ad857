"""Text on a terminal: numbers with their nouns, commands, and untrusted titles and file names."""

from __future__ import annotations

import unicodedata

# Cc: control characters, also those of C1. Cf: format characters, bidirectional overrides among
# them. Cs: lone surrogates, for bytes of a name that is not UTF-8. Zl, Zp: line separators.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_KEPT = "\n\t"
LONGEST_MESSAGE = 500  # characters of a library's message


def counted(number: int, noun: str, more: str | None = None) -> str:
    """A number and its noun.

    Args:
        more: the plural, where it is not the noun with an s at its end.

    >>> counted(1, "piece"), counted(2000, "piece"), counted(0, "family", "families")
    ('1 piece', '2,000 pieces', '0 families')
    """
    return f"{number:,} {plural(number, noun, more)}"


def plural(number: float, noun: str, more: str | None = None) -> str:
    """The noun for a number, in the singular for 1 alone; see ``counted``."""
    return noun if number == 1 else more or f"{noun}s"


def broken(command: str, width: int) -> list[str]:
    r"""A command on lines of a width, broken before options, as a shell reads them.

    >>> broken("entchen generate --prompt tune.abc --out tune.mid", 40)
    ['entchen generate --prompt tune.abc \\', '    --out tune.mid']
    """
    lines, rest = [], command
    while len(rest) > width and (place := rest.rfind(" --", 0, width - 2)) > 0 and rest[:place].strip():
        lines.append(f"{rest[:place]} \\")
        rest = f"    {rest[place + 1 :]}"
    return [*lines, rest]


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


def message_of(error: BaseException) -> str:
    r"""The message of another library's exception as part of one of ours: one short, safe line.

    Messages of libraries contain line feeds, control characters of damaged files, whole files, or nothing.

    >>> message_of(OSError("Couldn't deserialize thrift:\n  invalid TType\n")), message_of(EOFError())
    ("Couldn't deserialize thrift: invalid TType", 'EOFError')
    """
    text = safe_line(" ".join(str(error).split())) or type(error).__name__
    return text if len(text) <= LONGEST_MESSAGE else f"{text[:LONGEST_MESSAGE]}…"


def _is_safe(letter: str) -> bool:
    return letter in _KEPT or unicodedata.category(letter) not in _UNSAFE


def _escaped(letter: str) -> str:
    code = ord(letter)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
