from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.core.tables import TableError
from pipeline.core.vocabulary import IGNORE_INDEX, PAD_ID, START, STOP
from pipeline.models.base.batches import BatchError, by_length, collate, fingerprint, plan, read_rows
from pipeline.models.base.examples import cut_at_note, give_voices
from pipeline.models.base.tasks import cut_rows
from tests.helpers.melodies import ENTCHEN, scale, scales, write_shard

ENTCHEN_PLACES = [*[0, 1, 2, 3] * 8, 0, 1]


def test_a_batch_is_padded_at_the_end_and_decoder_inputs_begin_with_start() -> None:
    batch = collate([cut_at_note(scale(60, 4), 0.5), cut_at_note(scale(70, 2), 0.5)])
    assert batch.source.tolist() == [[60, 61], [70, PAD_ID]]
    assert batch.inputs.tolist() == [[START, 62, 63], [START, 71, PAD_ID]]
    assert batch.target.tolist() == [[62, 63, 257], [71, 257, IGNORE_INDEX]]
    assert batch.previous.tolist()[0] == [61, 62, 63]
    assert batch.source_lengths.tolist() == [2, 1]


def test_stop_is_allowed_at_step_borders_only() -> None:
    two_voices = [START, 64, 60, 65, 188, 67, 188, 257]
    batch = collate([cut_at_note(two_voices, 0.5, voices=2)])
    assert batch.previous.tolist() == [[64, 60, 65, 188, 67]]
    assert batch.stop_allowed.tolist() == [[True, False, True, False, True]]


def test_every_example_is_in_one_batch_of_bounded_size() -> None:
    examples = scales()
    batches = plan(examples, 30, seed=1, epoch=1)
    assert sorted(np.concatenate(batches).tolist()) == list(range(8))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(len(examples[i].target) for i in batch) <= 30


def test_the_plan_depends_on_seed_and_epoch_alone() -> None:
    def planned(seed: int, epoch: int) -> list[list[int]]:
        return [batch.tolist() for batch in plan(scales(), 30, seed, epoch)]

    assert planned(1, 1) == planned(1, 1)
    assert planned(1, 1) != planned(1, 2)
    assert planned(1, 1) != planned(2, 1)


def test_batches_hold_neighbours_in_length() -> None:
    lengths = [[len(scales()[i].target) for i in batch] for batch in by_length(scales(), 30)]
    assert [max(batch) for batch in lengths] == sorted(max(batch) for batch in lengths)
    assert max(lengths[0]) <= min(lengths[-1])


def test_examples_come_from_the_shards_in_order(tmp_path: Path) -> None:
    write_shard(tmp_path / "train" / "00001.parquet", [scale(60, 4)])
    write_shard(tmp_path / "train" / "00000.parquet", [ENTCHEN])
    sources = [example.source.tolist() for example in cut_rows(read_rows(tmp_path, "train"), 0.5)]
    assert sources == [ENTCHEN[1:17], [60, 61]]


def test_an_empty_split_has_no_examples(tmp_path: Path) -> None:
    (tmp_path / "valid").mkdir()
    write_shard(tmp_path / "test" / "00000.parquet", [])
    assert cut_rows(read_rows(tmp_path, "valid"), 0.5) == []
    assert cut_rows(read_rows(tmp_path, "test"), 0.5) == []


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    write_shard(tmp_path / "train" / "00000.parquet", [ENTCHEN], vocabulary_sha256="f00d")
    with pytest.raises(TableError, match="another vocabulary"):
        read_rows(tmp_path, "train")


def test_a_missing_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="nowhere: no such data set"):
        read_rows(tmp_path / "nowhere", "train")


def test_the_fingerprint_changes_with_the_notes(tmp_path: Path) -> None:
    write_shard(tmp_path / "train" / "00000.parquet", [ENTCHEN])
    before = fingerprint(tmp_path)
    write_shard(tmp_path / "train" / "00000.parquet", [ENTCHEN])
    assert fingerprint(tmp_path) == before
    write_shard(tmp_path / "train" / "00000.parquet", [scale(60, 4)])
    assert fingerprint(tmp_path) != before


def test_a_batch_moves_to_a_device_with_all_tensors() -> None:
    batch = collate(scales()).to(torch.device("cpu"))
    assert batch.target.device.type == "cpu"


def test_bars_come_from_the_shards(tmp_path: Path) -> None:
    write_shard(tmp_path / "train" / "00000.parquet", [ENTCHEN, scale(60, 4)], [(4, ENTCHEN_PLACES), None])
    batch = collate(cut_rows(read_rows(tmp_path, "train"), 0.5))
    assert batch.steps_per_bar.tolist() == [4, 0]
    assert batch.step_in_bar.tolist() == [[*ENTCHEN_PLACES, 2], [-1] * 35]


def test_a_batch_with_different_numbers_of_voices_is_refused() -> None:
    duet = cut_at_note([START, 64, 60, 65, 188, 257], 0.5, voices=2)
    with pytest.raises(BatchError, match="same number of voices"):
        collate([duet, cut_at_note(ENTCHEN, 0.5)])


def test_only_voices_that_are_not_given_are_predicted() -> None:
    tokens = [START, 72, 48, 200, 50, STOP]
    ends = np.array([False, True])
    batch = collate(
        [give_voices(tokens, [0], 2, phrase_end=ends), give_voices([START, 60, 40, STOP], [1], 2)]
    )
    assert batch.aligned
    assert batch.source.tolist() == [[72, START, 200, START], [START, 40, PAD_ID, PAD_ID]]
    predicted = batch.target != IGNORE_INDEX
    assert predicted.tolist() == [[False, True, False, True, False], [True, False, False, False, False]]
    assert batch.inputs[0].tolist() == [START, 72, 48, 200, 50]
    assert batch.previous[0].tolist() == [START, START, 72, 48, 200]
    assert batch.stop_allowed[0].tolist() == [False] * 4 + [True]
    assert batch.phrase_end.tolist() == [[False, True], [False, False]]


def test_a_batch_is_to_continue_or_to_harmonize() -> None:
    tokens = [START, 72, 48, 74, 50, STOP]
    with pytest.raises(BatchError, match="not both"):
        collate([cut_at_note(tokens, 0.5, 2), give_voices(tokens, [0], 2)])
