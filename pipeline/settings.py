"""Reading params.yaml.

Each section is a strict pydantic model that lives beside the code that reads
it and derives from :class:`Section`; this file knows none of them. YAML is read
by version 1.2 (as DVC does: ``1e-3`` is a number), and a key that no model
names is an error with the nearest known name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import PipelineError, nearest

PARAMS_FILE = Path("params.yaml")


class SettingsError(PipelineError):
    """params.yaml holds something else than what is allowed."""


class Section(BaseModel):
    """Base of every section: frozen, strict, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


AnySection = TypeVar("AnySection", bound=Section)


def load_yaml(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        SettingsError: the file is missing, is no YAML, or is no mapping.
    """
    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; run from the root of the project") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: not readable as YAML: {error}") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: a mapping of sections is expected, found {type(content).__name__}")
    return content


def lookup(params: Mapping[str, Any], *names: str) -> Any:
    """The value at a path of keys, for example ``("datasets", "melodies", "split")``.

    Raises:
        SettingsError: a key is missing; the message names the nearest one.
    """
    value: Any = params
    for depth, name in enumerate(names):
        if not isinstance(value, Mapping) or name not in value:
            where = ".".join(names[:depth]) or "params.yaml"
            known = value.keys() if isinstance(value, Mapping) else ()
            raise SettingsError(f"{where}: there is no '{name}'; {nearest(name, map(str, known))}")
        value = value[name]
    return value


def parse_section(model: type[AnySection], value: Any, where: str) -> AnySection:
    """Validate one section.

    Args:
        model: the section's model.
        value: what YAML held.
        where: the dotted path in params.yaml, for the message.

    Raises:
        SettingsError: one line for every fault found.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        lines = [_describe(model, fault, where) for fault in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None


def read_section(model: type[AnySection], *names: str, path: Path = PARAMS_FILE) -> AnySection:
    """``lookup`` and ``parse_section`` in one: how a stage gets its parameters."""
    return parse_section(model, lookup(load_yaml(path), *names), ".".join(names))


def _describe(model: type[BaseModel], fault: Any, where: str) -> str:
    place = ".".join([where, *(str(part) for part in fault["loc"])])
    if fault["type"] == "extra_forbidden":
        known = _fields_at(model, fault["loc"][:-1])
        return f"params.yaml, {place}: unknown parameter; {nearest(str(fault['loc'][-1]), known)}"
    if fault["type"] == "missing":
        return f"params.yaml, {place}: this parameter is missing"
    return f"params.yaml, {place}: {fault['msg']}, found {fault['input']!r}"


def _fields_at(model: type[BaseModel], location: tuple[str | int, ...]) -> list[str]:
    """Field names of the section that a location inside ``model`` points to."""
    for name in location:
        annotation = model.model_fields[str(name)].annotation if str(name) in model.model_fields else None
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            model = annotation
    return list(model.model_fields)
