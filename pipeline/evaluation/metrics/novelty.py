"""Interval n-grams that a continuation shares with the training tunes of a model.

**Runs.** A tune is represented by its intervals in semitones: top voice only, silence ignored,
immediate repeats of a pitch merged, so that copies in another key or rhythm are found (the
same representation defines relatives of tunes). An interval belongs to a continuation when
its later note begins there. A run that ends in the continuation may reach back into
the prompt: continuing the prompt as another tune does is copying. A run wholly *inside*
the continuation detects copies that are independent of the prompt: if a continuation is
cut out of another tune, every such run is shared.

**Shared with** a set of tunes is a run that occurs in one of them. Because a continuation
may repeat the prompt, which is no copy of another tune, runs are also looked up in the
prompt itself: *copied* is a run that occurs in another tune and not in the prompt.

**Share of n-grams copied:** of the runs of n intervals that end in the
continuation, each occurrence counted, the share that is shared; likewise of the runs
inside. **Longest run:** the most consecutive intervals that are shared, and the tunes
that contain them.

**Reference.** Human held-out tunes share runs with training, too. Where splits
separate tune families by a run of 16, they share almost no run of that length by
construction (families use exact notes, and a grid may merge some): they are a fair
reference up to 12. For longer runs the reference is training tunes against all other
training tunes, including relatives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pipeline.core.vocabulary import TIED
from pipeline.datasets.columns.ngrams import Holders, Sequences, holders
from pipeline.datasets.columns.ragged import (
    Bools,
    Ints,
    offsets_from_owners,
    offsets_of,
    owners,
    places,
    run_starts,
)

LENGTHS = (4, 6, 8, 12, 16, 24)  # intervals of the n-grams
FAIR_WITH_FAMILIES = 12  # longer ones are kept out of held-out tunes by a split of families

Rule = Literal["others", "own"]


@dataclass(frozen=True)
class MelodyIntervals:
    """n tunes as runs of intervals.

    Attributes:
        intervals: of each tune.
        step: where the later note of each interval begins, in steps of its tune.
    """

    intervals: Sequences
    step: Ints

    @classmethod
    def of(cls, tunes: Sequence[NDArray[np.uint16]], voices: int = 1) -> MelodyIntervals:
        """From whole steps of V tokens each; START at the beginning must be left out."""
        offsets = offsets_of([len(tune) for tune in tunes])
        tokens = np.concatenate([np.zeros(0, np.uint16), *tunes]).astype(np.int64)
        place = places(offsets)
        sounding = (tokens > 0) & (tokens < TIED) & (place % voices == 0)
        owner, pitch, step = owners(offsets)[sounding], tokens[sounding], place[sounding] // voices
        changes = run_starts(owner, pitch)
        owner, pitch, step = owner[changes], pitch[changes], step[changes]
        inner = np.ones(len(owner), bool)
        inner[run_starts(owner)] = False
        values = np.diff(pitch, prepend=0)[inner].astype(np.int8)
        return cls(Sequences(offsets_from_owners(owner[inner], len(tunes)), values), step[inner])


@dataclass(frozen=True)
class Shared:
    """The longest run that ends at each of N intervals and is shared.

    Attributes:
        owner: (N,) the tune of the interval, ascending.
        history: (N,) number of intervals of the tune up to and including this one.
        inside: (N,) those of them whose both notes are in the continuation.
        length: (N,) intervals of the longest shared run; 0 for none.
        holder: (N,) first of the tunes that contain it, -1 for none.
        n_holders: (N,) number of tunes that contain it.
    """

    owner: Ints
    history: Ints
    inside: Ints
    length: Ints
    holder: Ints
    n_holders: Ints


def longest_shared(
    wholes: MelodyIntervals, begins: Ints, tunes: Sequences, own: Ints | None = None, rule: Rule = "others"
) -> Shared:
    """Look up every run that ends in a continuation.

    Args:
        wholes: n whole pieces, prompt and continuation.
        begins: (n,) step at which each continuation begins.
        tunes: to look in.
        own: (n,) number of the tune that is a piece's own, -1 for none; None: none has one.
        rule: which tunes count: all others, or a piece's own alone.
    """
    offsets = wholes.intervals.offsets
    owner = owners(offsets)
    ends = np.flatnonzero(wholes.step >= begins[owner])
    owner, history = owner[ends], (places(offsets) + 1)[ends]
    own_tune = (np.full(len(begins), -1) if own is None else own)[owner]
    nothing = np.zeros(len(ends), np.int64)
    inside = places(offsets_from_owners(owner, len(begins)))
    found = Shared(owner, history, inside, nothing, nothing - 1, nothing.copy())
    alive, kept, length = np.arange(len(ends)), np.arange(len(tunes)), 0
    while len(alive):
        length += 1
        alive = alive[history[alive] >= length]
        runs = wholes.intervals.values[ends[alive][:, None] + np.arange(1 - length, 1)]
        held = _look_up(runs, tunes, kept, own_tune[alive], rule)
        alive, at = alive[held.n > 0], held.n > 0
        found.length[alive], found.holder[alive], found.n_holders[alive] = length, held.first[at], held.n[at]
        kept, tunes = kept[held.useful], tunes.where(held.useful)
    return found


@dataclass(frozen=True)
class _Held:
    """The tunes that contain each of N runs: the first, their number, and which tunes contain any."""

    first: Ints
    n: Ints
    useful: Bools


def _look_up(runs: NDArray[np.int8], tunes: Sequences, kept: Ints, own: Ints, rule: Rule) -> _Held:
    """Treat every run as a piece of its own, so that equal runs of runs and tunes get one number.

    Args:
        kept: (M,) the numbers by which the tunes are known.
        own: (N,) known number of the tune that is a run's own.
    """
    n_runs, length = runs.shape
    found = _Held(np.full(n_runs, -1), np.zeros(n_runs, np.int64), np.zeros(len(tunes), bool))
    if not n_runs or not len(tunes):
        return found
    pieces = Sequences.join([tunes, Sequences(np.arange(n_runs + 1) * length, runs.reshape(-1))])
    for part in holders(pieces, length):
        _note_holders(found, part, kept, own, rule)
    return found


def _note_holders(found: _Held, part: Holders, kept: Ints, own: Ints, rule: Rule) -> None:
    """Add the holders of one part of all runs; tunes come before runs among the holders of each."""
    n_tunes, known = len(kept), int(part.run.max(initial=-1)) + 1
    is_tune = part.piece < n_tunes
    tune, tune_run = part.piece[is_tune], part.run[is_tune]
    queried, run = part.piece[~is_tune] - n_tunes, part.run[~is_tune]
    n = np.bincount(tune_run, minlength=known)
    begin = offsets_of(n)
    first = kept[np.append(tune, 0)[np.minimum(begin[run], len(tune))]]
    second = kept[np.append(tune, 0)[np.minimum(begin[run] + 1, len(tune))]]
    stride = int(kept.max()) + 2
    pairs = tune_run * stride + kept[tune]  # they rise
    wanted = run * stride + own[queried]
    place = np.minimum(np.searchsorted(pairs, wanted), max(len(pairs) - 1, 0))
    holds_own = (own[queried] >= 0) & (np.append(pairs, -1)[place] == wanted)
    if rule == "own":
        counted, holder = holds_own.astype(np.int64), own[queried]
    else:
        counted, holder = n[run] - holds_own, np.where(first == own[queried], second, first)
    found.n[queried] = counted
    found.first[queried] = np.where(counted > 0, holder, -1)
    is_queried = np.zeros(known, bool)
    is_queried[run] = True
    found.useful[tune[is_queried[tune_run]]] = True
