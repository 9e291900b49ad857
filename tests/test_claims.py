"""Figures in documents are those of the outputs; a claim about a split is what its leak card counts."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.datasets.splits import split_pieces
from pipeline.datasets.splits.leak_card import leak_prose
from pipeline.workflow.dvclock import read_lock
from tests.helpers.claims import Claim, committed, in_working_tree, write
from tests.helpers.families import families, settings, tune, walk
from tests.helpers.figure_rows import COMMITTED
from tests.helpers.figures import CLAIMS
from tests.helpers.notes_text import part
from tests.helpers.paths import ROOT

CARDS = ROOT / "data/cards/melodies"
RULES = ["hard", "same_skeleton", "same_title", "contained", "aligned"]


IN_GIT = [claim for claim in CLAIMS if all(source.startswith(COMMITTED) for source in claim.sources)]
OTHERS = [claim for claim in CLAIMS if claim not in IN_GIT]


def written(claim: Claim) -> list[str]:
    return list(claim.found().groups())


@pytest.mark.parametrize("claim", IN_GIT, ids=lambda claim: claim.text)
def test_a_document_has_the_figures_of_committed_results(claim: Claim) -> None:
    """`python -m tests.helpers.figures --write` updates the documents."""
    now, before = claim.expected(in_working_tree), claim.expected(committed)
    assert written(claim) in (now, before)  # training on another processor changes the files


@pytest.fixture(scope="module")
def changed_outputs(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Outputs that the last run of the stages made with other contents than those recorded in git."""
    folder = tmp_path_factory.mktemp("committed")
    lock = subprocess.run(["git", "show", "HEAD:dvc.lock"], cwd=ROOT, capture_output=True, check=True)
    (folder / "dvc.lock").write_bytes(lock.stdout)
    recorded, here = outputs(folder), outputs(ROOT)
    return {path for path, digest in recorded.items() if here.get(path) != digest}


def outputs(root: Path) -> dict[str, str]:
    return {path: digest for stage in read_lock(root).values() for path, digest in stage.outs.items()}


@pytest.mark.parametrize("claim", OTHERS, ids=lambda claim: claim.text)
def test_a_document_has_the_figures_of_the_outputs(claim: Claim, changed_outputs: set[str]) -> None:
    assert claim.found()
    missing = [source for source in claim.sources if not (ROOT / source).exists()]
    if missing or any(source.startswith(path) for source in claim.sources for path in changed_outputs):
        pytest.skip("missing, or made by other parameters or processors")
    assert written(claim) == claim.expected(in_working_tree)


def test_a_changed_number_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "text.md").write_text("It needs **1.5** bits,\nthe other −2,000.")
    monkeypatch.setattr("tests.helpers.claims.ROOT", tmp_path)
    claim = Claim("text.md", "needs {} bits, the other {}.", (), lambda: ["1.6", "−2,000"])
    assert written(claim) == ["1.5", "−2,000"]
    write(claim, claim.expected(in_working_tree))
    assert (tmp_path / "text.md").read_text() == "It needs **1.6** bits,\nthe other −2,000."


def counted(rows: list[dict[str, Any]], leaks: list[dict[str, Any]]) -> list[int]:
    """The numbers of a claim, counted from the tables."""
    places = [row["split"] for row in rows]
    tested = [row for row in leaks if row["split"] == "test"]
    soft = [any(row[rule] for rule in RULES[1:]) for row in leaks]
    in_test = sum(any(row[rule] for rule in RULES[1:]) for row in tested)
    apart = places.count("embargoed")
    hard = sum(row["hard"] for row in leaks)
    return [len(leaks), hard, 16, sum(soft), in_test, len(tested), apart, places.count("train") + apart]


def numbers(text: str) -> list[int]:
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", text)]


@pytest.mark.parametrize("embargo", ["none", "soft"])
def test_a_claim_has_the_numbers_of_the_tables(embargo: str) -> None:
    lines = [walk(5 * i + 2, 40) for i in range(40)]
    other = [[str(int(p) + 2 * (n % 9 == 8)) for n, p in enumerate(line)] for line in lines]
    known = families(*(part(f"a/{i}", tune(line)) for i, line in enumerate([*lines, *other])))
    made = split_pieces(known["piece_id"].to_pylist(), known, settings(embargo=embargo))
    expected = counted(made.rows.to_pylist(), made.leaks.to_pylist())
    assert numbers(made.audit["claim"]) == expected
    assert made.audit["claim"] in leak_prose("tunes", made.audit, made.leaks)
    assert (expected[3] > 0, expected[6] > 0) == (embargo == "none", embargo == "soft")


def readme_claim() -> list[int]:
    """Held-out pieces of ``melodies``, those with a relative, embargoed and training pieces, in README."""
    text = re.sub(r"\s+", " ", (ROOT / "README.md").read_text(encoding="utf-8"))
    (found,) = re.findall(
        r"Of the ([\d,]+) held-out tunes of `melodies`, ([\d,]+) have a relative in training that any of its "
        r"five rules finds; ([\d,]+) of ([\d,]+) training tunes",
        text,
    )
    return [int(number.replace(",", "")) for number in found]


@pytest.mark.skipif(not (CARDS / "card.json").exists(), reason="compares with the real data set")
def test_the_readme_has_the_counts_of_the_leak_card_of_melodies() -> None:
    split = json.loads((CARDS / "card.json").read_text(encoding="utf-8"))["split"]
    if split["settings"].get("embargo") != "soft":
        pytest.skip("made by other parameters")
    leaks = pq.read_table(CARDS / "leaks.parquet").to_pylist()
    pieces = split["pieces"]
    related = sum(any(row[rule] for rule in RULES) for row in leaks)
    drawn = pieces["train"] + pieces["embargoed"]
    assert readme_claim() == [len(leaks), related, pieces["embargoed"], drawn]
    assert split["claim"] in (CARDS / "README.md").read_text(encoding="utf-8")
