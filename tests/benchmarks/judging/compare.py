"""Compare our reader with a reference reader on one piece, with the cause of a difference."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.formats import readers
from pipeline.formats.readers import ReadError, Source
from tests.benchmarks.judging.known import BY_HAND, REFUSED
from tests.benchmarks.judging.notes import Note, first_difference, notes_of, without_unisons
from tests.benchmarks.judging.outcome import Judge, JudgeError, Mode, Outcome, Unread

Rewrite = Callable[[str], str]


def examine(piece: Unread, judge: Judge, judge_name: str, mode: Mode) -> Outcome:
    """Compare one piece in one mode."""
    ours, refused = _ours(piece, piece.source, judge, mode)
    theirs, failure = _theirs(piece.source, judge, mode)
    name = piece.name.rpartition("/")[2]
    by_hand = BY_HAND.get((judge_name, name)) or BY_HAND.get((judge_name, f"{name} {mode}"))
    if ours is None:
        if not theirs:
            return Outcome(piece.name, "agree")  # neither finds a note
        cause = by_hand or REFUSED.get(name)
        return Outcome(piece.name, "explained" if cause else "differ", cause or f"refused by us: {refused}")
    if theirs is None:
        return Outcome(piece.name, "explained", by_hand or failure)
    difference = first_difference(ours, theirs, judge.tolerance)
    if not difference:
        return Outcome(piece.name, "agree")
    cause = _cause(piece, ours, judge, mode) or by_hand
    return Outcome(piece.name, "explained" if cause else "differ", cause or difference)


def _ours(piece: Unread, source: Source, judge: Judge, mode: Mode) -> tuple[list[Note] | None, str]:
    settings = piece.settings.model_copy(update={"repeats": mode})
    try:
        notes = notes_of(readers.read(source, settings))
    except ReadError as error:
        return None, str(error)
    return (without_unisons(notes) if judge.joins_unisons else notes), ""


def _theirs(source: Source, judge: Judge, mode: Mode) -> tuple[list[Note] | None, str]:
    try:
        notes = judge.read(source, mode)
    except JudgeError as error:
        return None, str(error)
    return (without_unisons(notes) if judge.joins_unisons else notes), ""


def _cause(piece: Unread, ours: list[Note], judge: Judge, mode: Mode) -> str:
    """The cause whose rewriting makes both agree; see :mod:`known`.

    Each rewriting is tried alone, then on top of those before it.
    """
    text = given = piece.source.content.decode()
    for cause, rewrite in (judge.equivalent or {}).items():
        alone, before, given = rewrite(text), given, rewrite(given)
        tried = {text, before}
        for rewritten in dict.fromkeys((alone, given)):
            if rewritten not in tried and _agree(ours, _rewritten(piece, rewritten, judge, mode), judge):
                return cause
    for cause, rewrite in (judge.simpler or {}).items():
        simpler = rewrite(text)
        if simpler == text:
            continue
        mine, _ = _ours(piece, Source("", piece.source.format, simpler.encode()), judge, mode)
        for rewritten in dict.fromkeys((simpler, rewrite(given))):
            if mine is not None and _agree(mine, _rewritten(piece, rewritten, judge, mode), judge):
                return cause
    return ""


def _rewritten(piece: Unread, text: str, judge: Judge, mode: Mode) -> list[Note] | None:
    return _theirs(Source(piece.source.name, piece.source.format, text.encode()), judge, mode)[0]


def _agree(ours: list[Note], theirs: list[Note] | None, judge: Judge) -> bool:
    return theirs is not None and not first_difference(ours, theirs, judge.tolerance)
