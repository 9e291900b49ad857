"""The entries of params.yaml for a folder of scores, with comments, added to the text of the file."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.core.files import write_text
from pipeline.core.settings import PARAMS_FILE, SettingsError, load_yaml, lookup, parse_section, parse_yaml
from pipeline.formats.readers import ReadLimits, ReadSettings
from pipeline.parameters import check_parameters
from pipeline.parameters.datasets import NAME
from pipeline.tools.adding.survey import Survey, survey

GROUPS = ("corpora", "datasets", "experiments")

CORPUS = """\
  {name}:
    watch: {path}      # DVC reruns `download` when this folder changes
    source:
      kind: folder
      path: {path}     # the same folder
      licence: {licence}
      citation: {citation}
    read: {{<<: *read}}
    limits: {{<<: *limits}}
"""
DATASET = """\
  {name}:
    notes: data/notes/{name}.parquet
    corpora: [{name}]
    quantize:
      <<: *quantize
      parts: {{default: [[Melody, Vocal, Voice, Soprano, top]]}}   # the first of these that a score has
      steps_per_quarter: {steps}      # {exact:.1%} of the notes start exactly on this grid
    filter: {{<<: *filter}}        # limits on notes, length, range, …: `entchen filter-report {name}`
    split: {{<<: *split, valid: {share}, test: {share}}}    # shares of tune families, which are never divided
    encode:
      <<: *encode
      key: {{default: signature, else: analysis}}    # as written; estimated from the notes where none is
"""
EXPERIMENT = """\
  {name}:                # a small model; `dvc repro evaluate@{name}` trains and evaluates it
    dataset: {name}
    task: {{kind: continue, cut: 0.5, min_cut: 0.0, max_cut: 0.0}}   # learn all but the first note
    init_from: scratch
    model:
      kind: copying      # an LSTM with attention that can repeat what it has read
      embedding_size: 32
      hidden_size: 64
      layers: 1
      attention_size: 32
      copies: [pitch, interval]
      matches: true
      bars: true
      dropout: 0.3
    training: {{<<: *training, epochs: {epochs}, transpose_semitones: 3}}   # every epoch in other keys
    evaluation: {{<<: *evaluation}}
"""


@dataclass(frozen=True)
class Added:
    """A folder that was added.

    Attributes:
        found: what it contains.
        text: the entries as written to params.yaml.
    """

    found: Survey
    text: str


def add_folder(
    folder: Path,
    name: str,
    licence: str,
    citation: str,
    write: bool = True,
    root: Path = Path(),
) -> Added:
    """Read a folder and add a corpus, a data set and an experiment of one name to params.yaml.

    Args:
        write: False: only build the entries and check them.
        root: the folder of the project.

    Raises:
        FolderError: no such folder, or no score in it.
        SettingsError: the name is taken or not allowed, or params.yaml is not valid.
    """
    params = load_yaml(root / PARAMS_FILE)
    check_parameters(params, root)
    if not NAME.fullmatch(name):
        raise SettingsError(
            f"--name {name}: a name begins with a letter and contains letters, digits, - and _ only"
        )
    for group in GROUPS:
        if name in lookup(params, group):
            raise SettingsError(f"params.yaml, {group}: the entry '{name}' exists; choose another --name")
    defaults = lookup(params, "defaults")
    reading = parse_section(ReadSettings, lookup(defaults, "read"), "defaults.read")
    limits = parse_section(ReadLimits, lookup(defaults, "limits"), "defaults.limits")
    folder = folder.expanduser()
    found = survey(folder, name, reading, limits)
    entries = _entries(found, name, _as_written(folder, root), licence, citation)
    before = (root / PARAMS_FILE).read_text(encoding="utf-8")
    after = before
    for group, text in entries.items():
        after = insert(after, group, text)
    check_parameters(parse_yaml(after, PARAMS_FILE), root)
    if write:
        write_text(root / PARAMS_FILE, after)
    return Added(found, "\n".join(f"{group}:\n{text}" for group, text in entries.items()))


def insert(params: str, group: str, entry: str) -> str:
    r"""The text of params.yaml with an entry at the end of a group.

    >>> insert("corpora:\n  a: 1\n\n# more\ndatasets: {}\n", "corpora", "  b: 2\n")
    'corpora:\n  a: 1\n  b: 2\n\n# more\ndatasets: {}\n'

    Raises:
        SettingsError: the group is missing, or written in braces on one line.
    """
    params = params if params.endswith("\n") else f"{params}\n"
    start = re.search(rf"^{group}:[ \t]*(#.*)?\n", params, re.MULTILINE)
    if start is None:
        one_line = re.search(rf"^{group}:[ \t]*\{{[ \t]*\}}[ \t]*\n", params, re.MULTILINE)
        if one_line is None:
            raise SettingsError(f"params.yaml: a line `{group}:` is expected, entries indented below it")
        return f"{params[: one_line.start()]}{group}:\n{entry}{params[one_line.end() :]}"
    end = start.end()
    for line in re.finditer(r".*\n", params[start.end() :]):
        if line[0].startswith((" ", "\t")):
            end = start.end() + line.end()
        elif line[0].strip() and not line[0].startswith("#"):
            break
    return f"{params[:end]}{entry}{params[end:]}"


def _entries(found: Survey, name: str, path: str, licence: str, citation: str) -> dict[str, str]:
    n = len(found.pieces)
    steps = found.steps_per_quarter
    return {
        "corpora": CORPUS.format(
            name=name, path=_quoted(path), licence=_quoted(licence), citation=_quoted(citation)
        ),
        "datasets": DATASET.format(
            name=name,
            steps=steps,
            exact=found.exact_share(steps),
            share=0.2 if n < 500 else 0.1,
        ),
        "experiments": EXPERIMENT.format(name=name, epochs=40 if n < 500 else 10),
    }


def _as_written(folder: Path, root: Path) -> str:
    """The path of the folder in params.yaml: relative inside the project, else absolute."""
    absolute, project = folder.resolve(), root.resolve()
    return (absolute.relative_to(project) if absolute.is_relative_to(project) else absolute).as_posix()


def _quoted(text: str) -> str:
    """A YAML scalar: plain where that is unambiguous, else as JSON, which is YAML."""
    return text if re.fullmatch(r"[A-Za-z/][\w./-]*", text) else json.dumps(text, ensure_ascii=False)
