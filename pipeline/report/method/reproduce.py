"""Section: commands, versions and parameters that reproduce the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, folded, folded_table, paragraph
from pipeline.report.inputs import ExperimentResults, HarmonizerResults, Inputs

COMMANDS = ("make repro", "python -m pipeline books DATASET", "python -m pipeline explain")


def reproduce(inputs: Inputs) -> ReportSection:
    """Commands, the versions that change the bytes, and the parameters."""
    commands = Markup('<pre tabindex="0"><code>{}</code></pre>\n').format("\n".join(COMMANDS))
    lock = paragraph(
        "The first command computes everything on this page in a clone of the project; dvc.lock has the "
        "digest of every "
        "file. Data sets have the same bytes on every machine, trained weights on one machine, version and "
        "number of "
        "threads. The second command compares the counts of all stages; the third shows what a change "
        "would rerun."
    )
    rows = [[name, str(found)] for name, found in inputs.versions.items()]
    versions = folded_table("Versions of libraries", ["library", "version"], rows, (0, 1))
    models: list[ExperimentResults | HarmonizerResults] = [
        *inputs.held_out,
        *inputs.harmonizers,
        *inputs.overfitted,
    ]
    parameters = Markup("").join(
        folded(f"Parameters of {each.name}", _printed(each.settings)) for each in models
    )
    body = commands + lock + folded("Versions and parameters", versions + parameters)
    return ReportSection("reproduce", "Reproduce this page", "", body, folded=True)


def _printed(section: Mapping[str, Any]) -> Markup:
    return Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(
        json.dumps(section, indent=1, ensure_ascii=False)
    )
