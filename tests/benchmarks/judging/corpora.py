"""The corpora on which readers are judged, and how each is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.formats import readers
from pipeline.formats.readers import ReadError, ReadSettings, Source
from tests.benchmarks.judging.outcome import Unread
from tests.helpers.paths import SHARED
from tests.helpers.reading import READ

CORPORA_OF_THE_ISSUE = SHARED / "corpora"
ABC = READ.model_copy(
    update={"accidentals": "pitch"}
)  # the standard's default (ABC 2.1, 11.3), and abc2midi's


@dataclass(frozen=True)
class Corpus:
    """Files of one format.

    Attributes:
        folder: inside music21's wheel (``bundled``), or inside the folder of published corpora.
        suffixes: of its files.
        settings: how its files are read.
    """

    folder: str
    suffixes: tuple[str, ...]
    format: str
    bundled: bool = False
    settings: ReadSettings = READ

    def root(self) -> Path:
        """Where its files lie."""
        if not self.bundled:
            return CORPORA_OF_THE_ISSUE / self.folder
        from music21 import common

        return Path(common.getCorpusFilePath()) / self.folder

    def pieces(self) -> Iterator[Unread]:
        """Its pieces in the order of their names; a file that cannot be split is one piece."""
        root = self.root()
        paths = [path for path in root.rglob("*") if path.suffix.lower() in self.suffixes]
        for path in sorted(paths):
            content, name = path.read_bytes(), path.relative_to(root).as_posix()
            try:
                sources = readers.split(path.name, content)
            except ReadError:
                sources = [Source("", self.format, content)]
            for source in sources:
                yield Unread(
                    name + (f"#{source.name}" if source.name else ""), source, self.settings, content
                )


XML = (".mxl", ".musicxml", ".xml")
CORPORA = {
    "essen": Corpus("essenFolksong", (".abc",), "abc", bundled=True, settings=ABC),
    "oneills": Corpus("oneills1850", (".abc",), "abc", bundled=True, settings=ABC),
    "ryans": Corpus("ryansMammoth", (".abc",), "abc", bundled=True, settings=ABC),
    "airds": Corpus("airdsAirs", (".abc",), "abc", bundled=True, settings=ABC),
    "nottingham": Corpus("nottingham", (".abc",), "abc", settings=ABC),
    "openewld": Corpus("openewld", XML, "musicxml"),
    "lieder": Corpus("lieder", XML, "musicxml"),
    "suite": Corpus("musicxml-test-suite", XML, "musicxml"),
    "pop909": Corpus("pop909", (".mid",), "midi"),
}
