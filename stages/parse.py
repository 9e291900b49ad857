"""Read every piece of a corpus into the notes table."""

from pathlib import Path

from pipeline.core.accounting import balance
from pipeline.core.portions import open_table
from pipeline.core.rejections import write_rejections
from pipeline.core.schemas import NOTES
from pipeline.core.settings import read_section
from pipeline.core.text import counted
from pipeline.corpora.parsing import parse_corpus
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.workflow.engine import EngineSettings
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(corpus: str) -> None:
    """Parse one corpus; pieces are counted."""
    settings = read_section(ReadSettings, "corpora", corpus, "read")
    limits = read_section(ReadLimits, "corpora", corpus, "limits")
    engine = read_section(EngineSettings, "engine")
    with open_table(Path(f"data/notes/{corpus}.parquet"), NOTES) as table:
        notes = parse_corpus(corpus, Path("data/raw") / corpus, settings, limits, engine, table.add)
        counts = balance("parse", notes.incoming, notes.kept, notes.rejections)
    all_rejected = (*notes.rejections, *notes.parts_left_out)
    write_rejections(Path(f"data/rejected/parse/{corpus}.parquet"), "parse", all_rejected, counts)
    say(f"parse@{corpus}: {counted(len(notes.kept), 'piece')} kept, {len(notes.rejections)} rejected")


if __name__ == "__main__":
    stage_main("parse", run)
