"""Published corpora through the real stages, from the address to the shards.

The chorales (Boulanger-Lewandowski et al. 2012) and the Nottingham tunes are
served over the loopback; `dvc repro` fetches them by their names in the
catalogue.
"""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.core.rejections import read_counts
from pipeline.corpora.sources.catalogue import catalogue
from tests.helpers import sections
from tests.helpers.loopback import SHARED, served
from tests.helpers.project import Project, tune

pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason="the published files are not next to this checkout"
)

PUBLISHED = {"train": 229, "valid": 76, "test": 77}  # as the literature counts them
VOICES = ["Soprano", "Alto", "Tenor", "Bass"]


def from_catalogue(name: str, address: str) -> dict[str, Any]:
    source = {"kind": "catalogue", "name": name, "mirror": f"{address}/{name}"}
    return {**sections.corpus("scores"), "watch": "pipeline/corpora/catalogue.yaml", "source": source}


def with_published_corpora(params: Any, address: str) -> None:
    """Two corpora, the chorales by their published split, and a data set for one licence."""
    tunes = params["datasets"]["tunes"]
    for name in ("jsb-chorales", "nottingham"):
        params["corpora"][name] = from_catalogue(name, address)
    chorales = copy.deepcopy(tunes)
    chorales["corpora"] = ["jsb-chorales"]
    chorales["notes"] = "data/notes/jsb-chorales.parquet"
    chorales["quantize"] |= {"steps_per_quarter": 4, "parts": {"default": VOICES}}
    chorales["filter"]["min_notes"] = 2
    chorales["split"] = {"kind": "published"}
    chorales["encode"]["key"] = {"default": "analysis"}
    licensed = copy.deepcopy(tunes)
    licensed["corpora"] = ["songs", "nottingham"]
    licensed["filter"] |= {"min_notes": 2, "licences": ["CC0-1.0"]}
    params["datasets"] |= {"chorales": chorales, "licensed": licensed}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory, programs: list[Path]) -> Project:
    project = Project(tmp_path_factory.mktemp("published"), programs)
    with served(SHARED) as address:
        project.edit(lambda params: with_published_corpora(params, address))
        status, output = project.call("dvc", "repro", "encode@chorales", "encode@licensed")
        assert status == 0, output
    return project


@pytest.fixture
def project(workspace: Project) -> Path:
    return workspace.root


def n_tunes(name: str) -> int:
    """Tunes of the ABC files of a corpus, by their first lines."""
    lines = [line for file in (SHARED / name).iterdir() for line in file.read_text("latin-1").splitlines()]
    return sum(line.startswith("X:") for line in lines)


def rows_of(project: Path, name: str, **columns: Any) -> pd.DataFrame:
    return pd.read_parquet(project / "data" / name, **columns)


def test_the_files_arrive_as_the_catalogue_lists_them(project: Path) -> None:
    for name in ("jsb-chorales", "nottingham"):
        manifest = json.loads((project / f"data/raw/{name}/source.json").read_text())
        assert manifest["licence"] == catalogue()[name].source.licence
        assert {file["path"] for file in manifest["files"]} <= {
            path.name for path in (SHARED / name).iterdir()
        }


def test_every_chorale_keeps_the_split_that_it_was_published_in(project: Path) -> None:
    notes = rows_of(project, "notes/jsb-chorales.parquet", columns=["piece_id", "published_split"])
    pieces = notes.drop_duplicates()
    assert pieces["published_split"].value_counts().to_dict() == PUBLISHED
    assert (pieces["piece_id"].str.extract(r"#(\w+)\.\d+$")[0] == pieces["published_split"]).all()


def test_the_nottingham_tunes_are_read_and_have_no_published_split(project: Path) -> None:
    notes = rows_of(project, "notes/nottingham.parquet", columns=["piece_id", "published_split"])
    books = read_counts(project / "data/rejected/parse/nottingham.parquet")["nottingham"]
    assert books.incoming == books.kept + books.rejected == n_tunes("nottingham")
    assert notes["piece_id"].nunique() == books.kept
    assert notes["published_split"].isna().all()


def test_the_shards_follow_the_published_split(project: Path) -> None:
    tokens = rows_of(project, "tokens/chorales", columns=["piece_id", "split", "voices"])
    assert tokens["split"].value_counts().to_dict() == PUBLISHED
    assert set(tokens["voices"]) == {4}


def test_the_customary_split_of_the_chorales_leaks(project: Path) -> None:
    """Of 77 test pieces 40 share 16 intervals of any voice with a piece of train, in any key."""
    leaks = rows_of(project, "cards/chorales/leaks.parquet")
    test = leaks[leaks["split"] == "test"]
    assert len(test) == PUBLISHED["test"]
    assert test["hard"].sum() == 40
    assert test["same_skeleton"].sum() == 42
    assert (test["hard"] | test["same_skeleton"]).sum() == 48
    assert test.loc[test["hard"], "relative_of"].str.contains("#train").all()


def test_the_leak_card_shows_this_leakage(project: Path) -> None:
    text = (project / "data/cards/chorales/leaks.md").read_text()
    assert "Kind of split: `published`" in text
    leaks = rows_of(project, "cards/chorales/leaks.parquet")
    related = leaks[(leaks["split"] == "test") & leaks["relative_of"].notna()]
    only_soft = (~related["hard"]).sum()
    assert f"| published | jsb-chorales | test | 77 | 40 | {only_soft} | {len(related)} |" in text
    assert "(leaks.md)" in (project / "data/cards/chorales/README.md").read_text()


def test_pieces_of_another_licence_are_rejected_with_that_reason(project: Path) -> None:
    rejected = rows_of(project, "rejected/filter/licensed.parquet")
    books = read_counts(project / "data/rejected/filter/licensed.parquet")
    refused = rejected[rejected["rule"] == "licence_not_admitted"]
    assert books["nottingham"].kept == 0
    assert len(refused) == books["nottingham"].rejected == books["nottingham"].incoming > 1000
    assert refused["piece_id"].str.startswith("nottingham/").all()
    assert refused["detail"].str.contains("GPL-3.0").all()
    tokens = rows_of(project, "tokens/licensed", columns=["corpus", "licence"])
    assert set(tokens["corpus"]) == {"songs"}
    assert set(tokens["licence"]) == {"CC0-1.0"}
    assert books["songs"].kept == len(tokens)


def longer(number: int) -> str:
    """A relative of the tune of that number: it has the same beginning and continues differently."""
    own = tune(500 + number)
    bars = tune(number).split("K:C\n")[1].split("|]")[0]
    return own.replace("K:C\n", f"K:C\n{bars}|")


def test_pieces_moved_by_new_relatives_are_listed(workspace: Project) -> None:
    place = "splits/licensed.parquet"
    before = rows_of(workspace.root, place).set_index("piece_id")["split"]
    (workspace.root / "scores/songs/more.abc").write_text("".join(map(longer, range(1, 31))))
    status, output = workspace.call("dvc", "repro", "split@licensed")
    assert status == 0, output
    after = rows_of(workspace.root, place).set_index("piece_id")["split"]
    moved = {piece: (was, after[piece]) for piece, was in before.items() if after[piece] != was}
    moves = re.findall(r"split@licensed:   (\S+): (\w+) → (\w+) \(relatives: 0 before, 1 now\)", output)
    assert {piece: (was, now) for piece, was, now in moves} == moved
    assert 0 < len(moved) < 20
    assert f"{len(moved)} pieces moved since the last run" in output
