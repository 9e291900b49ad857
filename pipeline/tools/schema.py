"""params.yaml as a JSON Schema, for editors that complete names and underline mistakes.

It is generated from the models that ``check`` validates with; the docstring of
an attribute is its description in an editor. ``pipeline/params.schema.json`` is this
schema, written by ``python -m pipeline schema``; the first line of params.yaml refers to it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from pipeline.core.settings import Section
from pipeline.models.base.registry import config_of, known_kinds
from pipeline.parameters.experiments import EVALUATIONS
from pipeline.parameters.sections import Parameters

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTE = re.compile(r"^ {4}(\w[\w, ]*): (.*)$")  # in the section "Attributes:" of a docstring


def schema() -> dict[str, Any]:
    """The schema of the whole of params.yaml, models of every kind included."""
    made = TypeAdapter(Parameters).json_schema(ref_template="#/$defs/{model}")
    configs = {kind: config_of(kind) for kind in known_kinds()}
    definitions = made["$defs"]
    for kind, config in configs.items():
        definitions[f"model.{kind}"] = TypeAdapter(config).json_schema()
    choice = [{"$ref": f"#/$defs/model.{kind}"} for kind in configs]
    experiment = definitions["Experiment"]["properties"]
    experiment["model"] = {"oneOf": choice}
    for evaluation in EVALUATIONS.values():
        definitions[evaluation.__name__] = TypeAdapter(evaluation).json_schema()
    evaluations = [{"$ref": f"#/$defs/{each.__name__}"} for each in EVALUATIONS.values()]
    experiment["evaluation"] = {"anyOf": evaluations}
    classes = {section.__name__: section for section in _sections(Section)}
    for name, definition in (*definitions.items(), ("Parameters", made)):
        kind = name.removeprefix("model.")
        _describe(definition, configs[kind] if name.startswith("model.") else classes.get(name))
    return {"$schema": DIALECT, **made}


def attributes(section: type[Section]) -> dict[str, str]:
    """Descriptions of the attributes in the docstrings of a section and its base classes."""
    told: dict[str, str] = {}
    for parent in reversed(section.__mro__):
        if issubclass(parent, Section):
            told |= dict(_told(inspect.cleandoc(parent.__doc__ or "")))
    return told


def _told(docstring: str) -> Iterator[tuple[str, str]]:
    names: list[str] = []
    words: list[str] = []
    _, _, part = docstring.partition("Attributes:\n")
    for line in [*part.split("\n"), "    end: "]:
        begun = _ATTRIBUTE.match(line)
        if begun:
            yield from ((name, " ".join(words)) for name in names)
            names, words = begun[1].split(", "), [begun[2]]
        elif line.strip():
            words.append(line.strip())


def _describe(definition: dict[str, Any], section: type[Section] | None) -> None:
    if section is None:
        return
    definition["description"] = inspect.cleandoc(section.__doc__ or "").split("\n\n")[0]
    told = attributes(section)
    for name, field in section.model_fields.items():
        described = definition["properties"].get(field.alias or name)
        if described is not None and name in told:
            described["description"] = told[name]


def _sections(parent: type[Section]) -> Iterator[type[Section]]:
    for section in parent.__subclasses__():
        yield section
        yield from _sections(section)
