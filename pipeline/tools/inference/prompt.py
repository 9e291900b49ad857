"""Prompts: any score, or a line of tinyNotation, as a row of a data set."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core.settings import PARAMS_FILE, load_yaml, lookup
from pipeline.core.vocabulary import STOP
from pipeline.errors import PipelineError, nearest
from pipeline.models.base.bars import Bars
from pipeline.models.base.examples import ContinueExample, note_onsets
from pipeline.tools.inspection.encode_file import (
    INLINE_FORMATS,
    EncodedFile,
    FileError,
    encode_file,
    inline_suffix,
)

COMMANDS = {"continue": "generate", "harmonize": "harmonize"}  # by task
MAX_TOKENS = 16_384  # the memory of attention grows with the square of the length


class PromptError(PipelineError):
    """A prompt that a model cannot continue, or an experiment that does not exist."""


def dataset_of(experiment: str, task: str, root: Path = Path()) -> str:
    """The data set that an experiment was trained on.

    Args:
        experiment: its name in params.yaml.
        task: the required kind of task: ``continue`` or ``harmonize``.

    Raises:
        PromptError: no such experiment, or one of another task.
    """
    known = lookup(load_yaml(root / PARAMS_FILE), "experiments")
    able = names_of_task(known, task)
    if experiment not in known:
        raise PromptError(f"there is no experiment '{experiment}'; {nearest(experiment, able)}")
    if experiment not in able:
        found = known[experiment]["task"]["kind"]
        raise PromptError(f"the task of experiment '{experiment}' is {found}; use `{COMMANDS[found]}`")
    return str(known[experiment]["dataset"])


def names_of_task(experiments: Mapping[str, Any], task: str) -> list[str]:
    """The experiments of one kind of task, in the order of params.yaml."""
    return [name for name, entry in experiments.items() if lookup(entry, "task", "kind") == task]


def read_prompt(
    prompt: str,
    dataset: str,
    piece: str | None = None,
    root: Path = Path(),
    voices: Sequence[int] | None = None,
) -> dict[str, Any]:
    """The prompt as a row of ``schemas.TOKENS``.

    Args:
        voices: the voices of the data set that the prompt contains; None: all of them.

    Raises:
        PromptError: no piece can be read, or several can and none is named.
    """
    suffix = inline_suffix(prompt)
    if suffix is None:
        if not Path(prompt).is_file():
            what = "is a folder" if prompt and Path(prompt).is_dir() else "no such file"
            raise FileError(
                f"'{prompt}': cannot be opened: {what}; expected a score file, or a text that begins with "
                f"{INLINE_FORMATS}"
            )
        encoded = encode_file(Path(prompt), dataset, root=root, as_prompt=True, voices=voices)
        return _only_piece(encoded, prompt, piece)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"prompt{suffix}"
        file.write_text(prompt, encoding="utf-8", errors="replace")  # not always UTF-8
        encoded = encode_file(file, dataset, root=root, as_prompt=True, voices=voices)
        return _only_piece(encoded, "the prompt", piece)


def source_of(row: Mapping[str, Any]) -> ContinueExample:
    """A whole row as the source of an example with an empty target.

    Raises:
        PromptError: its top voice contains no note.
    """
    tokens = np.asarray(row["tokens"], np.uint16)
    if not len(note_onsets(tokens, row["voices"])):
        raise PromptError(f"{row['piece_id']}: a prompt needs a note in its top voice")
    return ContinueExample(tokens[1:-1], np.array([STOP], np.uint16), row["voices"], bars_of(row))


def bars_of(row: Mapping[str, Any]) -> Bars | None:
    """Positions in the bar of the steps of a row of ``schemas.TOKENS``; None if unknown."""
    if row["steps_per_bar"] and row["step_in_bar"]:
        return Bars(row["steps_per_bar"], np.array(row["step_in_bar"], np.int16), row["meter"])
    return None


def _only_piece(encoded: EncodedFile, name: str, piece: str | None) -> dict[str, Any]:
    rows: dict[str, dict[str, Any]] = {row["piece_id"]: row for row in encoded.rows.to_pylist()}
    longest = max((len(row["tokens"]) for row in rows.values()), default=0)
    if longest > MAX_TOKENS and (piece is not None or len(rows) == 1):
        raise PromptError(f"{name}: {longest:,} tokens; a prompt has at most {MAX_TOKENS:,}")
    if piece is not None:
        chosen = [row for key, row in rows.items() if piece in (key, key.rpartition("#")[2], row["title"])]
        if len(chosen) > 1:
            raise PromptError(f"{name}: '{piece}' names {len(chosen)} pieces; give a number instead")
        if not chosen:
            known = [*rows, *(row["title"] for row in rows.values() if row["title"])]
            raise PromptError(f"{name} contains no piece '{piece}'; {nearest(piece, known)}")
        return chosen[0]
    if not rows:
        reasons = "; ".join(f"{r.rule} ({r.detail})" if r.detail else r.rule for r in encoded.rejections)
        raise PromptError(f"{name}: nothing in it can be read as a prompt: {reasons}")
    if len(rows) > 1:
        raise PromptError(f"{name} contains {len(rows)} pieces: choose one by --piece, {_some(list(rows))}")
    return next(iter(rows.values()))


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
