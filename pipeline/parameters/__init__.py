"""Validation of the whole of params.yaml.

The stages read their own sections; only this package reads all of them, so that an error is
found before DVC deletes the outputs of the stage that it affects. Sections, names and
references between entries must be valid.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.settings import SettingsError, parse_section
from pipeline.parameters.datasets import check_corpus, check_dataset, check_names
from pipeline.parameters.experiments import check_experiment, check_init_from
from pipeline.parameters.renamed import renamed_keys
from pipeline.parameters.sections import Parameters


def check_parameters(content: Mapping[str, Any], root: Path = Path()) -> Parameters:
    """Validate params.yaml.

    Args:
        content: the parsed YAML.
        root: the project; paths of params.yaml are relative to it.

    Raises:
        SettingsError: one line per error.
    """
    renamed = list(renamed_keys(content))
    if renamed:
        raise SettingsError("\n".join(f"params.yaml, {error}" for error in renamed))
    params = parse_section(Parameters, {"defaults": {}, **content}, "")
    errors = [
        *check_names(params),
        *(line for name, corpus in params.corpora.items() for line in check_corpus(name, corpus, root)),
        *(line for name, dataset in params.datasets.items() for line in check_dataset(name, dataset, params)),
        *(line for name, each in params.experiments.items() for line in check_experiment(name, each, params)),
        *(line for name, each in params.experiments.items() for line in check_init_from(name, each, params)),
    ]
    if errors:
        raise SettingsError("\n".join(f"params.yaml, {error}" for error in errors))
    return params
