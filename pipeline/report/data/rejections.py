"""Section: pieces kept and rejected, by stage and reason, with an engraved example of each rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from pipeline.report.charts import SERIES, draw
from pipeline.report.cover import stages_of
from pipeline.report.data.flow import Branch, flow
from pipeline.report.engraving import Engraver
from pipeline.report.html import ReportSection, counted, figure, folded, folded_table, number
from pipeline.report.inputs import Inputs, StageCounts
from pipeline.report.rejected_examples import RejectedExample
from pipeline.report.scores import PROMPT, PlayableScore, playable

EXAMPLES = 2  # pieces named per rule
STAGES = ("read", "on a grid", "filtered", "encoded")
LEAD = (
    "Every piece is kept or rejected with a reason: pieces in = pieces kept + pieces rejected, at each stage. "
    "data/rejected/STAGE/NAME.parquet has the value found and the limit for each rejected piece."
)


def rejections(inputs: Inputs) -> ReportSection:
    """A flow diagram of the main data set, tables of all, and examples."""
    body = Markup("")
    steps = stages_of(inputs, inputs.main_dataset)
    if steps:
        body += _flow(steps)
    body += folded("Tables of counts and reasons", _counts(inputs.steps) + _reasons(inputs.steps))
    scores = _scores(inputs.refused)
    if inputs.refused:
        examples = Markup("").join(map(_example, inputs.refused, scores))
        summary = f"Examples of rejected pieces: {counted(len(inputs.refused), 'rule')}"
        body += folded(summary, examples)
    return ReportSection("rejections", "Pieces kept and rejected", LEAD, body, scores)


def _flow(steps: Sequence[StageCounts]) -> Markup:
    kept = [sum(count.kept for count in step.counts.values()) for step in steps]
    incoming = sum(count.incoming for count in steps[0].counts.values())
    branches = [
        Branch(place, rule.replace("_", " "), pieces)
        for place, step in enumerate(steps)
        for rule, pieces in _by_rule(step).items()
    ]
    alt = f"Flow diagram of {steps[-1].name}: {counted(incoming, 'piece')} in; " + "; ".join(
        f"{number(n)} {STAGES[place]}" for place, n in enumerate(kept)
    )
    drawn = draw(flow(incoming, kept, ["pieces", *STAGES], branches, SERIES[0], SERIES[1]), alt)
    caption = f"Data set {steps[-1].name}. A piece that breaks several rules is in the branch of the first one."
    label = f"Flow diagram of {steps[-1].name}"
    return Markup('<div class="wide" tabindex="0" role="region" aria-label="{}">{}</div>').format(
        label, figure(drawn, caption)
    )


def _by_rule(step: StageCounts) -> dict[str, int]:
    """Pieces per rule, each piece under one rule, the commonest rule first."""
    kept_parts = {row["piece_id"]: row["rule"] for row in reversed(step.rejected) if row["part"] is None}
    return dict(Counter(kept_parts.values()).most_common())


def _counts(steps: Sequence[StageCounts]) -> Markup:
    rows = [
        [step.stage, step.name, corpus, count.incoming, count.kept, count.rejected]
        for step in steps
        for corpus, count in step.counts.items()
    ]
    head = ["stage", "corpus or data set", "corpus", "in", "kept", "rejected"]
    return folded_table("Pieces kept and rejected by stage", head, rows, (0, 1, 2))


def _reasons(steps: Sequence[StageCounts]) -> Markup:
    rows = [row for step in steps for row in _rules(step)]
    head = ["rule", "stage", "corpus or data set", "pieces", "for example"]
    note = "A piece that breaks several rules is counted under each of them." if rows else "No piece was rejected."
    return folded_table("Reasons for rejection", head, rows, (0, 1, 2, 4), note)


def _rules(step: StageCounts) -> list[list[object]]:
    pieces: dict[str, set[str]] = {}
    for row in step.rejected:
        pieces.setdefault(row["rule"], set()).add(row["piece_id"])
    by_number = Counter({rule: len(ids) for rule, ids in pieces.items()}).most_common()
    return [
        [rule, step.stage, step.name, n, ", ".join(sorted(pieces[rule])[:EXAMPLES])] for rule, n in by_number
    ]


def _scores(examples: Sequence[RejectedExample]) -> list[PlayableScore]:
    engraver = Engraver()
    return [
        playable(
            engraver,
            piece.musicxml,
            f"rejected-{place}",
            f"Score of {piece.title}, rejected: {_rule(piece.row)}",
            lambda _: PROMPT,
        )
        for place, piece in enumerate(examples, start=1)
    ]


def _rule(row: Mapping[str, Any]) -> str:
    return str(row["rule"]).replace("_", " ")


def _example(piece: RejectedExample, score: PlayableScore) -> Markup:
    words = (
        f"{piece.row['piece_id']}, rejected by the filter of {piece.dataset}: {_rule(piece.row)}, "
        f"found {piece.row['value']:g}, limit {piece.row['limit']:g}"
    ) + ("" if piece.whole else "; first bars")
    return Markup(
        '<article class="card" id="{0}-card"><h4>{1}</h4><figure class="playable" id="{0}"><figcaption><span>{2}</span> '
        '<button type="button" class="play" data-score="{0}" data-part="all" aria-label="Play {1}">Play</button>'
        '</figcaption><div class="sheet" data-score="{0}" tabindex="0" role="region" aria-label="Score of {1}"></div>'
        "</figure></article>\n"
    ).format(score.key, piece.title, words)
