"""Malformed **kern files, built as ``hostile`` builds those of the other formats."""

from __future__ import annotations

import random
from collections.abc import Iterator


def kern_files() -> Iterator[tuple[str, bytes, str]]:
    """Name, content, and the rule that refuses it."""

    def spine(*lines: str) -> bytes:
        return "\n".join(["**kern", "*M4/4", *lines, "*-", ""]).encode()

    good = spine("4c", "4d", "=2", "4e")
    noise = random.Random(2).randbytes(2048)
    yield ("good.krn", good, "read")
    yield ("windows.krn", good.replace(b"\n", b"\r\n"), "read")
    yield ("latin-1.krn", "!!!OTL: Grüße\n".encode("latin-1") + good, "read")
    yield ("utf-8-mark.krn", b"\xef\xbb\xbf" + good, "read")
    yield ("utf-16.krn", good.decode().encode("utf-16"), "read")
    yield ("truncated.krn", good[:-4], "unreadable")
    yield ("cut-in-a-note.krn", good[: good.index(b"d")], "bad_pitch")
    yield ("head-only.krn", b"**kern\n*-\n", "no_notes")
    yield ("noise-after-the-head.krn", b"**kern\n" + noise, "bad_syntax")
    yield ("noise-after-the-end.krn", good + noise.replace(b"*", b"+"), "bad_syntax")
    yield ("zeros.krn", b"**kern\n" + bytes(4096) + b"\n*-\n", "no_notes")
    yield ("one-token-too-few.krn", b"**kern\t**kern\n4c\t4e\n4d\n*-\t*-\n", "bad_syntax")
    yield ("one-token-too-many.krn", b"**kern\n4c\t4e\n*-\n", "bad_syntax")
    yield ("words.krn", b"**text\n4c\n*-\n", "unsupported")
    yield ("drums.krn", spine("*clefX", "4c"), "percussion")
    yield ("rests.krn", spine("1r"), "no_notes")
    yield ("grace.krn", spine("8qc", "8qd"), "no_notes")
    yield ("no-duration.krn", spine("c"), "bad_duration")
    yield ("minus-duration.krn", spine("-4c"), "bad_pitch")
    yield ("over-0.krn", spine("4%0c"), "bad_duration")
    yield ("nothing.krn", spine("0%0c"), "bad_duration")
    yield ("dots.krn", spine("4" + "." * 500 + "c"), "bad_duration")
    yield ("more-than-eternity.krn", spine("1%" + "9" * 5000 + "c"), "bad_duration")
    yield ("eternity.krn", spine("1%99999c"), "too_long")
    yield ("zeros-for-eternity.krn", spine("00000c", *["00000d"] * 2000), "too_long")
    yield ("two-durations.krn", spine("4c8"), "bad_duration")
    yield ("step-h.krn", spine("4h"), "bad_pitch")
    yield ("two-steps.krn", spine("4cd"), "bad_pitch")
    yield ("high.krn", spine("4" + "c" * 400), "pitch_out_of_range")
    yield ("low.krn", spine("4" + "C" * 400), "pitch_out_of_range")
    yield ("sharps.krn", spine("4c" + "#" * 99), "bad_pitch")
    yield ("metre-0.krn", spine("*M0/4", "4c"), "read")
    yield ("metre-x.krn", spine("*M4/x", "4c"), "read")
    yield ("key.krn", spine("*k[h#]", "4c"), "read")
    yield ("join-alone.krn", spine("*v", "4c"), "bad_syntax")
    yield ("endless-splits.krn", _splits(30), "too_many_spines")
    yield ("many-spines.krn", b"\t".join([b"**kern"] * 50_000) + b"\n", "too_many_spines")
    yield ("never-joined.krn", b"**kern\n*^\n4c\t4e\n*-\n", "bad_syntax")
    yield ("half-ended.krn", b"**kern\t**kern\n4c\t4e\n*-\t*\n4d\n", "unreadable")
    yield ("strands-apart.krn", b"**kern\t**kern\n4c\t2e\n4d\t4f\n*-\t*-\n", "unaligned")
    yield ("note-among-bar-lines.krn", b"**kern\t**kern\n=1\t4e\n*-\t*-\n", "bad_syntax")
    yield ("many-pieces.krn", good * 2000, "read")


def _splits(times: int) -> bytes:
    """Every strand splits in two, again and again."""
    return b"**kern\n" + b"".join(b"\t".join([b"*^"] * min(2**n, 4096)) + b"\n" for n in range(times))
