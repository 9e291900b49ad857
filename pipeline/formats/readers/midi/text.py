"""The text of meta events, whose encoding no MIDI file names."""

from __future__ import annotations

import re

# kana, two adjacent characters outside ASCII, or three half-width kana
_JAPANESE = re.compile("[\u3041-\u30ff]|[\u3000-\u30ff\u4e00-\u9fff\uff01-\uff5e]{2}|[\uff61-\uff9f]{3}")


def decode_text(content: bytes) -> str:
    r"""Text in UTF-8, else in Shift-JIS where that gives Japanese words, else in Latin-1 (Windows-1252).

    >>> decode_text(b"\x83\x81\x83\x8d\x83f\x83B"), decode_text(b"Fl\xf6te"), decode_text(b"Don\x92t")
    ('メロディ', 'Flöte', 'Don’t')
    """
    for encoding in ("utf-8", "shift_jis", "cp1252"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding != "shift_jis" or _JAPANESE.search(text):
            return text
    return content.decode("latin-1")
