"""Agreement of chord symbols with music21's ``ChordSymbol``, and the cause of every difference.

    python -m tests.benchmarks.chord_symbols [--corpora nottingham openewld] [--limit N] [--list FILE]
                                             [--cache FOLDER] [--into FILE]

Corpora: Nottingham (ABC) and OpenEWLD (MusicXML) in ``shared/corpora``. Conventions: pieces as
written, without repeats; all parts together; of several symbols at one onset the first that is
understood (`Staff.add_chord`) and music21's first. Symbols agree when their onsets are equal in
exact quarters, and root and bass by name, and the kind by the pitch classes of the chord. A
piece agrees when all its symbols do; it is explained when a rewriting of `judging.chords_known`
proves the cause; otherwise it differs. Pieces that our reader refuses are listed with its reason.

The last line is one JSON object, ratios first, which ``--into`` also writes to a file
(``data/benchmarks/chord-symbols.json``).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.workflow.progress import say, show, track
from tests.benchmarks.judging.chord_compare import Compared, examine
from tests.benchmarks.judging.corpora import CORPORA
from tests.benchmarks.judging.outcome import Cache

COMPARED = ("nottingham", "openewld")
CACHE = Path(tempfile.gettempdir()) / "entchen-judges"
COLUMNS = ("corpus", "pieces", "agree", "explained", "refused", "differ", "symbols", "symbols that agree")


def figures(pieces: Sequence[Compared]) -> dict[str, Any]:
    """Ratios, counts, and pieces and symbols by cause, of one corpus."""
    kinds = Counter(piece.kind for piece in pieces)
    symbols, agree = sum(piece.symbols for piece in pieces), sum(piece.agree for piece in pieces)
    causes = Counter(cause for piece in pieces for cause in piece.causes)
    several = sum(piece.several for piece in pieces)
    n = len(pieces)
    settled = kinds["agree"] + kinds["explained"]
    return {
        "share_of_symbols_agreeing": round(agree / symbols, 4) if symbols else None,
        "share_of_pieces_agreeing_or_explained": round(settled / n, 4) if n else None,
        "pieces": n,
        **{kind: kinds[kind] for kind in ("agree", "explained", "refused", "differ")},
        "symbols": symbols,
        "symbols_that_agree": agree,
        "onsets_with_several_symbols": several,
        "pieces_by_cause": dict(causes.most_common()),
    }


def _row(corpus: str, found: dict[str, Any]) -> tuple[str, ...]:
    names = ("pieces", "agree", "explained", "refused", "differ", "symbols", "symbols_that_agree")
    return (corpus, *(str(found[name]) for name in names))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", choices=COMPARED, default=list(COMPARED))
    parser.add_argument("--limit", type=int, help="the first N pieces of each corpus")
    parser.add_argument("--list", type=Path, help="file for the pieces that do not agree")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what music21 reads")
    parser.add_argument("--into", type=Path, help="JSON file for the figures")
    options = parser.parse_args()
    if options.into and options.limit:
        parser.error("--into keeps figures of whole corpora: leave out --limit")
    return options


def main() -> None:
    """Compare, and print a table, the causes, and one JSON object."""
    options = _arguments()
    cache = Cache(options.cache)
    result: dict[str, dict[str, Any]] = {}
    listed: list[str] = []
    for name in options.corpora:
        pieces = list(islice(CORPORA[name].pieces(), options.limit))
        if not pieces:
            say(f"{name}: no file in {CORPORA[name].root()}, and not compared")
            continue
        examined = (examine(piece, CORPORA[name].format, cache) for piece in pieces)
        compared = list(track(examined, name, len(pieces), "pieces"))
        result[name] = figures(compared)
        listed += [
            "\t".join((piece.kind, name, piece.name, "; ".join(piece.causes) or piece.text))
            for piece in compared
            if piece.kind != "agree"
        ]
    show(COLUMNS, [_row(name, found) for name, found in result.items()], stderr=False)
    causes = [
        (name, cause, str(n))
        for name, found in result.items()
        for cause, n in found["pieces_by_cause"].items()
    ]
    show(("corpus", "cause", "pieces"), causes, stderr=False)
    if options.list:
        options.list.write_text("\n".join([*listed, ""]), encoding="utf-8")
    if options.into:
        options.into.write_text(json.dumps(result, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, ensure_ascii=False))


if __name__ == "__main__":
    main()
