"""Agreement of our readers with independent readers, and the cause of every difference.

    python -m tests.benchmarks.judges [--corpora essen nottingham ...] [--judge abc2midi ...]
                                      [--limit N] [--list FILE] [--cache FOLDER] [--into FILE]

Judges: ``abc2midi`` (Debian package abcmidi) for ABC; ``musescore`` (Debian package
musescore3), ``verovio`` and ``music21`` (of the lock file) for MusicXML; ``mido``
(``pip install mido``) for MIDI. Corpora: the ABC of music21's wheel, and those in
``shared/corpora``. A judge that is not installed is named and left out.

Conventions. A piece is the multiset of its sounding notes (onset, end, MIDI number), ties
merged, all parts together; times are exact quarters from its beginning. Notes agree when
pitches are equal and both times differ by at most the judge's tolerance, which is below
half of the shortest note and is its own resolution: 1/96 quarter (abc2midi and
MuseScore, 480 ticks), 1/48 (verovio, 120 ticks), 1/960 (music21), half of one of our ticks
(mido). Where a judge writes MIDI for several voices of one channel, notes of one pitch that
overlap count as one on both sides. ``written`` reads from the first bar to the last,
``played`` unfolds repeats. Grace notes, ornaments, chord symbols and percussion are left out
on both sides. Every piece is counted once: it agrees; it is explained, the judge reads it
otherwise for a cause in ``judging/*known.py``, which are proved by rewriting the piece; or
it differs. Share = (agree + explained) / pieces, agreement = agree / pieces.

The last line is one JSON object, ratios first. ``--into data/benchmarks/judges.json`` puts the
comparisons into that file, in addition to those of other runs.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pipeline.workflow.progress import say, show
from tests.benchmarks.judging import by_abc2midi, by_mido, by_musescore, by_music21, by_verovio
from tests.benchmarks.judging.abc_known import EQUIVALENT, SIMPLER
from tests.benchmarks.judging.compare import compared
from tests.benchmarks.judging.corpora import CORPORA
from tests.benchmarks.judging.outcome import Cache, Judge, Outcome, Unread
from tests.benchmarks.judging.xml_known import (
    MUSESCORE_EQUIVALENT,
    MUSESCORE_SIMPLER,
    MUSIC21_EQUIVALENT,
    MUSIC21_SIMPLER,
    VEROVIO_EQUIVALENT,
    VEROVIO_SIMPLER,
)

COLUMNS = ("corpus", "judge", "mode", "pieces", "agree", "explained", "differ", "agreement", "share")
CACHE = Path(tempfile.gettempdir()) / "entchen-judges"


def judges(cache: Cache) -> dict[str, Judge]:
    """All reference readers by name; the output of a slow one is kept in ``cache``."""
    return {
        "abc2midi": Judge(
            lambda source, mode: by_abc2midi.play(source.content.decode(), mode, cache),
            by_abc2midi.TOLERANCE,
            ("written", "played"),
            "abc",
            joins_unisons=True,
            missing=by_abc2midi.missing,
            equivalent=EQUIVALENT,
            simpler=SIMPLER,
        ),
        "musescore": Judge(
            lambda source, _: by_musescore.play(source.content, cache),
            by_musescore.TOLERANCE,
            ("played",),
            "musicxml",
            joins_unisons=True,
            missing=by_musescore.missing,
            prepare=lambda pieces, _: by_musescore.prepare([piece.source.content for piece in pieces], cache),
            equivalent=MUSESCORE_EQUIVALENT,
            simpler=MUSESCORE_SIMPLER,
        ),
        "verovio": Judge(
            lambda source, mode: by_verovio.play(source.content, mode, cache),
            by_verovio.TOLERANCE,
            ("written", "played"),
            "musicxml",
            joins_unisons=True,
            prepare=lambda pieces, mode: by_verovio.prepare(
                [piece.source.content for piece in pieces], mode, cache
            ),
            equivalent=VEROVIO_EQUIVALENT,
            simpler=VEROVIO_SIMPLER,
        ),
        "music21": Judge(
            lambda source, mode: by_music21.play(source.content, mode, cache),
            by_music21.TOLERANCE,
            ("written", "played"),
            "musicxml",
            joins_unisons=False,
            equivalent=MUSIC21_EQUIVALENT,
            simpler=MUSIC21_SIMPLER,
        ),
        "mido": Judge(
            lambda source, _: by_mido.play(source.content),
            by_mido.TOLERANCE,
            ("written",),
            "midi",
            joins_unisons=False,
            missing=by_mido.missing,
        ),
    }


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Ratios, counts, and pieces by cause, of one corpus, reference reader and mode."""
    kinds = Counter(outcome.kind for outcome in outcomes)
    n = len(outcomes)
    causes = Counter(outcome.text for outcome in outcomes if outcome.kind == "explained")
    return {
        "agreement": round(kinds["agree"] / n, 4) if n else None,
        "share_agreeing_or_explained": round((kinds["agree"] + kinds["explained"]) / n, 4) if n else None,
        "pieces": n,
        "agree": kinds["agree"],
        "explained": kinds["explained"],
        "differ": kinds["differ"],
        "pieces_by_cause": dict(causes.most_common()),
    }


def row(corpus: str, judge: str, mode: str, found: dict[str, Any]) -> tuple[str, ...]:
    """A row of the table."""
    counts = [str(found[name]) for name in ("pieces", "agree", "explained", "differ")]
    ratios = [f"{found[name]:.4f}" for name in ("agreement", "share_agreeing_or_explained")]
    return (corpus, judge, mode, *counts, *ratios)


def lines(corpus: str, judge: str, mode: str, outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The pieces that differ or are explained, for ``--list``."""
    for outcome in outcomes:
        if outcome.kind != "agree":
            yield "\t".join((outcome.kind, corpus, judge, mode, outcome.name, outcome.text))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--corpora", nargs="+", choices=CORPORA, default=list(CORPORA))
    parser.add_argument("--judge", nargs="+", choices=judges(Cache(CACHE)), help="these alone")
    parser.add_argument("--mode", choices=("written", "played"), help="this one alone")
    parser.add_argument("--limit", type=int, help="the first N pieces of each corpus")
    parser.add_argument("--list", type=Path, help="file for the pieces that differ or are explained")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder for what slow judges write")
    parser.add_argument("--into", type=Path, help="JSON file to put the comparisons into")
    options = parser.parse_args()
    if options.into and options.limit:
        parser.error("--into keeps figures of whole corpora: leave out --limit")
    return options


def main() -> None:
    """Compare, and print a table, the causes, and one JSON object."""
    options = arguments()
    rows: list[tuple[str, ...]] = []
    listed: list[str] = []
    result: dict[str, dict[str, Any]] = {}
    absent = set()
    for corpus in options.corpora:
        pieces: list[Unread] | None = None
        for name, judge in judges(Cache(options.cache)).items():
            if judge.format != CORPORA[corpus].format or (options.judge and name not in options.judge):
                continue
            missing = judge.missing() if judge.missing is not None else ""
            if missing:
                absent.add(missing)
                continue
            pieces = pieces or list(islice(CORPORA[corpus].pieces(), options.limit))
            if not pieces:
                absent.add(f"{corpus}: no file in {CORPORA[corpus].root()}, and not compared")
                continue
            for mode in judge.modes:
                if options.mode in (None, mode):
                    outcomes = compared(pieces, judge, name, mode, f"{corpus}, {name}, {mode}")
                    found = figures(outcomes)
                    result[f"{corpus}/{name}/{mode}"] = found
                    rows.append(row(corpus, name, mode, found))
                    listed += lines(corpus, name, mode, outcomes)
                    say("  ".join(rows[-1]))
                    if options.into:
                        _put_into(options.into, result)
                    if options.list:  # at once: the other pieces may take long
                        options.list.write_text("\n".join([*listed, ""]), encoding="utf-8")
    for missing in sorted(absent):
        say(missing)
    show(COLUMNS, rows, stderr=False)
    _show_causes(result)
    print(json.dumps(_report(result), ensure_ascii=False))


def _put_into(path: Path, result: dict[str, dict[str, Any]]) -> None:
    """Add the comparisons to those in a file; equal ones are replaced."""
    held = json.loads(path.read_text(encoding="utf-8"))["comparisons"] if path.exists() else {}
    report = _report(dict(sorted((held | result).items())))
    path.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _report(result: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return _totals(result) | {"comparisons": result}


def _show_causes(result: dict[str, dict[str, Any]]) -> None:
    """Number of pieces that each cause explains, by reference reader."""
    counts: Counter[tuple[str, str]] = Counter()
    for key, found in result.items():
        for cause, n in found["pieces_by_cause"].items():
            counts[key.split("/")[1], cause] += n
    show(
        ("judge", "cause", "pieces"),
        [(judge, why, str(n)) for (judge, why), n in counts.most_common()],
        False,
    )


def _totals(result: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Ratios over all comparisons."""
    sums = {name: sum(found[name] for found in result.values()) for name in ("agree", "explained", "differ")}
    n = sum(sums.values())
    return {
        "agreement": round(sums["agree"] / n, 4) if n else None,
        "share_agreeing_or_explained": round((sums["agree"] + sums["explained"]) / n, 4) if n else None,
        "comparisons_of_pieces": n,
        **sums,
    }


if __name__ == "__main__":
    main()
