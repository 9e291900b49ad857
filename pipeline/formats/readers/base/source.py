"""The input and the error of all readers."""

from __future__ import annotations

from typing import NamedTuple

from pipeline.errors import PipelineError
from pipeline.formats.readers.base.charset import decode_text


class ReadError(PipelineError):
    """One file or piece cannot be read; it becomes one rejected row.

    Attributes:
        rule: a short stable name: ``unreadable``, ``no_notes``, ``bad_meter``, …
        value, limit: the number found and the number allowed, for rules with a number.
    """

    def __init__(
        self, rule: str, message: str, value: float | None = None, limit: float | None = None
    ) -> None:
        super().__init__(message)
        self.rule = rule
        self.value = value
        self.limit = limit

    def __reduce__(self) -> tuple[type[ReadError], tuple[str, str, float | None, float | None]]:
        """Support pickling: errors are sent between processes, and by default only the message is kept."""
        return ReadError, (self.rule, str(self), self.value, self.limit)

    def at(self, place: str) -> ReadError:
        """The same error with its location at the start of the message."""
        return ReadError(self.rule, f"{place}: {self}", self.value, self.limit)


class Source(NamedTuple):
    """One piece inside a file.

    Attributes:
        name: "" when the file is the piece, else the tune's number ("17", a
            repeated number "17.2").
        format: a key of ``readers.FORMATS``.
        content: the input of the format's ``read``, already unpacked.
        published_split: train, valid or test if the file itself specifies it;
            otherwise "".
        beats: the content of the file of beats that belongs to the piece; None if there is none.
    """

    name: str
    format: str
    content: bytes
    published_split: str = ""
    beats: bytes | None = None


def decode(content: bytes) -> str:
    r"""Text of unknown character set, with ``\n`` line ends; see :mod:`charset`.

    >>> decode(b"Gr\xfc\xdfe\r\n")
    'Grüße\n'

    Raises:
        ReadError: ``unreadable``.
    """
    try:
        return decode_text(content)
    except UnicodeDecodeError:
        raise ReadError("unreadable", "the text has a byte order mark of UTF-16 but is not UTF-16") from None
