import re
from pathlib import Path

from pipeline import errors

PACKAGE = Path(errors.__file__).parent


def test_the_tree_names_every_error_and_its_room() -> None:
    listed = dict(re.findall(r"── (\w+) +(\w+) ", errors.__doc__ or ""))
    defined = {
        name: file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for file in PACKAGE.rglob("*.py")
        for name in re.findall(
            r"^class (\w+)\(PipelineError\)", file.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert listed == defined
