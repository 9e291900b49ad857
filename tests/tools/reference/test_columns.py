"""Every column of every table is described, and docs/columns.md is up to date."""

import pytest

from pipeline.core.settings import load_yaml
from pipeline.tools.reference.columns import MEANINGS, TABLES, ColumnsError, as_markdown, columns_of
from tests.helpers.paths import ROOT


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described(table: str) -> None:
    assert [name for name, _, meaning in columns_of(table) if len(meaning) < 10] == []


def test_every_description_is_of_an_existing_column() -> None:
    content = load_yaml(MEANINGS)["columns"]
    names = {name for schema in TABLES.values() for name in schema.names}
    assert set(content.pop("all")) <= names
    assert {table: set(known) - set(TABLES[table].names) for table, known in content.items()} == {
        table: set() for table in content
    }


def test_the_page_is_up_to_date() -> None:
    page = (ROOT / "docs/columns.md").read_text(encoding="utf-8")
    assert page == as_markdown(), "run `python -m pipeline columns --markdown > docs/columns.md`"


def test_a_misspelt_table_gets_a_suggestion() -> None:
    with pytest.raises(ColumnsError, match="did you mean 'tokens'"):
        columns_of("token")
