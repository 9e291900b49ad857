"""The catalogue of known corpora, and the real files of two of them over the loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.corpora.sources.catalogue import CatalogueError, catalogue, resolve
from pipeline.corpora.sources.fetch import fetch
from pipeline.corpora.sources.manifest import read_manifest
from pipeline.corpora.sources.settings import BundledSource, CatalogueSource, UrlSource
from tests.helpers.loopback import SHARED, served


@pytest.mark.parametrize("name", catalogue())
def test_every_corpus_has_the_required_metadata(name: str) -> None:
    entry = catalogue()[name]
    assert entry.about
    assert entry.source.licence
    assert entry.source.citation
    assert isinstance(entry.source, BundledSource) or "/tree/" in entry.homepage


@pytest.mark.parametrize("name", catalogue())
def test_addresses_are_pinned_to_a_commit(name: str) -> None:
    source = catalogue()[name].source
    if isinstance(source, UrlSource):
        commit = catalogue()[name].homepage.rsplit("/", 1)[-1]
        assert all(commit in url for file in source.files for url in file.urls)


def test_an_unknown_corpus_suggests_the_nearest_name() -> None:
    with pytest.raises(CatalogueError, match="did you mean 'nottingham'"):
        resolve(CatalogueSource(kind="catalogue", name="notingham"))


def test_a_mirror_is_tried_first() -> None:
    source = resolve(CatalogueSource(kind="catalogue", name="nottingham", mirror="http://near/nottingham/"))
    assert isinstance(source, UrlSource)
    assert source.files[0].urls[0] == "http://near/nottingham/ashover.abc"
    assert source.files[0].urls[1].startswith("https://")


@pytest.fixture
def mirror() -> Iterator[str]:
    with served(SHARED) as address:
        yield address


@pytest.mark.skipif(not SHARED.exists(), reason="the published files are not next to this checkout")
@pytest.mark.parametrize(("name", "n_files"), [("jsb-chorales", 1), ("nottingham", 14)])
def test_published_files_arrive_with_their_sums(
    mirror: str, name: str, n_files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = CatalogueSource(kind="catalogue", name=name, mirror=f"{mirror}/{name}")
    assert fetch(name, source, [".abc"], tmp_path / "raw") == n_files
    known = {file.path: file.sha256 for file in resolve(source).files}  # type: ignore[union-attr]
    manifest = read_manifest(tmp_path / "raw")
    assert {file["path"]: file["sha256"] for file in manifest["files"]} == known
    assert manifest["licence"] == catalogue()[name].source.licence
