"""Section: what became of every piece."""

from __future__ import annotations

from collections import Counter

from markupsafe import Markup

from pipeline.report.html import ReportSection, heading, paragraph, table
from pipeline.report.inputs import Inputs, StageCounts

EXAMPLES = 2  # pieces named per rule


def books(inputs: Inputs) -> ReportSection:
    """Corpora, then each stage's pieces in, kept and rejected, then why."""
    body = _corpora(inputs) + _flow(inputs) + _reasons(inputs)
    how = (
        "Every piece that comes into a stage is kept or rejected with a reason. The rejected ones stand "
        "in data/rejected/STAGE/NAME.parquet with the value that was found and the limit that it broke."
    )
    return ReportSection("books", "Corpora, and what became of every piece", how, body)


def _corpora(inputs: Inputs) -> Markup:
    rights = {corpus: facts for card in inputs.cards.values() for corpus, facts in card["corpora"].items()}
    rows: list[list[object]] = []
    for step in inputs.steps:
        if step.stage == "parse":
            n_pieces = sum(count.incoming for count in step.counts.values())
            facts = rights.get(step.name, {"licences": [], "citations": []})
            rows.append([step.name, n_pieces, "; ".join(facts["licences"]), "; ".join(facts["citations"])])
    head = ["corpus", "pieces", "licence", "citation"]
    return heading("Where the scores come from") + table(head, rows, text_columns=(0, 2, 3))


def _flow(inputs: Inputs) -> Markup:
    rows = [
        [step.stage, step.name, corpus, count.incoming, count.kept, count.rejected]
        for step in inputs.steps
        for corpus, count in step.counts.items()
    ]
    return heading("Pieces kept and rejected") + table(
        ["stage", "of", "corpus", "in", "kept", "rejected"], rows, text_columns=(0, 1, 2)
    )


def _reasons(inputs: Inputs) -> Markup:
    rows = [row for step in inputs.steps for row in _rules(step)]
    if not rows:
        return heading("Why pieces were rejected") + paragraph("No piece was rejected.")
    note = paragraph("A piece that breaks several rules is counted under each of them.")
    head = ["stage", "of", "rule", "pieces", "for example"]
    return heading("Why pieces were rejected") + note + table(head, rows, text_columns=(0, 1, 2, 4))


def _rules(step: StageCounts) -> list[list[object]]:
    pieces: dict[str, list[str]] = {}
    for row in step.rejected:
        pieces.setdefault(row["rule"], []).append(row["piece_id"])
    by_number = Counter({rule: len(set(ids)) for rule, ids in pieces.items()}).most_common()
    return [
        [step.stage, step.name, rule, number, ", ".join(sorted(set(pieces[rule]))[:EXAMPLES])]
        for rule, number in by_number
    ]
