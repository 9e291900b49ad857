import numpy as np
import pyarrow as pa

from pipeline.datasets.encoding.chords import transpose_chords


def moved(lists, semitones):
    column = pa.chunked_array([pa.array(lists, pa.list_(pa.string()))])
    return transpose_chords(column, np.array(semitones)).to_pylist()


def test_chords_are_transposed_with_their_piece():
    lists = [["G:maj", "G:maj", "D:7/3"], ["A:min7", None, "N", "X"], None, []]
    assert moved(lists, [5, -2, 3, 1]) == [["C:maj", "C:maj", "G:7/3"], ["G:min7", None, "N", "X"], None, []]


def test_an_octave_changes_nothing():
    assert moved([["Gb:maj"], ["F#:maj"]], [12, -12]) == [["Gb:maj"], ["F#:maj"]]


def test_rows_without_chords_stay_null():
    assert moved([None, None], [1, 2]) == [None, None]
