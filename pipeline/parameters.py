"""The whole of params.yaml, checked at once.

The stages read their own sections; this module alone knows all of them, so that
a mistake is caught before DVC deletes the outputs of the stage that it would
hurt. Sections must be valid, names usable, and every reference must hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from pipeline.encoding import EncodeSettings
from pipeline.engine import EngineSettings
from pipeline.errors import nearest
from pipeline.evaluation.settings import EvaluationSettings, HarmonyEvaluationSettings
from pipeline.families import FamilySettings
from pipeline.filters import FilterSettings
from pipeline.models import config_of, known_kinds, parse_model
from pipeline.quantize import QuantizeSettings
from pipeline.readers import ReadSettings
from pipeline.settings import Section, SettingsError, parse_section
from pipeline.sources.settings import FolderSource, Source
from pipeline.splits import Split
from pipeline.splits.settings import NoSplit
from pipeline.training.settings import HarmonyTrainingSettings, TrainingSettings

TASKS = {"experiments": "continue", "finetunes": "continue", "harmonizers": "harmonize"}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
DEFAULT = "default"  # stands for every corpus that a mapping does not name


class Corpus(Section):
    """Where scores come from.

    Attributes:
        watch: the path whose change makes ``download`` run again.
    """

    watch: str
    source: Annotated[Source, Field(discriminator="kind")]
    read: ReadSettings


class Dataset(Section):
    """A recipe from corpora to token shards.

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
    """A model on a data set; the model's own settings are checked by its kind."""

    dataset: str
    model: dict[str, Any]
    training: TrainingSettings
    evaluation: EvaluationSettings


class Finetune(Experiment):
    """An experiment that begins with the weights of another.

    Attributes:
        parent: ``from`` in params.yaml, a name of ``experiments``.
    """

    parent: str = Field(alias="from")


class Harmonizer(Section):
    """A model that says voices beside given ones; its own settings are checked by its kind."""

    dataset: str
    model: dict[str, Any]
    training: HarmonyTrainingSettings
    evaluation: HarmonyEvaluationSettings


class Parameters(Section):
    """All of params.yaml."""

    engine: EngineSettings
    corpora: dict[str, Corpus]
    families: FamilySettings
    datasets: dict[str, Dataset]
    experiments: dict[str, Experiment]
    finetunes: dict[str, Finetune]
    harmonizers: dict[str, Harmonizer]


def check_parameters(content: Mapping[str, Any], root: Path = Path()) -> Parameters:
    """Validate params.yaml.

    Args:
        content: the file as YAML gives it.
        root: the project; paths of params.yaml are relative to it.

    Raises:
        SettingsError: one line for every mistake found.
    """
    params = parse_section(Parameters, dict(content), "")
    mistakes = [
        *_names(params),
        *(line for name, corpus in params.corpora.items() for line in _corpus(name, corpus, root)),
        *(line for name, dataset in params.datasets.items() for line in _dataset(name, dataset, params)),
        *(
            line
            for group in ("experiments", "finetunes", "harmonizers")
            for name, trial in getattr(params, group).items()
            for line in _experiment(f"{group}.{name}", trial, TASKS[group], params)
        ),
        *(line for name, trial in params.finetunes.items() for line in _finetune(name, trial, params)),
        *(line for name, trial in params.harmonizers.items() for line in _harmonizer(name, trial, params)),
    ]
    if mistakes:
        raise SettingsError("\n".join(f"params.yaml, {mistake}" for mistake in mistakes))
    return params


def _names(params: Parameters) -> Iterator[str]:
    """DVC takes these names apart: a letter first, then letters, digits, - and _."""
    for group in ("corpora", "datasets", "experiments", "finetunes", "harmonizers"):
        for name in getattr(params, group):
            if not NAME.fullmatch(name):
                yield f"{group}.{name}: a name begins with a letter and holds letters, digits, - and _ only"


def _corpus(name: str, corpus: Corpus, root: Path) -> Iterator[str]:
    place = f"corpora.{name}"
    if isinstance(corpus.source, FolderSource) and corpus.watch != corpus.source.path:
        yield f"{place}.watch: a folder corpus watches its folder, {corpus.source.path}; found {corpus.watch}"
    if not (root / corpus.watch).exists():
        yield f"{place}.watch: there is no {corpus.watch}"


def _dataset(name: str, dataset: Dataset, params: Parameters) -> Iterator[str]:
    place = f"datasets.{name}"
    if not dataset.corpora:
        yield f"{place}.corpora: at least one corpus is needed; {nearest('', params.corpora)}"
    for corpus in dataset.corpora:
        if corpus not in params.corpora:
            yield f"{place}.corpora: there is no corpus '{corpus}'; {nearest(corpus, params.corpora)}"
    allowed = ["data/notes"]
    if len(dataset.corpora) == 1:
        allowed.insert(0, f"data/notes/{dataset.corpora[0]}.parquet")
    if dataset.notes not in allowed:
        yield f"{place}.notes: found {dataset.notes}, allowed here: {' or '.join(allowed)}"
    for section, mapping in (("quantize.parts", dataset.quantize.parts), ("encode.key", dataset.encode.key)):
        known = [DEFAULT, *dataset.corpora]
        for corpus in mapping:
            if corpus not in known:
                yield f"{place}.{section}.{corpus}: no corpus of this data set; {nearest(corpus, known)}"
        if DEFAULT not in mapping and any(corpus not in mapping for corpus in dataset.corpora):
            yield f"{place}.{section}: '{DEFAULT}' is missing, and not every corpus is named"


def _experiment(
    place: str, experiment: Experiment | Harmonizer, task: str, params: Parameters
) -> Iterator[str]:
    if experiment.dataset not in params.datasets:
        yield (
            f"{place}.dataset: there is no data set '{experiment.dataset}'; "
            f"{nearest(experiment.dataset, params.datasets)}"
        )
    try:
        model = parse_model(experiment.model, f"{place}.model")
        if task not in model.TASKS:
            able = [kind for kind in known_kinds() if task in config_of(kind).TASKS]
            yield f"{place}.model.kind: '{experiment.model['kind']}' cannot {task}; {nearest('', able)}"
    except SettingsError as error:
        yield str(error).removeprefix("params.yaml, ")


def _finetune(name: str, finetune: Finetune, params: Parameters) -> Iterator[str]:
    """A parent that exists, the same model, and the same split: else relatives would leak."""
    place = f"finetunes.{name}"
    if name in params.experiments:
        yield f"{place}: an experiment has this name already, and both write data/runs/{name}"
    parent = params.experiments.get(finetune.parent)
    if parent is None:
        yield (
            f"{place}.from: there is no experiment '{finetune.parent}'; "
            f"{nearest(finetune.parent, params.experiments)}"
        )
        return
    ours, theirs = params.datasets.get(finetune.dataset), params.datasets.get(parent.dataset)
    if ours and theirs and not isinstance(ours.split, NoSplit) and ours.split != theirs.split:
        yield (
            f"{place}.dataset: {finetune.dataset} is split in another way than {parent.dataset}, which "
            f"'{finetune.parent}' is trained on: kind, seed and shares must be the same"
        )


def _harmonizer(name: str, harmonizer: Harmonizer, params: Parameters) -> Iterator[str]:
    """Given voices that its data set has, and one at least to say; no other entry of the name."""
    place = f"harmonizers.{name}"
    if name in params.experiments or name in params.finetunes:
        yield f"{place}: an experiment has this name already, and both write data/runs/{name}"
    dataset = params.datasets.get(harmonizer.dataset)
    if dataset is None:
        return
    voices = dataset.quantize.voices
    choices = {"evaluation": harmonizer.evaluation.given}
    if harmonizer.training.given != "any":
        choices["training"] = [harmonizer.training.given]
    for section, given in ((section, each) for section, lists in choices.items() for each in lists):
        if not set(given) <= set(range(voices)) or len(set(given)) >= voices:
            yield (
                f"{place}.{section}.given: found {given}; {harmonizer.dataset} has voices 0 to {voices - 1}, "
                "and one at least is to be said"
            )
