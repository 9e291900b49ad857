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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [", "params.yaml, line 2: not readable as YAML: while parsing a flow node"),
        (b"- a", "params.yaml: a mapping of sections is expected, found list"),
        (b"", "params.yaml: a mapping of sections is expected, found an empty file"),
        (b"\xff\xfea\0:\0", "params.yaml: not UTF-8 ('utf-8' codec can't decode byte 0xff"),
        (b"a: " + b"9" * 5000, "params.yaml: not readable as YAML: Exceeds the limit"),
        (b"a: \x1b[2J", "params.yaml: not readable as YAML: unacceptable character"),
        (b"[" * 5000, "params.yaml"),
        (b"a: " + b"[" * 990 + b"]" * 990, "more than 100 levels of mappings and lists"),
        (
            b"a: !!python/object:os.system x",
            "line 1: not readable as YAML: could not determine a constructor",
        ),
        (b"a: !!bool maybe", "params.yaml: not readable as YAML: 'maybe'"),
        (b"a: &me [*me]", "params.yaml, a.0: the aliases make this a part of itself"),
        (b"a: {1: x}", "params.yaml, a: the key 1 is not text; put it in quotes"),
        (b"null: x", "params.yaml: the key None is not text"),
        (b"? [x, y]\n: 1", "params.yaml: the key ('x', 'y') is not text"),
        (b"a: !!set {b}", "params.yaml, a: found a set; write a list, a mapping or a scalar"),
        (b"a: !!binary AA==", "params.yaml, a: found a bytes"),
        (b"a: 1\n---\na: 2", "line 2: not readable as YAML: expected a single document"),
    ],
)
def test_a_file_that_is_not_plain_yaml_gives_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        load_yaml(tmp_path / "params.yaml")
    assert message in str(caught.value)
    assert str(caught.value).isprintable()


def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path) -> None:
    lists = [
        "a0: &a0 [1, 1, 1, 1]",
        *(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 4)}]" for i in range(1, 40)),
    ]
    (tmp_path / "params.yaml").write_text("\n".join(lists))
    with pytest.raises(SettingsError, match=r"a\d+: the aliases make this more than 1,000,000 values"):
        load_yaml(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    "content", [b"\xef\xbb\xbfa: {b: 1}\n", b"a:\r\n  b: 1\r\n", b"c: &c {b: 1}\na: *c\n"]
)
def test_a_byte_order_mark_other_line_ends_and_aliases_are_read(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(content)
    assert load_yaml(tmp_path / "params.yaml")["a"] == {"b": 1}


def test_a_folder_in_place_of_the_file_gives_one_message(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"cannot be read \(Is a directory\)"):
        load_yaml(tmp_path)
