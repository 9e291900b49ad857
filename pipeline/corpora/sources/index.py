"""Index files: the files of a corpus with sizes and sha256, one per line.

The first line is a comment with the address of the files. Each other line has path, size
in bytes and sha256, separated by tabs, in UTF-8::

    # HOMEPAGE at COMMIT; path, size, sha256; a file lies at https://HOST/COMMIT/PATH (PATH percent-encoded)
    kern/chor001.krn	3106	76eb7432a97d2a817128517dc9adb4dfeccf7a87d234d9b29a82c7cc46e51f49
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import quote

from pipeline.core.text import message_of
from pipeline.corpora.sources.paths import UnsafePathError, inside_as_file
from pipeline.corpora.sources.settings import IndexSource, ListedFiles, RemoteFile
from pipeline.errors import PipelineError

_ADDRESS = re.compile(r"#.*\b(https?://\S+)/PATH\b")
_LINE = re.compile(r"([^\t]+)\t(\d{1,15})\t([0-9a-f]{64})")


class IndexFileError(PipelineError):
    """An index file is missing or damaged, or lists a path that must not be written."""


def from_index(source: IndexSource, folder: Path = Path()) -> ListedFiles:
    """The files that an index lists.

    Args:
        folder: the folder that ``source.index`` is relative to.

    Raises:
        IndexFileError: the index is missing, its sha256 differs, or a line is wrong.
    """
    path = folder / source.index
    try:
        content = path.read_bytes()
    except OSError as error:
        raise IndexFileError(f"{path}: not readable ({error.strerror})") from None
    found = hashlib.sha256(content).hexdigest()
    if source.index_sha256 not in (None, found):
        raise IndexFileError(f"{path}: another index: sha256 {found}, expected {source.index_sha256}")
    files = read_index(content, str(path))
    return ListedFiles(
        kind="url", files=files, beats=source.beats, licence=source.licence, citation=source.citation
    )


def read_index(content: bytes, name: str) -> list[RemoteFile]:
    """The lines of an index file.

    Args:
        name: the name of the file, for messages.

    Raises:
        IndexFileError: a line is wrong, or a path is listed twice; the message has the line number.
    """
    try:
        first, *lines = content.decode("utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise IndexFileError(f"{name}: not UTF-8 ({message_of(error)})") from None
    address = _ADDRESS.match(first)
    if address is None:
        raise IndexFileError(f"{name}, line 1: found {first[:80]!r}; expected '# … https://ADDRESS/PATH …'")
    files: dict[str, RemoteFile] = {}
    for number, line in enumerate(lines, start=2):
        try:
            file = _read_line(line, address[1])
        except ValueError as error:
            raise IndexFileError(f"{name}, line {number}: {message_of(error)}") from None
        if file.path in files:
            raise IndexFileError(f"{name}, line {number}: {file.path} is listed twice")
        files[file.path] = file
    if not files:
        raise IndexFileError(f"{name}: lists no file")
    return list(files.values())


def address_of(prefix: str, path: str) -> str:
    """The address of a path below a prefix, percent-encoded.

    >>> address_of("https://host/commit/", "Who's_Sorry_Now?.mxl")
    'https://host/commit/Who%27s_Sorry_Now%3F.mxl'
    """
    return f"{prefix.rstrip('/')}/{quote(path)}"


def _read_line(line: str, prefix: str) -> RemoteFile:
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise ValueError(f"found {line[:80]!r}; expected path, size and sha256, separated by tabs")
    path, size, sha256 = parts.groups()
    if "\\" in path or str(inside_as_file(path)) != path:
        raise UnsafePathError(f"the path {path!r} is not in its simplest form")
    return RemoteFile(path=path, urls=[address_of(prefix, path)], sha256=sha256, size=int(size))
