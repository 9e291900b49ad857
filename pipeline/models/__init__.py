"""Models that continue a melody: one folder per kind, found by its name.

A folder ``pipeline/models/KIND`` holds ``config.py`` with the settings
(``Config``, no torch: the stage ``check`` reads it) and ``network.py`` with the
network (``Network``, which implements :class:`pipeline.models.interface.Seq2Seq`).
This file imports no torch.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import nearest
from pipeline.settings import Section, SettingsError, parse_section

if TYPE_CHECKING:
    from pipeline.models.interface import Seq2Seq


def known_kinds() -> list[str]:
    """The names of all models, sorted."""
    return sorted(config.parent.name for config in Path(__file__).parent.glob("*/config.py"))


def parse_model(value: Any, where: str) -> Section:
    """Validate an experiment's ``model`` section by the settings of its kind.

    Args:
        value: what YAML held.
        where: the dotted path in params.yaml, for the message.

    Raises:
        SettingsError: no kind, an unknown kind, or a fault in its settings.
    """
    kind = value.get("kind") if isinstance(value, Mapping) else None
    if kind not in known_kinds():
        hint = nearest(str(kind), known_kinds())
        raise SettingsError(f"params.yaml, {where}.kind: no model '{kind}'; {hint}")
    config: type[Section] = import_module(f"{__name__}.{kind}.config").Config
    return parse_section(config, value, where)


def build(config: Section) -> Seq2Seq:
    """The network of a validated ``model`` section, its weights drawn anew."""
    package = type(config).__module__.rpartition(".")[0]
    network: Seq2Seq = import_module(f"{package}.network").Network(config)
    return network
