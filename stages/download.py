"""Copy a corpus as published to data/raw/CORPUS, with its checksums and licence."""

from pathlib import Path

from pipeline.progress import say
from pipeline.runner import stage_main
from pipeline.settings import read_section
from pipeline.sources.fetching import fetch
from pipeline.sources.settings import SOURCE


def run(corpus: str) -> None:
    """Fetch one corpus."""
    source = read_section(SOURCE, "corpora", corpus, "source")
    n_files = fetch(corpus, source, Path("data/raw") / corpus)
    say(f"download@{corpus}: {n_files} files")


if __name__ == "__main__":
    stage_main("download", run)
