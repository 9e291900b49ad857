"""The piece cache: what was read once need not be read again.

Content-addressed: a key is the digest of everything that decides a record (the
piece's bytes, the reader and its version, the limits), so no entry can be out
of date. It is no output of DVC and lies below ``$DVC_ROOT``, where queued
experiments share it. It may be deleted at any time: cold, warm and half-warm
runs give the same bytes. One SQLite file: a killed run leaves it whole.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pipeline.workflow.progress import say

FILE = Path(".cache/notes.sqlite")
SECONDS_TO_WAIT = 60.0
KEYS_A_QUERY = 500
TABLE = "CREATE TABLE IF NOT EXISTS records (key TEXT PRIMARY KEY, record BLOB, sha256 BLOB) WITHOUT ROWID"


def cache_file() -> Path:
    """Where the cache of this project lies."""
    return Path(os.environ.get("DVC_ROOT", ".")) / FILE


def key_of(*parts: bytes) -> str:
    """One digest of several things, their borders included."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "little") + part)
    return digest.hexdigest()


def look_up(path: Path, keys: Sequence[str]) -> dict[str, bytes]:
    """The records that are there; a damaged one counts as not there."""
    found: dict[str, bytes] = {}
    try:
        with closing(_open(path)) as store:
            for first in range(0, len(keys), KEYS_A_QUERY):
                some = keys[first : first + KEYS_A_QUERY]
                marks = ",".join("?" * len(some))
                query = f"SELECT key, record, sha256 FROM records WHERE key IN ({marks})"
                for key, record, digest in store.execute(query, some):
                    if hashlib.sha256(record).digest() == digest:
                        found[key] = record
    except sqlite3.DatabaseError as error:
        _set_aside(path, error)
    return found


def keep(path: Path, records: Mapping[str, bytes]) -> None:
    """Add records, all or none; without a cache the work goes on."""
    rows: Iterable[tuple[str, bytes, bytes]] = (
        (key, record, hashlib.sha256(record).digest()) for key, record in records.items()
    )
    try:
        with closing(_open(path)) as store, store:
            store.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
    except sqlite3.DatabaseError as error:
        _set_aside(path, error)


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    store = sqlite3.connect(path, timeout=SECONDS_TO_WAIT)
    try:
        store.execute(TABLE)
    except sqlite3.DatabaseError:
        store.close()
        raise
    return store


def _set_aside(path: Path, error: sqlite3.DatabaseError) -> None:
    """A damaged cache is worth nothing; one that another run has locked is left alone."""
    if isinstance(error, sqlite3.OperationalError):
        say(f"the piece cache cannot be used now ({error}); pieces are read without it")
        return
    say(f"the piece cache was damaged ({error}) and is begun anew")
    path.unlink(missing_ok=True)
