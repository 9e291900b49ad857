"""Checks of experiments; each function yields one line per error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from pipeline.core.settings import SCRATCH, SettingsError, parse_section
from pipeline.core.text import counted
from pipeline.datasets.splits.settings import NoSplit
from pipeline.errors import nearest
from pipeline.evaluation.settings import ContinueEvaluation, HarmonizeEvaluation
from pipeline.models.base.registry import config_of, known_kinds, parse_model
from pipeline.models.base.tasks import Continue, Harmonize
from pipeline.parameters.sections import Dataset, Experiment, Parameters

EVALUATIONS: Mapping[str, type[ContinueEvaluation | HarmonizeEvaluation]] = {
    "continue": ContinueEvaluation,
    "harmonize": HarmonizeEvaluation,
}
MAX_VOICES_GIVEN_ANY = 8  # every choice of given voices is listed: 2^voices
MIN_NOTES_TO_CUT = 2
MAX_STEPS_PER_QUARTER = 64  # if the grids of a data set are written as scores


def check_experiment(name: str, experiment: Experiment, params: Parameters) -> Iterator[str]:
    """A data set that exists, and sections that suit the task."""
    place, task = f"experiments.{name}", experiment.task
    dataset = params.datasets.get(experiment.dataset)
    if dataset is None:
        yield (
            f"{place}.dataset: there is no data set '{experiment.dataset}'; "
            f"{nearest(experiment.dataset, params.datasets)}"
        )
    given = {"task": [task.given]} if isinstance(task, Harmonize) and task.given != "any" else {}
    try:
        evaluation = parse_section(EVALUATIONS[task.kind], experiment.evaluation, f"{place}.evaluation")
        if isinstance(evaluation, HarmonizeEvaluation):
            given["evaluation"] = evaluation.given
    except SettingsError as error:
        yield from _without_file(error)
    if dataset is not None:
        yield from _grid_of(place, experiment, dataset)
        yield from _given(place, given, experiment.dataset, dataset.quantize.voices)
    try:
        model = parse_model(experiment.model, f"{place}.model")
        if task.kind not in model.TASKS:
            able = [kind for kind in known_kinds() if task.kind in config_of(kind).TASKS]
            yield f"{place}.model.kind: '{experiment.model['kind']}' cannot {task.kind}; {nearest('', able)}"
    except SettingsError as error:
        yield from _without_file(error)


def _grid_of(place: str, experiment: Experiment, dataset: Dataset) -> Iterator[str]:
    """A grid that can be written as a score, and not too many choices of given voices."""
    steps, voices = dataset.quantize.steps_per_quarter, dataset.quantize.voices
    if steps > MAX_STEPS_PER_QUARTER:
        yield (
            f"{place}.dataset: {experiment.dataset} has {counted(steps, 'step')} per quarter; evaluation "
            "writes "
            f"scores, which allow {MAX_STEPS_PER_QUARTER}"
        )
    if isinstance(experiment.task, Continue) and (dataset.filter.min_notes or 0) < MIN_NOTES_TO_CUT:
        yield (
            f"{place}.dataset: {experiment.dataset} has filter.min_notes {dataset.filter.min_notes}; "
            f"a piece to continue needs {MIN_NOTES_TO_CUT} notes"
        )
    any_given = isinstance(experiment.task, Harmonize) and experiment.task.given == "any"
    if any_given and voices > MAX_VOICES_GIVEN_ANY:
        yield (
            f"{place}.task.given: 'any' allows {MAX_VOICES_GIVEN_ANY} voices, "
            f"{experiment.dataset} has {voices}; list the given voices"
        )


def _given(
    place: str, choices: Mapping[str, Sequence[Sequence[int]]], dataset: str, voices: int
) -> Iterator[str]:
    """Given voices that the data set has, and at least one left to predict."""
    for section, given in ((section, each) for section, lists in choices.items() for each in lists):
        if not set(given) <= set(range(voices)) or len(set(given)) >= voices:
            yield (
                f"{place}.{section}.given: found {list(given)}; {dataset} has voices 0 to {voices - 1}, "
                "and at least one must be left to predict"
            )


def check_init_from(name: str, experiment: Experiment, params: Parameters) -> Iterator[str]:
    """Initial weights that exist, and whose data set has the same grid and the same split."""
    place, start = f"experiments.{name}.init_from", experiment.init_from
    if start == SCRATCH:
        return
    if start not in params.experiments:
        yield f"{place}: there is no experiment '{start}'; {nearest(start, [SCRATCH, *params.experiments])}"
        return
    if start == name:
        yield f"{place}: an experiment cannot start from its own weights; write {SCRATCH} or another name"
        return
    chain = _chain(name, params)
    if chain[-1] == name:
        if name == min(chain):  # one message for the whole circle
            yield f"{place}: {' -> '.join(chain)} is a circle; one of them needs init_from: {SCRATCH}"
        return
    ours = params.datasets.get(experiment.dataset)
    theirs = params.datasets.get(params.experiments[start].dataset)
    if ours is None or theirs is None:
        return
    other = f"{params.experiments[start].dataset}, the data set of '{start}'"
    if ours.quantize.resolution != theirs.quantize.resolution:
        yield (
            f"{place}: {experiment.dataset} has {_grid(ours)}, but {other}, has {_grid(theirs)}; "
            "weights are useful on the same grid only"
        )
    if not isinstance(ours.split, NoSplit) and not ours.split.holds_after(theirs.split):
        yield (
            f"{place}: {experiment.dataset} has another split than {other}, "
            "so relatives of held-out pieces may be trained on: make kind, seed, shares and embargo "
            "the same"
        )


def _chain(name: str, params: Parameters) -> list[str]:
    """The experiments that init_from leads through, up to one seen before or without initial weights."""
    chain = [name]
    while chain[-1] in params.experiments and (start := params.experiments[chain[-1]].init_from) != SCRATCH:
        if start in chain[1:]:  # a circle that another experiment reports
            break
        chain.append(start)
        if start == name:
            break
    return chain


def _grid(dataset: Dataset) -> str:
    steps, voices = dataset.quantize.resolution
    return f"{counted(steps, 'step')} per quarter and {counted(voices, 'voice')}"


def _without_file(error: SettingsError) -> list[str]:
    return [line.removeprefix("params.yaml, ") for line in str(error).splitlines()]
