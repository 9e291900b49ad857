"""Section: lead sheets, melodies with chord symbols and block chords to play."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.compute as pc
import pyarrow.parquet as pq
from markupsafe import Markup

from pipeline.core.chords import NO_CHORD, UNKNOWN_CHORD
from pipeline.core.tables import readable
from pipeline.formats.writers.layout import chord_changes
from pipeline.report.chords import Changes, chords_of, key_fifths_of, lead_sheet, with_block_chords
from pipeline.report.columns import column_names, read_columns
from pipeline.report.engraving import Engraver
from pipeline.report.html import ReportSection, paragraph
from pipeline.report.inputs import Inputs
from pipeline.report.listen.cards import score_figure
from pipeline.report.rejected_examples import beginning
from pipeline.report.scores import PROMPT, PlayableScore, playable

MOST_SHEETS, MOST_QUARTERS, LEAST_CHORDS = 3, 96, 4
OF_CORPORA = "Pieces of the data sets with chord symbols of their scores. Play adds block chords."
OF_MODEL = (
    "No piece of these data sets has chord symbols. Shown are folk tunes with the chords of the model's "
    "harmonization (Harmonized folk tunes). Play adds block chords."
)


class LeadSheet(NamedTuple):
    """A melody as MusicXML with chord symbols, and its chords by step."""

    title: str
    words: str
    musicxml: str
    changes: Changes
    steps_per_quarter: int


def lead_sheets(inputs: Inputs) -> ReportSection:
    """Three pieces with chord symbols; where there are none, harmonized folk tunes."""
    sheets = list(_of_corpora(inputs))[:MOST_SHEETS]
    lead = OF_CORPORA if sheets else OF_MODEL
    sheets = sheets or list(_of_model(inputs))[:MOST_SHEETS]
    engraver, scores, body = Engraver(), list[PlayableScore](), Markup("")
    for number, sheet in enumerate(sheets, start=1):
        key = f"lead-sheet-{number}"
        label = f"Lead sheet of {sheet.title}"
        score = playable(engraver, sheet.musicxml, key, label, lambda _: PROMPT)
        scores.append(with_block_chords(score, sheet.changes, sheet.steps_per_quarter))
        body += score_figure(key, f"{sheet.title}, {sheet.words}", sheet.title, files=False)
    body = body or paragraph("There is no piece with chord symbols and no harmonized folk tune.")
    return ReportSection("lead-sheets", "Lead sheets", lead, body, scores, folded=True)


def _of_corpora(inputs: Inputs) -> Iterator[LeadSheet]:
    """The first pieces of each data set that have at least LEAST_CHORDS different chords."""
    seen = set()
    for dataset in inputs.cards if inputs.tables is not None else ():
        path = Path(inputs.tables or ".") / "grids" / f"{dataset}.parquet"
        for row in _with_chords(path) if path.exists() else ():
            known = set(row["chord"]) - {None, NO_CHORD, UNKNOWN_CHORD}
            if len(known) < LEAST_CHORDS or row["piece_id"] in seen:
                continue
            seen.add(row["piece_id"])
            musicxml, _ = beginning(row, MOST_QUARTERS)
            n_steps = MOST_QUARTERS * row["steps_per_quarter"]
            changes = chord_changes(row["chord"][:n_steps])
            words = f"{row['piece_id']}, data set {dataset}"
            yield LeadSheet(
                row["title"] or row["piece_id"], words, musicxml, changes, row["steps_per_quarter"]
            )


def _with_chords(path: Path) -> list[dict[str, Any]]:
    """Rows of a table of grids whose piece has a chord, up to a few times MOST_SHEETS."""
    if "chord" not in column_names(path):
        return []
    with readable(path):
        table = pq.read_table(path, columns=["piece_id", "chord"])
    table = table.filter(pc.is_valid(table["chord"])).slice(0, 20 * MOST_SHEETS)
    return read_columns(path, column_names(path), table["piece_id"].to_pylist()) if table.num_rows else []


def _of_model(inputs: Inputs) -> Iterator[LeadSheet]:
    for model in [each for each in inputs.harmonizers if each.folk][:1]:
        for tune in model.folk:
            decoding = next(reversed(_harmonized(tune)), None)
            if decoding is not None:
                written, per_quarter = tune["scores"][decoding], tune["steps_per_quarter"]
                changes = chords_of(tune["chords"][decoding], key_fifths_of(written))
                sheet = lead_sheet(written, changes, per_quarter)
                title = tune["title"] or tune["piece_id"]
                yield LeadSheet(title, f"chords by {model.name}", sheet, changes, per_quarter)


def _harmonized(tune: Mapping[str, Any]) -> list[str]:
    """Decodings of a folk tune whose chords are known, the best one last."""
    return [name for name in ("greedy", "guided") if tune.get("chords", {}).get(name)]
