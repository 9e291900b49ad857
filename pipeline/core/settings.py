"""Reading params.yaml.

Each section is a strict pydantic model, derived from :class:`Section` and defined in the
module that uses it; this file does not depend on them. YAML is read as version 1.2 (as
DVC does: ``1e-3`` is a number), and an unknown key is an error that suggests the nearest
known name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import YAMLError

from pipeline.core.text import message_of, safe_line
from pipeline.errors import PipelineError, nearest

PARAMS_FILE = Path("params.yaml")
MAX_SEED = 2**32 - 1  # of numpy's global generator
MAX_DEPTH = 100  # of a YAML file
MAX_VALUES = 1_000_000  # of a YAML file, aliases expanded
MAX_VALUE_SHOWN = 80  # characters of a wrong value in a message
SCRATCH = "scratch"  # init_from: random weights


class SettingsError(PipelineError):
    """params.yaml contains a value that is not allowed."""


class Section(BaseModel):
    """Base of every section: frozen, strict, no unknown keys, no number that is not finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


Value = TypeVar("Value")


def load_yaml(path: Path = PARAMS_FILE) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises:
        SettingsError: the file is missing, is not YAML, or is not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file; run from the root of the project") from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path}: not UTF-8 ({message_of(error)}); save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(f"{path}: cannot be read ({error.strerror})") from None
    return parse_yaml(text, path)


def parse_yaml(text: str, path: Path) -> dict[str, Any]:
    """Parse YAML whose top level is a mapping.

    Args:
        path: for the message.

    Raises:
        SettingsError: not YAML, not a mapping, or a key that occurs twice.
    """
    try:
        content = YAML(typ="safe").load(text)
    except DuplicateKeyError as error:
        raise SettingsError(_duplicate_key(path, error)) from None
    except (YAMLError, ValueError, TypeError, LookupError, RecursionError) as error:  # of a tag's value, too
        raise SettingsError(f"{path}{_place(error)}: not readable as YAML: {_problem(error)}") from None
    if not isinstance(content, dict):
        found = "an empty file" if content is None else type(content).__name__
        raise SettingsError(f"{path}: a mapping of sections is expected, found {found}")
    try:
        _count_values(content, (), {})
    except _NotPlainError as error:
        raise SettingsError(f"{path}{error}") from None
    return content


class _NotPlainError(Exception):
    """YAML that is neither mappings with names, lists nor scalars; its message begins with the place."""


def _count_values(value: Any, place: tuple[str, ...], counts: dict[int, int]) -> int:
    """The number of values of a tree, where aliases count as often as they are used.

    Args:
        place: the keys that lead to the value, for the message.
        counts: of the mappings and lists that were already counted; 0 while one is being counted.

    Raises:
        _NotPlainError: a key is not text, a mapping contains itself, or there are too many values.
    """
    where = f", {'.'.join(place)}" if place else ""
    if isinstance(value, set | frozenset | bytes):
        raise _NotPlainError(f"{where}: found a {type(value).__name__}; write a list, a mapping or a scalar")
    if not isinstance(value, dict | list):
        return 1
    if len(place) > MAX_DEPTH:
        raise _NotPlainError(
            f"{where[:MAX_VALUE_SHOWN]}…: more than {MAX_DEPTH} levels of mappings and lists"
        )
    if id(value) not in counts:
        counts[id(value)] = 0
        total = 1
        for name, below in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(value, dict) and not isinstance(name, str):
                raise _NotPlainError(f"{where}: the key {_shown(name)} is not text; put it in quotes")
            total += _count_values(below, (*place, str(name)), counts)
        counts[id(value)] = total
    if not 0 < counts[id(value)] <= MAX_VALUES:
        fault = f"more than {MAX_VALUES:,} values" if counts[id(value)] else "a part of itself"
        raise _NotPlainError(f"{where}: the aliases make this {fault}; write the values out")
    return counts[id(value)]


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    return f", line {mark.line + 1}" if mark else ""


def _problem(error: Exception) -> str:
    """The problem without the lines around it, which YAML libraries draw with an arrow below."""
    words = [getattr(error, name, None) for name in ("context", "problem")]
    return safe_line(", ".join(" ".join(word.split()) for word in words if word)) or message_of(error)


def _duplicate_key(path: Path, error: DuplicateKeyError) -> str:
    key = re.search(r'duplicate key "([^"]*)"', str(error.problem))
    name = f"the key '{key[1]}'" if key else "a key"
    begins, line = error.context_mark, error.problem_mark
    inside = f" in the mapping that begins in line {begins.line + 1}" if begins and begins.line else ""
    place = f", line {line.line + 1}" if line else ""
    return (
        f"{path}{place}: {name} occurs twice{inside}; put the new entries below the first one "
        "(`python -m pipeline add` does that for a folder of scores)"
    )


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


def parse_section(model: type[Value] | TypeAdapter[Value], value: Any, where: str) -> Value:
    """Validate one section.

    Args:
        model: the section's model, or an adapter where several models are allowed.
        value: the parsed YAML value.
        where: the dotted path in params.yaml, for the message.

    Raises:
        SettingsError: one line per error.
    """
    for name, number in _subnormal(value, where):
        raise SettingsError(f"params.yaml, {name}: {number} is too close to 0; write 0 or a larger number")
    adapter: TypeAdapter[Value] = model if isinstance(model, TypeAdapter) else TypeAdapter(model)
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        schema = adapter.json_schema()
        lines = [_describe(schema, fault, where) for fault in error.errors(include_url=False)]
        raise SettingsError("\n".join(lines)) from None


def _subnormal(value: Any, where: str) -> Iterator[tuple[str, float]]:
    """Subnormal numbers: torch reads them as 0 (``set_flush_denormal``), other code does not."""
    if isinstance(value, float) and 0 < abs(value) < sys.float_info.min:
        yield where, value
    elif isinstance(value, Mapping):
        for name, below in value.items():
            yield from _subnormal(below, f"{where}.{name}")
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _subnormal(below, f"{where}.{number}")


def read_section(model: type[Value] | TypeAdapter[Value], *names: str, path: Path = PARAMS_FILE) -> Value:
    """Read, look up and validate one section: the parameters of a stage."""
    return parse_section(model, lookup(load_yaml(path), *names), ".".join(names))


def _describe(schema: dict[str, Any], fault: Any, where: str) -> str:
    location, known = _walk(schema, fault["loc"])
    place = ".".join(filter(None, [where, *location]))
    if fault["type"] == "extra_forbidden":
        return f"params.yaml, {place}: unknown parameter; {nearest(location[-1], known)}"
    if fault["type"] == "missing":
        return f"params.yaml, {place}: this parameter is missing"
    if fault["type"] == "union_tag_invalid":
        key, found = fault["ctx"]["discriminator"].strip("'"), fault["ctx"]["tag"]
        allowed = [tag.strip(" '") for tag in fault["ctx"]["expected_tags"].split(",")]
        return f"params.yaml, {place}.{key}: there is no '{found}'; {nearest(str(found), allowed)}"
    if fault["type"] == "value_error":  # a rule about several keys: printing the whole section does not help
        return f"params.yaml, {place}: {fault['ctx']['error']}"
    return f"params.yaml, {place}: {fault['msg']}, found {_shown(fault['input'])}"


def _shown(value: Any) -> str:
    """A value as Python prints it, truncated if it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python converts
        text = f"a number of more than {sys.get_int_max_str_digits():,} digits"
    return text if len(text) <= MAX_VALUE_SHOWN else f"{text[:MAX_VALUE_SHOWN]}…"


def _walk(schema: dict[str, Any], location: tuple[str | int, ...]) -> tuple[list[str], list[str]]:
    """The path as params.yaml spells it, and the names that its last mapping allows.

    pydantic puts the tag of a union (``kind``) into the path; params.yaml has no
    such level.
    """
    path: list[str] = []
    known: list[str] = []
    node = schema
    for name in location:
        node = _resolve(schema, node)
        mapping = node.get("discriminator", {}).get("mapping", {})
        if name in mapping:
            node = {"$ref": mapping[name]}
            continue
        path.append(str(name))
        known = list(node.get("properties", {}))
        node = node.get("properties", {}).get(name, node.get("additionalProperties") or {})
    return path or [str(name) for name in location], known


def _resolve(schema: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to the definition of a nested section."""
    reference = node.get("$ref", "")
    name = reference.rsplit("/", 1)[-1]
    definition: dict[str, Any] = schema["$defs"][name] if reference else node
    return definition
