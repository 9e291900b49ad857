"""The sections of params.yaml: corpora, data sets, experiments."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pipeline.core.settings import Section
from pipeline.corpora.sources.settings import Source
from pipeline.datasets.encoding.encode import EncodeSettings
from pipeline.datasets.families.tune_families import FamilySettings
from pipeline.datasets.filters import FilterSettings
from pipeline.datasets.quantize import QuantizeSettings
from pipeline.datasets.splits import Split
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.models.base.tasks import Task
from pipeline.training.settings import TrainingSettings
from pipeline.workflow.engine import EngineSettings


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
