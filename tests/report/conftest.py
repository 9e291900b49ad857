"""The folder data/ that the report is built from, and the report."""

from pathlib import Path

import pytest

from pipeline.report import page
from pipeline.report.inputs import Inputs, read_inputs
from tests.helpers.report import PARAMS, VERSIONS, write_data


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Files that a test may change."""
    write_data(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files that tests only read."""
    folder = tmp_path_factory.mktemp("data")
    write_data(folder)
    return folder


@pytest.fixture(scope="session")
def inputs(shared_data: Path) -> Inputs:
    return read_inputs(shared_data, PARAMS, VERSIONS)


@pytest.fixture(scope="session")
def html(shared_data: Path) -> str:
    """The report, written once for all tests."""
    return page(shared_data, PARAMS, VERSIONS)
