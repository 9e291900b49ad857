"""What a user is told.

Every error that a user's data, parameters or files can cause derives from
:class:`PipelineError` and is defined beside the code that raises it. A stage
prints its message (what was found, where, what is allowed) and ends with exit
status 1; any other exception is a fault of this project and keeps its
traceback::

    PipelineError
    ├── SettingsError        settings     params.yaml holds something else than allowed
    ├── TokenError           vocabulary   a token sequence breaks the grammar
    ├── TableError           tables       a Parquet file is missing, damaged or of another schema
    ├── BooksError           books        a stage lost or invented rows
    ├── StageError           runner       a stage was interrupted, or its inputs changed under it
    ├── SourceError          sources      a corpus cannot be fetched
    ├── ReadError            readers      a piece cannot be read (becomes a rejected row)
    ├── EmptyDatasetError    books        nothing is left of a data set
    ├── DivergedError        training     the loss is no longer a finite number
    ├── UnknownPieceError    inspecting   nothing that was read or encoded has that name
    ├── TokenTextError       inspecting   a text holds something else than lines of tokens
    ├── FileError            inspecting   a file cannot be opened, or not be encoded
    └── CheckpointError      training     saved weights are foreign or damaged
"""

from collections.abc import Iterable
from difflib import get_close_matches


class PipelineError(Exception):
    """Base of all errors that are meant for the user."""


def nearest(name: str, known: Iterable[str]) -> str:
    """A sentence that names what is allowed, the nearest name first.

    >>> nearest("essn", ["essen", "ryans"])
    "did you mean 'essen'? Known: essen, ryans"
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"{hint}Known: {', '.join(names) or 'none'}"
