"""The folder data/ that the page is made of."""

from pathlib import Path

import pytest

from tests.helpers.report import write_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    write_data(tmp_path)
    return tmp_path
