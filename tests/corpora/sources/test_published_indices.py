"""The corpora that the catalogue lists by an index, and their real files over the loopback."""

import re
from pathlib import Path

import pytest

from pipeline.cli import main
from pipeline.corpora.sources.catalogue import INDICES, catalogue, resolve
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.index import from_index
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.corpora.sources.settings import CatalogueSource, IndexSource, UrlSource
from pipeline.formats.readers import SUFFIXES
from tests.helpers.loopback import SHARED, hosted

N_FILES = {"pop909": 909, "openewld": 502, "bach-370": 370, "lieder": 1460}

shared_files = pytest.mark.skipif(
    not SHARED.exists(), reason="the published files are not next to this checkout"
)


def listed(name: str) -> UrlSource:
    source = resolve(CatalogueSource(kind="catalogue", name=name))
    assert isinstance(source, UrlSource)
    return source


@pytest.mark.parametrize(("name", "n_files"), N_FILES.items())
def test_an_index_lists_the_whole_corpus_pinned_to_the_commit(name: str, n_files: int) -> None:
    source = listed(name)
    commit = catalogue()[name].homepage.rsplit("/", 1)[-1]
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert len(source.files) == n_files
    assert all(f"/{commit}/" in url for file in source.files for url in file.urls)
    assert all(Path(file.path).suffix in SUFFIXES for file in source.files)


def test_every_index_is_in_the_catalogue_with_its_sum() -> None:
    sources = [entry.source for entry in catalogue().values() if isinstance(entry.source, IndexSource)]
    assert sorted(source.index for source in sources) == sorted(path.name for path in INDICES.iterdir())
    assert all(source.index_sha256 for source in sources)


@pytest.mark.parametrize("name", catalogue())
def test_every_corpus_has_bibtex_entries(name: str) -> None:
    bibtex = catalogue()[name].bibtex
    entries = re.findall(r"^@(\w+)\{([\w-]+),$", bibtex, re.MULTILINE)
    assert entries
    assert len(entries) == len({key for _, key in entries}) == len(re.findall(r"^\}$", bibtex, re.MULTILINE))
    assert bibtex.count("{") == bibtex.count("}")
    assert bibtex.count("  title ") == bibtex.count("  author ") == len(entries)


def test_the_mirror_of_an_index_is_tried_first_with_encoded_paths() -> None:
    source = resolve(CatalogueSource(kind="catalogue", name="lieder", mirror="http://near/lieder/"))
    assert isinstance(source, UrlSource)
    file = source.files[0]
    assert file.path.startswith("scores/Abbott,_Jane_Bingham/")
    assert file.urls[0] == f"http://near/lieder/{file.path.replace(',', '%2C')}"
    assert file.urls[1].startswith("https://raw.githubusercontent.com/OpenScore/Lieder/")


def test_one_corpus_is_shown_with_its_citation(capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpora", "pop909"])
    output = capsys.readouterr().out
    assert "909 files, 11.3 MB" in output
    assert "licence      MIT" in output
    assert "source: {kind: catalogue, name: pop909}" in output
    assert "@inproceedings{wang2020pop909," in output


def test_a_bundled_corpus_is_shown_without_a_size(capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpora", "essen"])
    assert "bundled with music21" in capsys.readouterr().out


@shared_files
@pytest.mark.parametrize(("name", "n_files"), [("openewld", 502), ("bach-370", 370)])
def test_whole_corpora_arrive_with_their_sums(
    name: str, n_files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(SHARED / name) as host:
        source = CatalogueSource(kind="catalogue", name=name, mirror=host.address)
        assert fetch(name, source, sorted(SUFFIXES), tmp_path / "raw") == n_files
        assert len(host.requests) == n_files
        assert host.most_open <= 4
    manifest = read_manifest(tmp_path / "raw")
    assert {file["path"]: file["sha256"] for file in manifest["files"]} == {
        file.path: file.sha256 for file in listed(name).files
    }
    assert manifest["licence"] == catalogue()[name].source.licence
    assert manifest["ignored"] == []


@shared_files
@pytest.mark.parametrize("name", ["pop909", "lieder"])
def test_an_index_of_the_local_files_fetches_them(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with hosted(SHARED / name) as host:
        head, *lines = (INDICES / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
        here = [line for line in lines if line.split("\t")[0] in host.files]
        address = re.sub(r"https://raw\S+/PATH", f"{host.address}/PATH", head)
        Path("cut.tsv").write_text("\n".join([address, *here, ""]), encoding="utf-8")
        source = IndexSource(kind="index", index="cut.tsv", licence="", citation="")
        assert fetch(name, source, sorted(SUFFIXES), tmp_path / "raw") == len(here) == 200
        assert len(host.requests) == len({file.sha256 for file in from_index(source).files})
        assert host.most_open <= 4
