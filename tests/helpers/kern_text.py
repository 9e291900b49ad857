"""**kern pieces from a few lines of text."""

from pipeline.core.music import Part, Piece
from pipeline.formats.readers import kern
from tests.helpers.reading import READ


def spines(*lines: str) -> bytes:
    """Lines of one or more spines; columns are parted by single spaces, notes of a chord by a comma."""
    return "\n".join(line.replace(" ", "\t").replace(",", " ") for line in lines).encode()


def read(*lines: str) -> Piece:
    """The piece of some lines."""
    return kern.read(spines(*lines), READ)


def melody(*lines: str) -> Part:
    """The part of one spine, its first and last line left out."""
    return read("**kern", *lines, "*-").parts[0]
