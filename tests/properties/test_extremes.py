"""Every piece that can be read is trained on, evaluated and written, or rejected with a reason."""

import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from ruamel.yaml import YAML

from pipeline.core.rejections import read_counts
from pipeline.formats.readers import SUFFIXES
from pipeline.formats.writers import WRITERS
from pipeline.formats.writers.layout import grid_of, layout_of
from pipeline.parameters import check_parameters
from stages import download, encode, evaluate, families, filter, parse, quantize, split, train
from tests.helpers import sections

MUSIC = "CDEF|GABc|dcBA|GFED|"
METERS = (
    "1/1",
    "1/64",
    "1/128",
    "127/4",
    "128/4",
    "129/4",
    "255/4",
    "256/4",
    "300/4",
    "999/1",
    "4/512",
    "17/16",
)
STEPS = 48  # filter.max_steps of the test: generating takes time for every step


def abc(number: int, head: str, body: str) -> str:
    return f"X:{number}\nT:{'t' * number}\n{head}\nK:C\n{body}\n\n"


def scores() -> Iterator[tuple[str, str]]:
    """Files by name, with pieces at the limits of the accepted ranges."""
    meters = enumerate(METERS, start=1)
    yield "meters.abc", "".join(abc(n, f"M:{meter}\nL:1/4", MUSIC) for n, meter in meters)
    yield (
        "lengths.abc",
        abc(1, "L:1/4", "C")
        + abc(2, "L:1/4", "CD")
        + abc(3, "L:1/4", f"C{STEPS - 1}D")
        + abc(4, "L:1/4", f"C{STEPS}D")
        + abc(5, "L:1/4", "C200000D"),
    )
    yield "pitches.abc", abc(1, "L:1/4", "C,,,,,,C c''''g''''' C D") + abc(2, "L:1/4", "^C,,,,,c'''''")
    yield "ticks.abc", abc(1, "L:1/1024", "CDEFGABc") + abc(2, "L:1/4", "(9CDEFGABcd")
    yield (
        "keys.abc",
        "".join(abc(n, "L:1/4", f"[K:{key}]{MUSIC}") for n, key in enumerate(("C#", "Cb", "G#"), 1)),
    )
    voices = "".join(f"V:{n}\n{'CDEFGABc'[n % 8]}DEF|GABc|\n" for n in range(1, 65))
    yield "voices.abc", abc(1, "L:1/4", voices)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project of these scores after all stages up to evaluation."""
    root = tmp_path_factory.mktemp("extremes")
    tunes = {**sections.dataset("songs"), "split": {"kind": "none"}}
    tunes["filter"] |= {"min_notes": 2, "max_steps": STEPS}
    first = sections.continuing("tunes")
    first["evaluation"] |= {"scores": 100, "continued_pieces": 3, "continuation_samples": 1}
    first["model"] |= {"attention": "none"}
    params = {
        "engine": sections.ENGINE,
        "corpora": {"songs": sections.corpus("scores")},
        "families": sections.FAMILIES,
        "datasets": {"tunes": tunes},
        "experiments": {"first": first},
    }
    (root / "scores").mkdir()
    (root / "data").mkdir()
    for name, text in scores():
        (root / "scores" / name).write_text(text)
    (root / "data/suffixes.txt").write_text("\n".join(SUFFIXES))
    with (root / "params.yaml").open("w") as file:
        YAML().dump(json.loads(json.dumps(params)), file)
    check_parameters(params, root)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        download.run("songs")
        parse.run("songs")
        families.run()
        for stage in (quantize, filter, split, encode):
            stage.run("tunes")
        train.run("first")
        evaluate.run("first")
    return root


def test_every_piece_is_evaluated_and_written_or_rejected_with_a_reason(finished: Path) -> None:
    evaluated = json.loads((finished / "data/evaluations/first/samples.json").read_text())
    written = {sample["piece_id"] for sample in evaluated}
    rejected = {
        row["piece_id"]: row["rule"]
        for stage in ("parse", "quantize", "filter", "encode")
        for file in (finished / "data/rejected" / stage).glob("*.parquet")
        for row in pq.read_table(file).to_pylist()
    }
    incoming = sum(
        count.incoming for count in read_counts(finished / "data/rejected/parse/songs.parquet").values()
    )
    assert not written & rejected.keys()
    assert len(written) + len(rejected) == incoming
    assert rejected["songs/lengths#4"] == rejected["songs/lengths#5"] == "too_long"
    assert {f"songs/meters#{number}" for number in range(1, len(METERS) + 1)} <= written | rejected.keys()
    assert all(rejected.values())


@pytest.mark.parametrize("suffix", WRITERS)
def test_every_piece_that_is_encoded_can_be_written(finished: Path, suffix: str) -> None:
    for row in pq.read_table(finished / "data/filtered/tunes.parquet").to_pylist():
        if suffix != "wav" or row["n_steps"] < 100:
            assert WRITERS[suffix](grid_of(row), layout_of({**row, "transposition": 0}, mark=1))
