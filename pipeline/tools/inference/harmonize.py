"""Harmonize a score with a trained model: predict the missing voices, in the key of the score.

The given voices are read, quantized and transposed with the settings of the harmonizer's data set.
If one voice is given and the score has no part of its name, the top part is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.core import vocabulary
from pipeline.core.settings import MAX_SEED, PARAMS_FILE, load_yaml, lookup
from pipeline.core.vocabulary import START, STOP
from pipeline.decoding.harmonization import harmonize
from pipeline.decoding.harmony_search import search_harmonies
from pipeline.decoding.revision import revise
from pipeline.decoding.sampling import GREEDY, Sampling
from pipeline.decoding.voice_leading.guidance import Guidance
from pipeline.decoding.voice_leading.keys import key_of
from pipeline.decoding.voice_leading.rules import Level
from pipeline.errors import nearest
from pipeline.formats.writers.layout import layout_of, transposed
from pipeline.models.base.chord_numbers import numbers_of
from pipeline.models.base.devices import choose_device
from pipeline.models.base.examples import HarmonizeExample, give_voices
from pipeline.models.base.interface import Seq2Seq
from pipeline.models.base.pretrained import load_run
from pipeline.tools.inference.generate import MAX_BEAM, MAX_COUNT, RUNS, Generated
from pipeline.tools.inference.prompt import PromptError, bars_of, dataset_of, names_of_task, read_prompt
from pipeline.tools.inference.threads import one_thread

MAX_PASSES = 100
HARMONY_BEAM = 4  # width of the beam search


def harmonize_score(
    score: str,
    given: Sequence[int] = (0,),
    experiment: str | None = None,
    sampling: Sampling | None = None,
    seed: int = 1,
    count: int = 1,
    piece: str | None = None,
    root: Path = Path(),
    voice_leading: Level = "default",
    beam: int = HARMONY_BEAM,
    passes: int = 0,
) -> list[Generated]:
    """Predict the missing voices of a score.

    Args:
        score: its path, or ``tinyNotation: 4/4 c4 d e f g2 g``.
        given: the voices that the score contains, 0 = top.
        experiment: its name in params.yaml, its task ``harmonize``, trained; None if there is only one.
        sampling: how tokens are chosen; None: by beam search.
        seed: random seed of sampling.
        count: number of harmonizations.
        piece: which piece of a file of many.
        root: the folder of the project.
        voice_leading: level of the voice-leading costs.
        beam: width of the beam search; 1: greedy decoding.
        passes: how often each voice is then decoded again, given all others.

    Raises:
        PromptError: no such experiment or piece, a beam below 1, a score that cannot be read, or voices
            that its data set does not have.
        CheckpointError: the experiment has not been trained, or its files are damaged.
    """
    for label, value, low, high in (
        ("count", count, 1, MAX_COUNT),
        ("seed", seed, 0, MAX_SEED),
        ("beam", beam, 1, MAX_BEAM),
        ("passes", passes, 0, MAX_PASSES),
    ):
        if not low <= value <= high:
            raise PromptError(f"{label} {value}: allowed are {low} to {high:,}")
    params = load_yaml(root / PARAMS_FILE)
    name = experiment or _only_harmonizer(params)
    dataset = dataset_of(name, "harmonize", root)
    voices = max(len(parts) for parts in lookup(params, "datasets", dataset, "quantize", "parts").values())
    chosen = given_voices(given, voices, dataset)
    row = read_prompt(score, dataset, piece, root, chosen)
    model, _ = load_run(root / RUNS / name)
    model = model.to(choose_device("auto"))
    return harmonize_row(
        model, row, chosen, voices, sampling or GREEDY, seed, count, voice_leading, beam, passes
    )


def given_voices(given: Sequence[int], voices: int, dataset: str) -> list[int]:
    """The given voices in order.

    Raises:
        PromptError: none is given, none remains to predict, or the data set has no such voice.
    """
    chosen = sorted(set(given))
    if voices == 1:
        raise PromptError(
            f"{dataset} has a single voice; to harmonize, train an experiment on a data set of several voices"
        )
    if not chosen or not set(chosen) < set(range(voices)):
        raise PromptError(
            f"given voices {list(given)}: {dataset} has voices 0 to {voices - 1}; at least one must be "
            "given, and at least one predicted"
        )
    return chosen


@one_thread()
def harmonize_row(
    model: Seq2Seq,
    row: Mapping[str, Any],
    given: Sequence[int],
    voices: int,
    sampling: Sampling,
    seed: int = 1,
    count: int = 1,
    voice_leading: Level = "default",
    beam: int = HARMONY_BEAM,
    passes: int = 0,
) -> list[Generated]:
    """Predict the missing voices of a row of ``schemas.TOKENS`` that contains the given voices.

    Args:
        sampling: at temperature 0 a beam search is used instead.
        voice_leading, beam, passes: see :func:`harmonize_score`.

    Raises:
        PromptError: the model is conditioned on chords and the row has none.
    """
    example = with_placeholders(row, given, voices)
    if model.uses_chords and example.chords is None:
        raise PromptError(
            f"{row['piece_id']}: has no chord symbols, and the model is conditioned on chords "
            "(model.chords: true)"
        )
    guidance = Guidance.at(voice_leading, [key_of(row)] * count)
    if sampling == GREEDY:
        harmonies = search_harmonies(model, [example], beam, guidance=guidance) * count
    else:
        harmonies = harmonize(model, [example] * count, sampling, seed, guidance=guidance)
    harmonies = revise(model, [example] * count, harmonies, passes, sampling, seed, guidance)
    return [_written(row, tokens, voices) for tokens in harmonies]


def with_placeholders(row: Mapping[str, Any], given: Sequence[int], voices: int) -> HarmonizeExample:
    """The given voices of a row as an example of all voices; the other voices are placeholders.

    Args:
        row: of ``schemas.TOKENS``, its voices those that are given.
    """
    cells = np.zeros((row["n_steps"], voices), np.uint16)
    cells[:, list(given)] = np.asarray(row["tokens"], np.uint16)[1:-1].reshape(-1, len(given))
    phrase_end = np.array(row["phrase_end"], bool) if row["phrase_end"] else None
    chords = numbers_of(row["chord"]) if row.get("chord") else None
    return give_voices(
        [START, *cells.ravel().tolist(), STOP], given, voices, bars_of(row), phrase_end, chords
    )


def _only_harmonizer(params: Mapping[str, Any]) -> str:
    names = names_of_task(lookup(params, "experiments"), "harmonize")
    if len(names) != 1:
        raise PromptError(f"name an experiment whose task is harmonize; {nearest('', names)}")
    return names[0]


def _written(row: Mapping[str, Any], tokens: np.ndarray[Any, np.dtype[np.uint16]], voices: int) -> Generated:
    grid = vocabulary.decode([START, *tokens.tolist()], voices)
    return Generated(transposed(grid, -(row["transposition"] or 0)), layout_of(row, mark=None), True)
