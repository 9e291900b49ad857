"""Section: what the models said, engraved and to be heard."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.engraving import PRECISION, Engraver, Engraving, glyph_definitions
from pipeline.report.html import ReportSection, folded, heading, paragraph
from pipeline.report.inputs import ExperimentResults, HarmonizerResults, Inputs
from pipeline.report.rejected_examples import RejectedExample

MOST_PIECES = 3  # of an experiment, the first ones; which come first is decided by hash
ENDINGS = {
    "reference": "as written",
    "greedy": "the model, symbol by symbol the likeliest",
    "sampled": "the model, drawn",
}


def gallery(inputs: Inputs) -> ReportSection:
    """Of every experiment a few pieces: the true second half and what the model says in its place.

    Those of the experiment that was measured on most pieces are shown, the others folded.
    """
    engraver, shown = Engraver(), max(inputs.experiments, key=_n_pieces, default=None)
    glyphs: dict[str, str] = {}
    body = Markup("")
    models: list[ExperimentResults | HarmonizerResults] = [*inputs.experiments, *inputs.harmonizers]
    for model in models:
        pieces = Markup("")
        for sample in model.samples[:MOST_PIECES]:
            drawn, its_glyphs = _piece(engraver, model.name, sample)
            pieces += drawn
            glyphs |= its_glyphs
        body += heading(model.name) + folded(_count(model), pieces, model is shown)
    drawn, its_glyphs = _refused(engraver, inputs.refused)
    glyphs |= its_glyphs
    if inputs.refused:
        body += heading("Rejected pieces") + folded(f"{len(inputs.refused)} pieces, one a rule", drawn)
    how = (
        "The first half of each piece is given; the second half, in colour, is the true one or what the "
        "model says in its place, all in the key of the score. The pieces are chosen by a hash and not by "
        "ear; a model that harmonizes says voices beside given ones. Play sounds the notes here in the "
        "page; the note that sounds is marked."
    )
    return ReportSection(
        "gallery", "Scores to see and to hear", how, Markup(glyph_definitions(glyphs)) + body
    )


def _n_pieces(experiment: ExperimentResults) -> int:
    return int(experiment.figures["predictors"]["model"]["all"]["overall"]["n_pieces"])


def _count(experiment: ExperimentResults | HarmonizerResults) -> str:
    shown = min(len(experiment.samples), MOST_PIECES)
    return f"{shown} of {len(experiment.samples)} pieces"


def _piece(engraver: Engraver, name: str, sample: Mapping[str, Any]) -> tuple[Markup, Mapping[str, str]]:
    """One piece with all its endings, and the glyphs that they need; ``name`` is the model's."""
    title, number = sample["title"] or sample["piece_id"], sample["number"]
    body = paragraph(_told(sample))
    glyphs: dict[str, str] = {}
    for ending, words in ENDINGS.items():
        place = f"{name}-{number}-{ending}"
        label = f"{title}: {words}"
        engraving = engraver.engrave(sample["scores"][ending], place, f"Score of {label}")
        glyphs |= engraving.glyphs
        body += _playable(engraving, place, words, label, _cut(sample))
    return Markup('<article class="piece"><h4>{}</h4>{}</article>\n').format(title, body), glyphs


def _refused(engraver: Engraver, pieces: Sequence[RejectedExample]) -> tuple[Markup, Mapping[str, str]]:
    """What filters rejected, and why."""
    body, glyphs = Markup(""), dict[str, str]()
    for number, piece in enumerate(pieces, start=1):
        name, why = f"rejected-{number}", piece.row["rule"].replace("_", " ")
        engraving = engraver.engrave(piece.musicxml, name, f"Score of {piece.title}, rejected: {why}")
        glyphs |= engraving.glyphs
        words = (
            f"{piece.row['piece_id']}, rejected by the filter of {piece.dataset}: {why}, found "
            f"{piece.row['value']:g}, the limit is {piece.row['limit']:g}"
        )
        beginning = "" if piece.whole else "; its beginning"
        score = _playable(engraving, name, words + beginning, piece.title, math.inf)
        body += Markup('<article class="piece"><h4>{}</h4>{}</article>\n').format(piece.title, score)
    return body, glyphs


def _told(sample: Mapping[str, Any]) -> str:
    exact = " The model says the second half exactly." if sample["exact"] else ""
    return f"{sample['piece_id']}.{exact}{_relative(sample)}"


def _relative(sample: Mapping[str, Any]) -> str:
    """The nearest relative in the training split."""
    if not sample["relative_of"]:
        return ""
    alike = f"{sample['relation']}, likeness {sample['likeness']:.2f}"
    return f" Its nearest relative in the training split is {sample['relative_of']} ({alike})."


def _cut(sample: Mapping[str, Any]) -> float:
    """Where the model takes over, in quarter notes; nowhere where it says voices beside given ones."""
    if sample["given"] is not None:
        return math.inf
    return float(len(sample["source"]) / sample["voices"] / sample["steps_per_quarter"])


def _playable(engraving: Engraving, name: str, words: str, label: str, cut: float) -> Markup:
    notes = json.dumps([[note.begin, note.end, note.pitch, list(note.names)] for note in engraving.notes])
    said = [each for note in engraving.notes if note.begin > cut - PRECISION for each in note.names]
    return Markup(
        '<figure class="wide playable" id="{}">{}<figcaption><button type="button" class="play" '
        'aria-label="Play {}" data-notes="{}">Play</button> {}</figcaption></figure>\n'
    ).format(name, _coloured(engraving.svg, said), label, notes, words)


def _coloured(svg: str, names: Iterable[str]) -> Markup:
    """The same drawing, these notes of the class ``said``."""
    for name in names:
        svg = svg.replace(f'id="{name}" class="note"', f'id="{name}" class="note said"')
        svg = svg.replace(f'class="note" id="{name}"', f'id="{name}" class="note said"')
    return Markup(svg)
