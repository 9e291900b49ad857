"""Section: the corpora."""

from __future__ import annotations

from pipeline.report.html import ReportSection, folded_table, table
from pipeline.report.inputs import Inputs


def sources(inputs: Inputs) -> ReportSection:
    """Pieces, licence and citation of each corpus."""
    rights = {corpus: facts for card in inputs.cards.values() for corpus, facts in card["corpora"].items()}
    counts, texts = list[list[object]](), list[list[object]]()
    for step in inputs.steps:
        if step.stage == "parse":
            incoming = sum(count.incoming for count in step.counts.values())
            kept = sum(count.kept for count in step.counts.values())
            facts = rights.get(step.name, {"licences": [], "citations": []})
            licence = "; ".join(facts["licences"])
            counts.append([step.name, incoming, kept, incoming - kept])
            texts.append([step.name, licence, "; ".join(facts["citations"])])
    body = table(["corpus", "pieces", "read", "rejected"], counts, name="corpora")
    body += folded_table("Licences and citations", ["corpus", "licence", "citation"], texts, (0, 1, 2))
    lead = "Where the scores come from. A piece that cannot be read is rejected with a reason."
    return ReportSection("sources", "Sources", lead, body, folded=True)
