"""Validation of the whole of params.yaml.

The stages read their own sections; only this module reads all of them, so that
a mistake is caught before DVC deletes the outputs of the stage that it
affects. Sections, names and references between entries must be valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.core.settings import SCRATCH, Section, SettingsError, parse_section
from pipeline.corpora.sources.settings import FolderSource, IndexSource, Source
from pipeline.datasets.encoding.encode import ELSE, EncodeSettings
from pipeline.datasets.families.tune_families import FamilySettings
from pipeline.datasets.filters import FilterSettings
from pipeline.datasets.quantize import QuantizeSettings
from pipeline.datasets.splits import Split
from pipeline.datasets.splits.settings import NoSplit
from pipeline.errors import nearest
from pipeline.evaluation.settings import ContinueEvaluation, HarmonizeEvaluation
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.models.base.registry import config_of, known_kinds, parse_model
from pipeline.models.base.tasks import Continue, Harmonize, Task
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.engine import EngineSettings

EVALUATIONS: Mapping[str, type[ContinueEvaluation | HarmonizeEvaluation]] = {
    "continue": ContinueEvaluation,
    "harmonize": HarmonizeEvaluation,
}
RENAMED_GROUPS = {
    "finetunes": "move its entries to `experiments`; write init_from: NAME in place of from: NAME",
    "harmonizers": (
        "move its entries to `experiments`; write task: {kind: harmonize, given: any} in place of "
        "training.given, and init_from: scratch"
    ),
}
RENAMED_KEYS = {  # group, section, key: what to write instead
    ("corpora", "read", "limits"): "limits is a section of its own, next to read",
    ("experiments", "training", "cut"): "write it in the section task, as cut",
    ("experiments", "training", "least_cut"): "write it in the section task, as min_cut",
    ("experiments", "training", "most_cut"): "write it in the section task, as max_cut",
    ("experiments", "training", "given"): "write it in the section task, as given",
    ("experiments", "training", "average_decay"): "write ema_decay",
    ("experiments", "evaluation", "samples"): "write scores",
    ("experiments", "evaluation", "continuations"): (
        "write continued_pieces for its pieces and continuation_samples for its samples"
    ),
}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
MAX_NAME_LENGTH = 64  # names are parts of file names
MAX_VOICES = 64
MAX_VOICES_GIVEN_ANY = 8  # every choice of given voices is listed: 2^voices
MIN_NOTES_TO_CUT = 2
MAX_STEPS_PER_QUARTER = 64  # if the grids of a data set are written as scores
DEFAULT = "default"  # means every corpus that a mapping does not list
RESERVED = (DEFAULT, ELSE)  # in mappings by corpus they have another meaning


class Corpus(Section):
    """A source of scores.

    Attributes:
        watch: path of a dependency: DVC reruns ``download`` when it changes.
    """

    watch: str
    source: Annotated[Source, Field(discriminator="kind")]
    read: ReadSettings
    limits: ReadLimits


class Dataset(Section):
    """How corpora become token shards.

    Attributes:
        notes: what ``quantize`` depends on: the folder data/notes, or one file of it.
    """

    notes: str
    corpora: list[str]
    quantize: QuantizeSettings
    filter: FilterSettings
    split: Split
    encode: EncodeSettings


class Experiment(Section):
    """A model with its task, data set, training and evaluation.

    The sections ``model`` and ``evaluation`` depend on the kinds of model and task.

    Attributes:
        task: what the model is trained to do.
        init_from: ``scratch``, or the experiment whose weights training starts from;
            both data sets must share grid and split.
        model: ``kind`` names a folder of pipeline/models.
    """

    dataset: str
    task: Task
    init_from: str
    model: dict[str, Any]
    training: TrainingSettings
    evaluation: dict[str, Any]


class Parameters(Section):
    """All of params.yaml.

    Attributes:
        defaults: values that entries merge into their sections by ``<<:``; no stage reads them.
    """

    engine: EngineSettings
    defaults: dict[str, dict[str, Any]]
    corpora: dict[str, Corpus]
    families: FamilySettings
    datasets: dict[str, Dataset]
    experiments: dict[str, Experiment]


def check_parameters(content: Mapping[str, Any], root: Path = Path()) -> Parameters:
    """Validate params.yaml.

    Args:
        content: the file as YAML gives it.
        root: the project; paths of params.yaml are relative to it.

    Raises:
        SettingsError: one line for every mistake found.
    """
    renamed = list(_renamed(content))
    if renamed:
        raise SettingsError("\n".join(f"params.yaml, {mistake}" for mistake in renamed))
    params = parse_section(Parameters, {"defaults": {}, **content}, "")
    mistakes = [
        *_names(params),
        *(line for name, corpus in params.corpora.items() for line in _corpus(name, corpus, root)),
        *(line for name, dataset in params.datasets.items() for line in _dataset(name, dataset, params)),
        *(line for name, trial in params.experiments.items() for line in _experiment(name, trial, params)),
        *(line for name, trial in params.experiments.items() for line in _init_from(name, trial, params)),
    ]
    if mistakes:
        raise SettingsError("\n".join(f"params.yaml, {mistake}" for mistake in mistakes))
    return params


def _renamed(content: Mapping[str, Any]) -> Iterator[str]:
    """One line for each key that was renamed after version 0.1, with its new name."""
    yield from (f"{group}: {hint}" for group, hint in RENAMED_GROUPS.items() if group in content)
    for (group, section, key), hint in RENAMED_KEYS.items():
        entries = _mapping(content.get(group)).items()
        names = [name for name, entry in entries if key in _mapping(_mapping(entry).get(section))]
        if names:
            more = f" (and in {len(names) - 1} more)" if len(names) > 1 else ""
            yield f"{group}.{names[0]}.{section}.{key}{more}: {hint}"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _names(params: Parameters) -> Iterator[str]:
    """Names must be safe for DVC: a letter first, then letters, digits, - and _."""
    for group in ("corpora", "datasets", "experiments"):
        for name in getattr(params, group):
            if not NAME.fullmatch(name):
                yield f"{group}.{name}: names begin with a letter and contain letters, digits, - and _ only"
            elif len(name) > MAX_NAME_LENGTH:
                yield f"{group}.{name}: {len(name)} letters; a name has at most {MAX_NAME_LENGTH}"
    for name in RESERVED:
        if name in params.corpora:
            yield f"corpora.{name}: this name has a meaning in quantize.parts and encode.key; choose another"
    if SCRATCH in params.experiments:
        yield f"experiments.{SCRATCH}: this name means random weights in init_from; choose another"


def _corpus(name: str, corpus: Corpus, root: Path) -> Iterator[str]:
    place = f"corpora.{name}"
    if isinstance(corpus.source, FolderSource) and corpus.watch != corpus.source.path:
        yield f"{place}.watch: a folder corpus watches its folder, {corpus.source.path}; found {corpus.watch}"
    if isinstance(corpus.source, IndexSource) and corpus.watch != corpus.source.index:
        yield f"{place}.watch: found {corpus.watch}; a corpus with an index watches it, {corpus.source.index}"
    if not _exists(root / corpus.watch):
        yield f"{place}.watch: there is no {corpus.watch}"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or contains a null character
        return False


def _dataset(name: str, dataset: Dataset, params: Parameters) -> Iterator[str]:
    place = f"datasets.{name}"
    if not dataset.corpora:
        yield f"{place}.corpora: at least one corpus is needed; {nearest('', params.corpora)}"
    for corpus in dataset.corpora:
        if corpus not in params.corpora:
            yield f"{place}.corpora: there is no corpus '{corpus}'; {nearest(corpus, params.corpora)}"
    if dataset.quantize.voices > MAX_VOICES:
        yield f"{place}.quantize.parts: {dataset.quantize.voices} voices; allowed are {MAX_VOICES}"
    allowed = ["data/notes"]
    if len(dataset.corpora) == 1:
        allowed.insert(0, f"data/notes/{dataset.corpora[0]}.parquet")
    if dataset.notes not in allowed:
        yield f"{place}.notes: found {dataset.notes}, allowed here: {' or '.join(allowed)}"
    for section, mapping in (("quantize.parts", dataset.quantize.parts), ("encode.key", dataset.encode.key)):
        known = [DEFAULT, *dataset.corpora, *([ELSE] if section == "encode.key" else [])]
        for corpus in mapping:
            if corpus not in known:
                yield f"{place}.{section}.{corpus}: no corpus of this data set; {nearest(corpus, known)}"
        if DEFAULT not in mapping and any(corpus not in mapping for corpus in dataset.corpora):
            yield f"{place}.{section}: '{DEFAULT}' is missing, and not every corpus is named"


def _experiment(name: str, experiment: Experiment, params: Parameters) -> Iterator[str]:
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
            f"{place}.dataset: {experiment.dataset} has {steps} steps per quarter; evaluation writes scores, "
            f"which allow {MAX_STEPS_PER_QUARTER}"
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


def _init_from(name: str, experiment: Experiment, params: Parameters) -> Iterator[str]:
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
    return f"{steps} step{'s' * (steps != 1)} per quarter and {voices} voice{'s' * (voices != 1)}"


def _without_file(error: SettingsError) -> list[str]:
    return [line.removeprefix("params.yaml, ") for line in str(error).splitlines()]
