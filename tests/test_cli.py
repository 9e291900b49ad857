import pytest

from pipeline.cli import main
from pipeline.sources.catalogue import catalogue


def test_the_corpora_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    main(["corpora"])
    said = capsys.readouterr().out
    assert [name for name in catalogue() if name not in said] == []


def test_without_a_command_the_usage_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err
