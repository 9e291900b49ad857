"""How the files of a corpus are read: ``corpora.KEY.read`` in params.yaml."""

from __future__ import annotations

from typing import Literal

from pipeline.core.settings import Section


class ReadSettings(Section):
    """How the files of a corpus are read: ``corpora.KEY.read`` in params.yaml.

    Attributes:
        reader: ``auto`` for the fast reader of each format, ``music21`` for the slow
            reference reader of ABC and MusicXML; other formats have one reader.
        accidentals: scope of an ABC accidental within its bar, unless the tune sets
            it: ``pitch`` in all octaves (the default of the ABC standard 2.1, section
            11.3), ``octave`` in its own, ``not`` on its note alone.
        line_ends: what the end of a line of ABC means: ``phrases`` (Essen) or
            ``layout``.
        repeats: ``written`` reads a score from its first bar to its last, ``played``
            unfolds repeats, endings, D.C. and the order of parts.
    """

    reader: Literal["auto", "music21"]
    accidentals: Literal["octave", "pitch", "not"]
    line_ends: Literal["phrases", "layout"]
    repeats: Literal["written", "played"]

    @property
    def played(self) -> bool:
        """Whether repeats are unfolded."""
        return self.repeats == "played"
