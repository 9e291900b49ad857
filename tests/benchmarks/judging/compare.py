"""Compare our reader with a reference reader on one piece, with the cause of a difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations

from pipeline.formats import readers
from pipeline.formats.readers import ReadError, Source
from pipeline.workflow.progress import track
from tests.benchmarks.judging.known import BY_HAND, REFUSED
from tests.benchmarks.judging.notes import Note, first_difference, notes_of, without_unisons
from tests.benchmarks.judging.outcome import Judge, JudgeError, Mode, Outcome, Unread

Rewrite = Callable[[str], str]


def compared(pieces: Sequence[Unread], judge: Judge, judge_name: str, mode: Mode, what: str) -> list[Outcome]:
    """The outcome of each piece in one mode; ``what`` names the comparison in messages."""
    if judge.prepare is not None:
        judge.prepare(pieces, mode)
    found: list[Outcome] = []
    proofs: dict[int, _Proof] = {}
    for piece in track(pieces, what, len(pieces), "pieces"):
        outcome, ours = _examine(piece, judge, mode)
        if outcome.kind == "differ" and ours is not None:
            proofs[len(found)] = _Proof(piece, ours, judge, mode)
        found.append(outcome)
    for place, causes in _proved(proofs, judge, mode):
        found[place] = Outcome(found[place].name, "explained", " + ".join(causes))
    return [_looked_at(outcome, judge_name, mode) for outcome in found]


def _examine(piece: Unread, judge: Judge, mode: Mode) -> tuple[Outcome, list[Note] | None]:
    """The outcome without regard to causes, and our notes."""
    ours, refused = _ours(piece, piece.source, judge, mode)
    theirs, failure = _theirs(piece.source, judge, mode)
    if ours is None:
        return Outcome(piece.name, "differ" if theirs else "agree", f"refused by us: {refused}"), None
    if theirs is None:
        return Outcome(piece.name, "explained", failure), ours
    difference = first_difference(ours, theirs, judge.tolerance)
    return Outcome(piece.name, "differ" if difference else "agree", difference), ours


def _looked_at(outcome: Outcome, judge_name: str, mode: Mode) -> Outcome:
    """The outcome with the cause that was found by hand, where no rewriting proves one."""
    name = outcome.name.rpartition("/")[2]
    cause = BY_HAND.get((judge_name, name)) or BY_HAND.get((judge_name, f"{name} {mode}"))
    if outcome.text.startswith("refused by us"):
        cause = cause or REFUSED.get(name)
    return outcome._replace(kind="explained", text=cause) if cause and outcome.kind == "differ" else outcome


def _proved(proofs: dict[int, _Proof], judge: Judge, mode: Mode) -> Iterator[tuple[int, list[str]]]:
    """Place and causes of each piece whose difference rewritings explain; see :mod:`known`.

    Each rewriting is tried alone, then on top of those before it, then with each other one, on all
    pieces at once. Of several causes, those that are not needed are left out again.
    """
    open_ones = dict(proofs)
    for causes in _combinations(list(judge.equivalent or {}), list(judge.simpler or {})):
        if judge.prepare is not None:
            judge.prepare([given for proof in open_ones.values() for given in proof.asked(causes)], mode)
        for place, proof in list(open_ones.items()):
            if proof.holds(causes):
                del open_ones[place]
                yield place, proof.needed(causes)


def _combinations(equivalent: Sequence[str], simpler: Sequence[str]) -> Iterator[Sequence[str]]:
    """The causes to try: each alone, then equivalent ones together, then with simpler ones, then two."""
    for cause in [*equivalent, *simpler]:
        yield [cause]
    yield equivalent
    for place, cause in enumerate(simpler):
        yield [*equivalent, cause]
        yield [*equivalent, *simpler[: place + 1]]
    yield from combinations([*equivalent, *simpler], 2)


class _Proof:
    """Comparisons of one piece after rewritings; each different text is compared once."""

    def __init__(self, piece: Unread, ours: list[Note], judge: Judge, mode: Mode) -> None:
        self._piece, self._ours, self._judge, self._mode = piece, ours, judge, mode
        self._equivalent, self._simpler = judge.equivalent or {}, judge.simpler or {}
        self._text = piece.source.content.decode()
        self._found: dict[str, bool] = {self._text: False}
        self._steps: dict[tuple[str, str], str] = {}  # cause and text → the text rewritten

    def asked(self, causes: Sequence[str]) -> list[Unread]:
        """The rewritten piece, if it is still to be compared."""
        _, given = self._rewritten(causes)
        return [] if given in self._found else [self._piece._replace(source=self._source(given))]

    def holds(self, causes: Sequence[str]) -> bool:
        """Whether both agree: ours after the simpler rewritings, the other reader after all."""
        simpler, given = self._rewritten(causes)
        if given not in self._found:
            self._found[given] = self._compare(simpler, given)
        return self._found[given]

    def needed(self, causes: Sequence[str]) -> list[str]:
        """The causes without those whose rewritings make no difference."""
        needed = list(causes)
        for cause in causes:
            fewer = [other for other in needed if other != cause]
            if self.holds(fewer):
                needed = fewer
        return needed

    def _rewritten(self, causes: Sequence[str]) -> tuple[str, str]:
        """The text that our reader gets, and the one that the other gets."""
        simpler = [cause for cause in causes if cause in self._simpler]
        equivalent = [cause for cause in causes if cause in self._equivalent]
        return self._applied(simpler), self._applied([*equivalent, *simpler])

    def _applied(self, causes: Sequence[str]) -> str:
        text = self._text
        for cause in causes:
            if (cause, text) not in self._steps:
                rewrite = self._equivalent.get(cause) or self._simpler[cause]
                self._steps[cause, text] = rewrite(text)
            text = self._steps[cause, text]
        return text

    def _compare(self, simpler: str, given: str) -> bool:
        mine: list[Note] | None = self._ours
        if simpler != self._text:
            mine, _ = _ours(self._piece, self._source(simpler), self._judge, self._mode)
        theirs, _ = _theirs(self._source(given), self._judge, self._mode)
        if mine is None or theirs is None:
            return False
        return not first_difference(mine, theirs, self._judge.tolerance)

    def _source(self, text: str) -> Source:
        return Source(self._piece.source.name, self._piece.source.format, text.encode())


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
