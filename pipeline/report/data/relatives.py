"""Section: held-out tunes and their relatives, two staves under each other with the shared notes marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from markupsafe import Markup

from pipeline.core.music import SILENCE
from pipeline.formats.writers.layout import SoundingNote, grid_of, sounds
from pipeline.report.columns import column_names, read_columns
from pipeline.report.engraving import PRECISION, Engraver
from pipeline.report.html import ReportSection, heading, paragraph
from pipeline.report.inputs import Inputs
from pipeline.report.listen.cards import score_figure
from pipeline.report.rejected_examples import beginning
from pipeline.report.scores import SHARED, TRUTH, PlayableScore, playable

MOST_QUARTERS = 64  # shown of a tune
LEAST_INTERVALS = 5  # of a marked sequence; the longest one is marked in any case
COLUMNS = ("split", "relative_of", "relation", "likeness")
LEAD = (
    "A held-out tune and the most similar tune that is related to it by each rule; likeness is from 0 to 1. Sequences "
    f"of at least {LEAST_INTERVALS} successive intervals in common, in any key, are orange."
)
PLACES = {
    "embargoed": "set apart from training",
    "train": "in training",
    "test": "test piece",
    "valid": "validation piece",
}


class Pair(NamedTuple):
    """A tune of a split and the relative that the split stage recorded for it."""

    relation: str
    likeness: float
    held_out: str
    relative: str
    where: str


def relatives(inputs: Inputs) -> ReportSection:
    """One pair for each rule that relates tunes of the main data set."""
    dataset = inputs.main_dataset
    engraver, scores, body = Engraver(), list[PlayableScore](), Markup("")
    pairs = list(_pairs(inputs, dataset)) if dataset and inputs.tables is not None else []
    rows = _grids(inputs, dataset, pairs) if dataset and pairs else {}
    for number, pair in enumerate(pairs, start=1):
        if pair.held_out not in rows or pair.relative not in rows:
            continue
        both = [rows[pair.held_out], rows[pair.relative]]
        body += heading(f"Related by {pair.relation}, likeness {pair.likeness:.2f}")
        for place, (row, marked) in enumerate(zip(both, shared_notes(*both), strict=True)):
            key = f"relative-{number}-{place}"
            title = row["title"] or row["piece_id"]
            scores.append(_score(engraver, row, marked, key))
            words = f"{title} ({row['piece_id']}), {pair.where if place else 'held out'}"
            body += score_figure(key, words, title, files=False)
    body = body or paragraph("No held-out piece of the main data set has a relative by these rules.")
    title = "Held-out tunes and their relatives"
    return ReportSection("relatives", title, LEAD, body, scores, folded=True)


def _pairs(inputs: Inputs, dataset: str) -> Iterator[Pair]:
    """For each relation the pair with the largest likeness; one of the two is a held-out piece."""
    path = _table(inputs, "splits", dataset)
    if path is None:
        return
    rows = read_columns(path, COLUMNS)
    places = {row["piece_id"]: row["split"] for row in rows}
    best: dict[str, Pair] = {}
    for row in rows:
        other = row["relative_of"]
        if other is None or row["relation"] is None or other not in places:
            continue
        held_out, relative = (row["piece_id"], other)
        if row["split"] == "embargoed":
            held_out, relative = relative, held_out
        if places[held_out] != "test":
            continue
        where = PLACES.get(places[relative], places[relative])
        pair = Pair(row["relation"], row["likeness"] or 0.0, held_out, relative, where)
        if pair.relation not in best or pair.likeness > best[pair.relation].likeness:
            best[pair.relation] = pair
    yield from (best[relation] for relation in sorted(best))


def _table(inputs: Inputs, stage: str, dataset: str) -> Path | None:
    """The table of a stage; None where there is none."""
    path = (inputs.tables or Path()) / stage / f"{dataset}.parquet"
    return path if inputs.tables is not None and path.exists() else None


def _grids(inputs: Inputs, dataset: str, pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    path = _table(inputs, "grids", dataset)
    if path is None:
        return {}
    wanted = {piece for pair in pairs for piece in (pair.held_out, pair.relative)}
    return {row["piece_id"]: row for row in read_columns(path, column_names(path), wanted)}


def _score(engraver: Engraver, row: Mapping[str, Any], marked: set[int], key: str) -> PlayableScore:
    musicxml, _ = beginning(row, MOST_QUARTERS)
    onsets = {step / row["steps_per_quarter"] for step in marked}
    label = f"Score of {row['title'] or row['piece_id']}, shared notes marked"
    return playable(
        engraver,
        musicxml,
        key,
        label,
        lambda note: SHARED if any(abs(note.begin - onset) <= PRECISION for onset in onsets) else TRUTH,
    )


def shared_notes(first: Mapping[str, Any], second: Mapping[str, Any]) -> tuple[set[int], set[int]]:
    """Onsets in steps of the notes of two rows that are in common sequences of intervals."""
    notes = [[note for note in sounds(grid_of(row), 0) if note.pitch != SILENCE] for row in (first, second)]
    found: tuple[set[int], set[int]] = (set(), set())
    for ends, length in _runs(*map(_intervals, notes)):
        for marked, own, end in zip(found, notes, ends, strict=True):
            marked.update(note.onset for note in own[end - length : end + 1])
    return found


def _runs(first: Sequence[int], second: Sequence[int]) -> list[tuple[tuple[int, int], int]]:
    """Ends and lengths of the common sequences of LEAST_INTERVALS intervals; else of the longest."""
    runs: list[tuple[tuple[int, int], int]] = []
    before = [0] * (len(second) + 1)
    for i, interval in enumerate(first, start=1):
        lengths = [0] * (len(second) + 1)
        for j, other in enumerate(second, start=1):
            if interval == other:
                lengths[j] = before[j - 1] + 1
                runs.append(((i, j), lengths[j]))
        before = lengths
    longest = max((length for _, length in runs), default=0)
    return [run for run in runs if run[1] >= min(LEAST_INTERVALS, longest)]


def _intervals(notes: Sequence[SoundingNote]) -> list[int]:
    return [after.pitch - before.pitch for before, after in pairwise(notes)]
