"""The piece cache: pieces that were read once are not read again.

The cache is content-addressed: a key is the digest of everything that determines a record
(the piece's bytes, the reader and its version, the limits), so no entry can be out
of date. It is not an output of DVC and is stored below ``$DVC_ROOT``, where queued
experiments share it. It may be deleted at any time: cold, warm and half-warm
runs give the same bytes. It is one SQLite file, which a killed run leaves intact.

A row contains the digest of its key and its record together. SQLite itself does
not detect a flipped bit, and a damaged page pointer can return the record of
another row, intact and with a valid digest; such a row counts as missing.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pipeline.core.text import message_of
from pipeline.workflow.progress import say

FILE = Path(".cache/notes.sqlite")
SECONDS_TO_WAIT = 60.0
KEYS_A_QUERY = 500
TABLE = "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, record BLOB, sha256 BLOB) WITHOUT ROWID"


def cache_file() -> Path:
    """The path of the cache of this project."""
    return Path(os.environ.get("DVC_ROOT", ".")) / FILE


def key_of(*parts: bytes) -> str:
    """One digest of several values, including their boundaries."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def look_up(path: Path, keys: Sequence[str]) -> dict[str, bytes]:
    """The records of these keys; a damaged record, or one of another key, counts as missing."""
    found: dict[str, bytes] = {}
    try:
        with closing(_open(path)) as store:
            for first in range(0, len(keys), KEYS_A_QUERY):
                some = keys[first : first + KEYS_A_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, record, sha256 FROM records WHERE key IN ({marks})"
                for key, record, digest in store.execute(query, some):
                    if _is_whole(key, record, digest):
                        found[key] = record
    except sqlite3.DatabaseError as error:
        _set_aside(path, error)
    return found


def keep(path: Path, records: Mapping[str, bytes]) -> None:
    """Add records, all or none; an unusable cache is not an error."""
    rows: Iterable[tuple[str, bytes, bytes]] = (
        (key, record, _digest(key, record)) for key, record in records.items()
    )
    try:
        with closing(_open(path)) as store, store:
            store.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
    except sqlite3.DatabaseError as error:
        _set_aside(path, error)


def _is_whole(key: object, record: object, digest: object) -> bool:
    """Whether a row is as it was written; damage can also change the types of its values."""
    return isinstance(key, str) and isinstance(record, bytes) and _digest(key, record) == digest


def _digest(key: str, record: bytes) -> bytes:
    return hashlib.sha256(key.encode() + b"\0" + record).digest()


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(path, timeout=SECONDS_TO_WAIT)
    store.text_factory = lambda text: text.decode("utf-8", "replace")  # a damaged key is a missing one
    try:
        store.execute(TABLE)
    except sqlite3.DatabaseError:
        store.close()
        raise
    return store


def _set_aside(path: Path, error: sqlite3.DatabaseError) -> None:
    """Delete a damaged cache; do not touch a cache that another run has locked."""
    if isinstance(error, sqlite3.OperationalError):
        say(f"the piece cache cannot be used now ({message_of(error)}); pieces are read without it")
        return
    say(f"the piece cache was damaged ({message_of(error)}) and is recreated")
    path.unlink(missing_ok=True)
