"""Section: how to make this page again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from pipeline.report.html import ReportSection, folded, paragraph, table
from pipeline.report.inputs import Inputs

COMMANDS = ("make repro", "python -m pipeline books DATASET", "python -m pipeline explain")


def reproduce(inputs: Inputs) -> ReportSection:
    """Commands, the versions that shape the bytes, and the parameters."""
    commands = Markup("<pre><code>{}</code></pre>\n").format("\n".join(COMMANDS))
    lock = paragraph(
        "The first makes everything here, in a clone of the project; dvc.lock names the digest of every file "
        "on the way. Data up to the shards come out byte for byte on every machine, trained weights do on "
        "one machine, version and number of threads. The second holds the books of all stages against each "
        "other; the third tells what would run after a change."
    )
    versions = table(
        ["library", "version"], [[name, str(found)] for name, found in inputs.versions.items()], (0, 1)
    )
    parameters = Markup("").join(
        folded(f"Parameters of {experiment.name}", _printed(experiment.settings))
        for experiment in inputs.experiments
    )
    how = "What to type, and what this page depends on."
    return ReportSection(
        "reproduce", "How to make this page again", how, commands + lock + versions + parameters
    )


def _printed(section: Mapping[str, Any]) -> Markup:
    return Markup("<pre><code>{}</code></pre>\n").format(json.dumps(section, indent=1, ensure_ascii=False))
