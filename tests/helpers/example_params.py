"""The entries of corpora in examples/params, and params.yaml with them."""

import re
from pathlib import Path

from tests.helpers.paths import ROOT

FOLDER = ROOT / "examples/params"
EXAMPLES = sorted(
    path for path in FOLDER.glob("*.yaml") if "\ncorpora:\n" in path.read_text(encoding="utf-8")
)


def groups(text: str) -> dict[str, str]:
    """The text below each top-level key."""
    return dict(re.findall(r"^(\w+):\n((?:(?: .*)?\n)*)", text, re.MULTILINE))


def merged(params: str, example: str) -> str:
    """The text of a params.yaml with each entry of an example at the beginning of its section."""
    for group, body in groups(example).items():
        head, key, rest = params.partition(f"\n{group}:\n")
        assert key, group
        params = head + key + body.rstrip("\n") + "\n" + rest
    return params


def params_with(*names: str) -> str:
    """params.yaml with the entries of some corpora."""
    params = (ROOT / "params.yaml").read_text(encoding="utf-8")
    for name in names:
        params = merged(params, (FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return params


def write_params_with(path: Path, *names: str) -> None:
    path.write_text(params_with(*names), encoding="utf-8")
