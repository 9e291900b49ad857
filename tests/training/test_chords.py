"""Training with chords: shards, runs, and data sets and initial weights that do not fit."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.core.settings import SettingsError
from pipeline.core.vocabulary import START, STOP
from pipeline.evaluation.predictor import ModelPredictor
from pipeline.models.base.batches import read_rows
from pipeline.models.base.chord_numbers import numbers_of
from pipeline.models.base.examples import cut_at_note
from pipeline.models.base.pretrained import load_run
from pipeline.models.base.registry import build
from pipeline.models.base.tasks import EXAMPLE_COLUMNS, cut_rows
from pipeline.training.determinism import prepare
from pipeline.training.experiment import train_experiment
from pipeline.training.loop import train
from tests.helpers.melodies import continuing, copying, lstm, scale, training, training_data, write_shard

ROOTS = {"C:maj": 60, "G:maj": 67, "F:maj": 65}
SONGS = [
    ("C:maj", "G:maj", "C:maj", "F:maj"),
    ("G:maj", "F:maj", "F:maj", "C:maj"),
    ("F:maj", "C:maj", "G:maj", "G:maj"),
    ("C:maj", "F:maj", "G:maj", "C:maj"),
]


def roots(chords: tuple[str, ...]) -> list[int]:
    """A melody of the roots of its chords."""
    return [START, *(ROOTS[chord] for chord in chords), STOP]


def data_set(folder: Path, chords: bool) -> Path:
    tunes, symbols = [roots(song) for song in SONGS], SONGS if chords else ()
    write_shard(folder / "train/00000.parquet", tunes, chords=symbols)
    return folder


def trained(root: Path, tokens: Path, config: Any, init_from: Path | None = None) -> Path:
    out = root / config.kind
    train_experiment(tokens, continuing(), config, training(), out, root / "curve.csv", init_from)
    return out


def test_shards_give_examples_their_chords(tmp_path: Path) -> None:
    tokens = data_set(tmp_path / "tokens", chords=True)
    (first, *_) = cut_rows(read_rows(tokens, "train", EXAMPLE_COLUMNS), 0.5)
    assert first.chords is not None
    assert first.chords.tolist() == numbers_of(SONGS[0]).tolist()
    assert cut_rows(read_rows(tokens, "train", ("tokens", "voices")), 0.5)[0].chords is None


@pytest.mark.parametrize("kind", [copying, lstm])
def test_a_run_with_chords_is_saved_and_loaded(kind: Any, tmp_path: Path) -> None:
    tokens = data_set(tmp_path / "tokens", chords=True)
    model, run = load_run(trained(tmp_path, tokens, kind(chords=True)))
    assert model.uses_chords
    assert run.model.model_dump()["chords"] is True
    examples = cut_rows(read_rows(tokens, "train"), 0.5)
    assert len(list(ModelPredictor(model).log_probs(examples))) == len(SONGS)


def test_a_data_set_without_chord_symbols_is_refused(tmp_path: Path) -> None:
    tokens = data_set(tmp_path / "tunes", chords=False)
    with pytest.raises(SettingsError, match="none of the 4 training pieces of tunes has chord symbols"):
        trained(tmp_path, tokens, copying(chords=True))


def test_weights_with_and_without_chords_are_no_initial_weights_of_each_other(tmp_path: Path) -> None:
    tokens = data_set(tmp_path / "tokens", chords=True)
    parent = trained(tmp_path / "parent", tokens, copying())
    with pytest.raises(SettingsError, match=r"its initial weights \(chords: True here, False there\)"):
        trained(tmp_path / "child", tokens, copying(chords=True), parent)


def test_several_threads_train_on_the_same_chords() -> None:
    examples = [cut_at_note(scale(60, 4), 0.5, chords=numbers_of(song)) for song in SONGS]
    curves = []
    for threads in (1, 2):
        settings = training(threads=threads)
        prepare(settings)
        curves.append(train(build(copying(chords=True)), training_data(examples), settings).best.valid_nats)
    assert curves[0] == pytest.approx(curves[1], rel=1e-4)
