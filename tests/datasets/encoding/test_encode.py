import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.core import vocabulary
from pipeline.core.accounting import Count, balance
from pipeline.core.music import Grid
from pipeline.core.schemas import SPLITS, TOKENS
from pipeline.core.settings import SettingsError, parse_section
from pipeline.core.tables import content_digest, write_table
from pipeline.datasets.encoding.data_card import make_card, prose
from pipeline.datasets.encoding.dataset import write_shards
from pipeline.datasets.encoding.encode import (
    PROJECT_VERSION,
    Encoded,
    EncodeSettings,
    encode_portions,
    encode_rows,
)
from pipeline.datasets.encoding.round_trip import RoundTripError, check_round_trip
from pipeline.datasets.encoding.shards import Shard, ShardCutter, shard_metadata
from pipeline.datasets.families.tune_families import FamilySettings, find_families
from pipeline.datasets.quantize import QuantizeSettings, quantize
from pipeline.datasets.splits import SPLIT, split_pieces
from pipeline.workflow.engine import EngineSettings, map_batches
from tests.helpers.notes_text import notes_of, notes_table, part
from tests.helpers.paths import ROOT

PLAIN = {"key": {"default": "signature"}, "transpose": "none", "max_rows_per_shard": 100}
TO_C = {"transpose": "c_major_a_minor"}


def made_of(
    *rows: dict[str, Any], voices: tuple[str, ...] = ("top",), steps: int = 1, **changes: Any
) -> Encoded:
    notes = notes_table(*rows)
    choice = QuantizeSettings(
        parts={"default": list(voices)},
        steps_per_quarter=steps,
        chords="top",
        rests="symbol",
        edge_silence="trim",
    )
    grids = quantize(notes, choice).grids
    families = find_families(notes, FamilySettings(family_run=16, soft={}))
    families = families.replace_schema_metadata({"family_run": "16"})
    splits = split_pieces(
        grids["piece_id"].to_pylist(), families, parse_section(SPLIT, {"kind": "none"}, "split")
    ).rows
    return encode_rows(grids, splits, parse_section(EncodeSettings, {**PLAIN, **changes}, "encode"))


def tokens(text: str, **changes: Any) -> list[int]:
    (row,) = made_of(part("a/1", text, **changes.pop("columns", {})), **changes).rows.to_pylist()
    found: list[int] = row["tokens"]
    return found


def test_entchen() -> None:
    tune = (
        "60:1 62:1 64:1 65:1 67:2 67:2 69:1 69:1 69:1 69:1 67:2 69:1 69:1 69:1 69:1 67:2 65:1 65:1 65:1 65:1"
    )
    tune += " 64:2 64:2 62:1 62:1 62:1 62:1 60:2"
    source = [256, 60, 62, 64, 65, 67, 195, 67, 195, 69, 69, 69, 69, 67, 195, 69, 69]
    target = [69, 69, 67, 195, 65, 65, 65, 65, 64, 192, 64, 192, 62, 62, 62, 62, 60, 188, 257]
    assert tokens(tune) == source + target


def test_silence_is_never_transposed() -> None:
    found = tokens("67:1 r:2 71:1", columns={"key_fifths": 1, "key_mode": "major"}, **TO_C)
    assert found == [256, 72, 0, 128, 76, 257]


def test_the_transposition_is_recorded_in_the_row() -> None:
    (row,) = made_of(part("a/1", "62:1", key_fifths=2, key_mode="major"), **TO_C).rows.to_pylist()
    assert (row["transposition"], row["tonic_pc"], row["mode_used"], row["key_source"]) == (
        -2,
        2,
        "major",
        "signature",
    )


@pytest.mark.parametrize(
    ("text", "fifths", "expected"),
    [("125:1 120:1", 1, [118, 113]), ("4:1 20:1", -1, [11, 27])],
)
def test_a_note_that_would_leave_the_range_moves_the_piece_by_an_octave(
    text: str, fifths: int, expected: list[int]
) -> None:
    found = tokens(text, columns={"key_fifths": fifths, "key_mode": "major"}, **TO_C)
    assert found[1:-1] == expected


def test_a_piece_that_fits_in_no_octave_is_rejected() -> None:
    made = made_of(part("a/1", "1:1 127:1", key_fifths=1, key_mode="major"), **TO_C)
    (rejection,) = made.rejections
    assert (rejection.rule, rejection.value, rejection.limit) == ("pitch_out_of_range", 132, 127)
    assert made.rows.num_rows == 0


def test_an_unknown_key_is_rejected_where_it_is_needed() -> None:
    unknown = part("a/1", "60:1", key_fifths=None, key_mode="")
    (rejection,) = made_of(unknown, **TO_C).rejections
    assert rejection.rule == "unknown_key"
    (row,) = made_of(unknown).rows.to_pylist()
    assert (row["tonic_pc"], row["transposition"]) == (None, 0)


@pytest.mark.parametrize(
    ("meters", "expected"), [(["6/8"], "6/8"), (["3/4"], "3/4"), (["2/4", "3/4"], None), ([], None)]
)
def test_a_row_has_the_time_signature_of_its_grid(meters: list[str], expected: str | None) -> None:
    signs = [meter.split("/") for meter in meters]
    columns = {
        "meters": [
            {"onset": 30240 * place, "numerator": int(numerator), "denominator": int(denominator)}
            for place, (numerator, denominator) in enumerate(signs)
        ]
    }
    (row,) = made_of(part("a/1", "60:3 62:3", **columns), steps=2).rows.to_pylist()
    assert row["meter"] == expected


def test_each_corpus_has_its_own_key_policy() -> None:
    rows = [
        part(f"{corpus}/1", "67:1 70:2 67:1", key_fifths=1, key_mode="major") for corpus in ("essen", "ryans")
    ]
    made = made_of(*rows, key={"default": "signature", "essen": "tonic"}, **TO_C)
    assert made.rows["transposition"].to_pylist() == [2, 5]


def test_voices_are_interleaved() -> None:
    duet = [part("a/1", "72:2", 0), part("a/1", "60:1 62:1", 1, "Bass")]
    (row,) = made_of(*duet, voices=("top", "Bass")).rows.to_pylist()
    assert row["tokens"] == [256, 72, 60, 200, 62, 257]


lengths = st.integers(1, 12).map(lambda n: f"{n}/12")
words = st.tuples(st.integers(20, 100).map(str) | st.just("r"), lengths).map(":".join)
tunes = st.lists(words, min_size=1, max_size=10).map(" ".join).filter(lambda text: notes_of(text)["onset"])


@settings(max_examples=50, deadline=None)
@given(st.lists(tunes, min_size=1, max_size=4), st.sampled_from([1, 2, 4, 12]), st.integers(-6, 6))
def test_every_row_decodes_to_its_grid(texts: list[str], steps: int, fifths: int) -> None:
    names = tuple(str(number) for number in range(len(texts)))
    rows = [part("a/1", text, i, str(i), key_fifths=fifths) for i, text in enumerate(texts)]
    made = made_of(*rows, voices=names, steps=steps, **TO_C)
    (row,), (grid,) = made.rows.to_pylist(), made.grids.to_pylist()
    shape = (grid["n_steps"], grid["voices"])
    pitch = np.array(grid["pitch"], np.uint8).reshape(shape)
    expected = Grid(pitch, np.array(grid["tied"]).reshape(shape))
    decoded = vocabulary.decode(row["tokens"], len(texts))
    back = np.where(decoded.pitch > 0, decoded.pitch.astype(int) - row["transposition"], 0)
    assert Grid(back.astype(np.uint8), decoded.tied) == expected
    moved = np.where(pitch > 0, pitch.astype(int) + row["transposition"], 0).astype(np.uint8)
    assert vocabulary.encode(Grid(moved, expected.tied)).tolist() == row["tokens"]


@settings(max_examples=30, deadline=None)
@given(tunes, st.integers(-10, 10))
def test_transposing_the_tune_transposes_the_tokens(text: str, semitones: int) -> None:
    moved = " ".join(
        word if word[0] == "r" else f"{int(word.split(':')[0]) + semitones}:{word.split(':')[1]}"
        for word in text.split()
    )
    plain, other = tokens(text), tokens(moved)
    added = [b - a for a, b in zip(plain, other, strict=True) if a % 128 and a < 256]
    assert set(added) == {semitones}


@pytest.mark.parametrize(
    ("place", "symbol", "fault"),
    [
        (0, 60, "START"),
        (-1, 60, "STOP"),
        (2, 61, "a note differs"),
        (2, 189, "grammar"),
        (2, 256, "marker"),
    ],
)
def test_a_wrong_token_is_found_and_named(place: int, symbol: int, fault: str) -> None:
    made = made_of(part("a/1", "62:1"), part("a/2", "60:2 62:1"))
    lists = made.rows["tokens"].to_pylist()
    lists[1][place] = symbol
    with pytest.raises(RoundTripError, match=f"a/2.*{fault}"):
        check_round_trip(
            made.grids, pa.chunked_array([pa.array(lists, pa.list_(pa.uint16()))]), np.zeros(2, np.int64)
        )


def test_the_order_of_the_rows_does_not_change_the_bytes() -> None:
    rows = [part(f"a/{i}", f"{60 + i}:1 62:1") for i in range(5)]
    assert content_digest(made_of(*rows).rows) == content_digest(made_of(*rows[::-1]).rows)


def cut_into_shards(portions: list[pa.Table], max_rows: int) -> list[Shard]:
    cutter = ShardCutter(max_rows)
    full = [shard for rows in portions for shard in cutter.add(rows)]
    return [*full, *cutter.rest()]


def test_shards_are_bounded_and_an_empty_split_has_none() -> None:
    rows = made_of(*(part(f"a/{i}", "60:1") for i in range(5))).rows
    for portions in ([rows], [rows.slice(0, 1), rows.slice(1)], [rows.slice(0, 4), rows.slice(4)]):
        cut = {name: shard["piece_id"].to_pylist() for name, shard in cut_into_shards(portions, 2)}
        assert cut == {
            "train/00000": ["a/0", "a/1"],
            "train/00001": ["a/2", "a/3"],
            "train/00002": ["a/4"],
        }


def test_no_empty_shard_follows_a_full_shard() -> None:
    rows = made_of(*(part(f"a/{i}", "60:1") for i in range(4))).rows
    names = [name for name, _ in cut_into_shards([rows], 2)]
    assert [name for name in names if name.startswith("train")] == ["train/00000", "train/00001"]


def test_encoding_in_portions_gives_the_same_rows() -> None:
    whole = made_of(*(part(f"a/{i}", f"{60 + i}:1 62:1") for i in range(5)))
    splits = whole.rows.select(SPLITS.names)
    choice = parse_section(EncodeSettings, PLAIN, "encode")
    portions = [whole.grids.slice(0, 2), whole.grids.slice(2)]
    made = list(encode_portions(portions, splits, choice))
    assert pa.concat_tables([each.rows for each in made]).equals(whole.rows)
    with pytest.raises(RoundTripError, match="name different pieces"):
        list(encode_portions(portions[:1], splits, choice))


def test_encoding_in_portions_gives_the_same_shards_and_counts(tmp_path: Path) -> None:
    whole = made_of(*(part(f"a/{i}", f"{60 + i}:1 62:1") for i in range(5)))
    splits = whole.rows.select(SPLITS.names)
    choice = parse_section(EncodeSettings, PLAIN, "encode").model_copy(update={"max_rows_per_shard": 2})
    one, several = (
        write_shards(tmp_path / name, portions, splits, choice)
        for name, portions in (("one", [whole.grids]), ("several", [whole.grids[:1], whole.grids[1:]]))
    )
    assert one.n_rows == several.n_rows == 5
    assert one.counts == several.counts == {"a": Count(5, 5, 0)}
    assert one.distributions == several.distributions
    assert dict(one.distributions["pitch"]) == {60: 1, 61: 1, 62: 6, 63: 1, 64: 1}
    names = sorted(file.relative_to(tmp_path / "one") for file in (tmp_path / "one").rglob("*.parquet"))
    assert [name.as_posix() for name in names] == [f"train/0000{number}.parquet" for number in range(3)]
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "several" / name).read_bytes()


def test_workers_encode_to_the_same_shards(tmp_path: Path) -> None:
    whole = made_of(*(part(f"a/{i}", f"{60 + i}:1 62:1") for i in range(5)))
    splits = whole.rows.select(SPLITS.names)
    choice = parse_section(EncodeSettings, PLAIN, "encode")
    workers = partial(map_batches, settings=EngineSettings(kind="processes", workers=2, address=None))
    for name, mapped in (("here", map), ("there", workers)):
        write_shards(tmp_path / name, [whole.grids[:2], whole.grids[2:]], splits, choice, mapped=mapped)
    (here,), (there,) = (sorted((tmp_path / name).rglob("*.parquet")) for name in ("here", "there"))
    assert here.read_bytes() == there.read_bytes()


def test_pandas_reads_a_data_set_without_held_out_pieces(tmp_path: Path) -> None:
    rows = made_of(part("a/1", "60:1"), part("a/2", "62:1")).rows
    choice = parse_section(EncodeSettings, PLAIN, "encode")
    for name, shard in cut_into_shards([rows], 1):
        write_table(tmp_path / f"{name}.parquet", shard, TOKENS, shard_metadata(choice))
    frame = pd.read_parquet(tmp_path)
    assert frame["piece_id"].tolist() == ["a/1", "a/2"]
    assert frame["tokens"][0].tolist() == [256, 60, 257]
    assert not (tmp_path / "test").exists()


def test_a_shard_names_its_vocabulary_and_version() -> None:
    metadata = shard_metadata(parse_section(EncodeSettings, PLAIN, "encode"))
    assert metadata["vocabulary_sha256"] == vocabulary.sha256()
    assert json.loads(metadata["parameters"]) == PLAIN
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert metadata["project_version"] == PROJECT_VERSION == project["project"]["version"]


def test_a_corpus_without_a_key_policy_is_refused() -> None:
    with pytest.raises(SettingsError, match="encode.key: nothing for corpus 'a'"):
        made_of(part("a/1", "60:1"), key={"b": "signature"})


def test_the_card_counts_what_was_written() -> None:
    rows = [
        part("a/1", "67:1 71:1", key_fifths=1),
        part("a/2", "67:1 70:1", key_fifths=1),
        part("b/1", "60:3"),
    ]
    made = made_of(*rows, key={"default": "tonic"}, **TO_C)
    counts = balance("encode", ["a/1", "a/2", "b/1"], made.rows["piece_id"].to_pylist(), made.rejections)
    audit = {
        "settings": {"kind": "none"},
        "family_run": 16,
        "claim": "Of 1 held-out piece 0 leak.",
        "warnings": ["only 1 test piece: figures on it measure nothing"],
    }
    choice = parse_section(EncodeSettings, {**PLAIN, **TO_C}, "encode")
    card = make_card("tunes", made, choice, counts, audit, {"pitch": [[60, 5]]})
    assert card["examples"]["train"] == {"examples": 3, "steps": 7, "notes": 5}
    assert card["corpora"]["a"]["kept"] == 2
    assert card["distributions"] == {"pitch": [[60, 5]]}
    assert sum(card["meters"].values()) == 3
    assert [(row["written"], row["used"]) for row in card["keys"]] == [
        ("G major", "A minor"),
        ("G major", "C major"),
        ("C major", "C major"),
    ]
    text = prose(card)
    assert "| train | 3 | 7 | 5 |" in text
    assert "| a | 2 | CC0-1.0 | us |" in text
    assert "Of 1 held-out piece 0 leak." in text
    assert "\n**Warning:** only 1 test piece: figures on it measure nothing.\n" in text


def test_a_piece_without_a_key_is_rejected_or_analysed() -> None:
    keyless = part("songs/1", "67:2 71:1 74:1 67:2", key_fifths=None, key_mode="")
    named = part("songs/2", "67:2 71:1 74:1 67:2", key_fifths=0, key_mode="major")
    rejecting = made_of(keyless, named, key={"default": "signature", "else": "reject"}, **TO_C)
    assert [broken.rule for broken in rejecting.rejections] == ["unknown_key"]
    analysing = made_of(keyless, named, key={"default": "signature", "else": "analysis"}, **TO_C)
    assert analysing.rejections == []
    assert analysing.rows["key_source"].to_pylist() == ["analysis", "signature"]
    assert analysing.rows["transposition"].to_pylist() == [5, 0]


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"default": "signature", "else": "tonic"}, "allowed are analysis, reject"),
        ({"default": "reject"}, "allowed are signature, tonic, analysis"),
    ],
)
def test_the_values_of_key_policies_are_validated(key: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_section(EncodeSettings, {**PLAIN, "key": key}, "encode")


def test_token_rows_have_the_metadata_of_the_source() -> None:
    about = {
        **{"composer": "Bach", "origin": "Sachsen", "region": "Leipzig", "year": 1724},
        **{"tune_type": "choral", "tempo_qpm": 72.5, "source_path": "a/b.krn"},
    }
    (row,) = made_of(part("songs/1", "67:2 71:1", name="Soprano", **about)).rows.to_pylist()
    assert {name: row[name] for name in about} == about
    assert row["part_names"] == ["Soprano"]
