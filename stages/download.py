"""Copy a corpus as published to data/raw/CORPUS, with its checksums and licence."""

from pathlib import Path

from pipeline.core.settings import read_section
from pipeline.core.text import counted
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.settings import SOURCE
from pipeline.workflow.progress import say
from pipeline.workflow.runner import stage_main


def run(corpus: str) -> None:
    """Fetch one corpus."""
    source = read_section(SOURCE, "corpora", corpus, "source")
    suffixes = Path("data/suffixes.txt").read_text(encoding="utf-8").split()
    n_files = fetch(corpus, source, suffixes, Path("data/raw") / corpus)
    say(f"download@{corpus}: {counted(n_files, 'file')}")


if __name__ == "__main__":
    stage_main("download", run)
