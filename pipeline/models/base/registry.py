"""The kinds of models: one folder per kind, found by its name.

A folder ``pipeline/models/KIND`` holds ``config.py`` with the settings
(``KindConfig``, no torch: the stage ``check`` reads it) and ``network.py`` with the
network (``KindNetwork``, which implements :class:`pipeline.models.base.interface.Seq2Seq`).
This file imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from pipeline.core.settings import Section, SettingsError, parse_section
from pipeline.errors import nearest

if TYPE_CHECKING:
    from pipeline.models.base.interface import Seq2Seq

MODELS = Path(__file__).parent.parent


class ModelConfig(Section):
    """Settings of a model, whatever its kind.

    Attributes:
        TASKS: the tasks that the model can be trained for.
    """

    TASKS: ClassVar[tuple[Literal["continue", "harmonize"], ...]]

    @model_serializer(mode="wrap")
    def _without_unused_options(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out ``chords: false``: a model without chords has the same config.json as ever."""
        values: dict[str, Any] = handler(self)
        return {name: value for name, value in values.items() if name != "chords" or value}


def known_kinds() -> list[str]:
    """The names of all models, sorted."""
    return sorted(config.parent.name for config in MODELS.glob("*/config.py"))


def parse_model(value: Any, where: str) -> ModelConfig:
    """Validate an experiment's ``model`` section by the settings of its kind.

    Args:
        value: the parsed YAML value.
        where: the dotted path in params.yaml, for the message.

    Raises:
        SettingsError: no kind, an unknown kind, or an error in its settings.
    """
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind not in known_kinds():
        hint = nearest(str(kind), known_kinds())
        raise SettingsError(f"params.yaml, {where}.kind: no model '{kind}'; {hint}")
    return parse_section(config_of(str(kind)), value, where)


def config_of(kind: str) -> type[ModelConfig]:
    """The settings of a kind that exists: class ``KindConfig`` of its ``config.py``."""
    module = import_module(f"pipeline.models.{kind}.config")
    name = "".join(word.capitalize() for word in kind.split("_"))
    config: type[ModelConfig] = getattr(module, f"{name}Config")
    return config


def build(config: Section) -> Seq2Seq:
    """The network of a validated ``model`` section, with random weights."""
    package, name = type(config).__module__.rpartition(".")[0], type(config).__name__.removesuffix("Config")
    network: Seq2Seq = getattr(import_module(f"{package}.network"), f"{name}Network")(config)
    return network
