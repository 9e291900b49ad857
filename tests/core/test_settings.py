from pathlib import Path
from typing import Literal

import pytest
import torch

from pipeline.core.settings import Section, SettingsError, load_yaml, lookup, parse_section, read_section
from pipeline.corpora.sources.settings import SOURCE


class Inner(Section):
    depth: int


class Outer(Section):
    rate: float
    named: dict[str, Inner] = {}  # noqa: RUF012
    kind: Literal["a", "b"]
    inner: Inner


GOOD = {"rate": 0.5, "kind": "a", "inner": {"depth": 3}}


def test_a_section_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("x: {y: {rate: 1e-3, kind: b, inner: {depth: 2}}}")
    assert read_section(Outer, "x", "y", path=tmp_path / "params.yaml").rate == 0.001


@pytest.fixture
def _denormal_numbers() -> None:
    """A training in another test of this process makes the processor read them as 0."""
    torch.set_flush_denormal(False)


@pytest.mark.usefixtures("_denormal_numbers")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rat": 1.0}, "outer.rat: unknown parameter; did you mean 'rate'"),
        ({"inner": {"depth": 1, "dept": 2}}, "outer.inner.dept: unknown parameter; did you mean 'depth'"),
        (
            {"named": {"x": {"dept": 1, "depth": 1}}},
            "outer.named.x.dept: unknown parameter; did you mean 'depth'",
        ),
        ({"rate": 1e-320}, "outer.rate: 1e-320 is too close to 0; write 0 or a larger number"),
        ({"inner": {}}, "outer.inner.depth: this parameter is missing"),
        ({"kind": "c"}, "outer.kind: Input should be 'a' or 'b', found 'c'"),
        ({"inner": {"depth": "3"}}, "outer.inner.depth: Input should be a valid integer, found '3'"),
    ],
)
def test_an_error_message_names_its_place(change: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_section(Outer, GOOD | change, "outer")


def test_all_errors_are_reported_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        parse_section(Outer, {"kind": "c"}, "outer")
    assert len(str(caught.value).splitlines()) == 3


def test_the_kind_of_a_source_is_not_part_of_the_path() -> None:
    source = {"kind": "folder", "path": "x", "licence": "x", "citation": "x", "patern": "*"}
    with pytest.raises(
        SettingsError, match=r"corpora\.mine\.source\.patern: unknown parameter; did you mean 'path'"
    ):
        parse_section(SOURCE, source, "corpora.mine.source")


def test_a_missing_key_gives_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean 'melodies'"):
        lookup({"datasets": {"melodies": 1}}, "datasets", "melodys")


@pytest.mark.parametrize(("text", "message"), [("a: [", "not readable as YAML"), ("- a", "a mapping")])
def test_a_broken_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(SettingsError, match=message):
        load_yaml(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"a: " + b"9" * 5000, b"[" * 5000, b"- 1", b"a: !!python/object:os.system x"]
)
def test_a_file_that_is_not_yaml_gives_one_message(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(SettingsError, match="params.yaml: "):
        load_yaml(tmp_path / "params.yaml")


def test_a_folder_in_place_of_the_file_gives_one_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\)"):
        load_yaml(tmp_path)
