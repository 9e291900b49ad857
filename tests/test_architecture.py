"""The order of the packages, where large libraries are imported, the code in dvc.yaml, rules for tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import pipeline
from pipeline.core.settings import load_yaml, lookup
from pipeline.models.base.registry import known_kinds
from pipeline.workflow.code import SHAPE_NO_BYTE, closure, imports, modules, own_imports
from tests.helpers.code import circle, holds_code, imported_by, name_at
from tests.helpers.paths import ROOT

PACKAGE = ROOT / "pipeline"
NAMES_AT_THE_TOP = 18

# A package imports only packages above it.
PACKAGES = """
errors core workflow formats corpora datasets models training decoding evaluation report parameters
tools api cli notebook __main__
""".split()

# The same inside packages; modules that are not listed may import each other without cycles.
INSIDE = {
    "core": [
        "text",
        "files",
        "settings",
        "music",
        "vocabulary",
        "accounting",
        "parquet",
        "tables",
        "lists",
        "rejections",
    ],
    "workflow": [
        *("progress", "dvcfile", "outputs", "dvclock", "interruption", "summary", "cluster", "engine"),
        "runner",
    ],
    "formats": ["readers", "writers"],
    "corpora": ["sources", "parsing"],
    "datasets": ["columns", "families", "quantize", "filters", "splits", "encoding"],
    "training": ["settings", "data", "determinism", "loop", "experiment"],
    "evaluation": ["settings", "metrics", "baselines", "continue_task", "experiment"],
    "report": ["html", "inputs"],
    "tools": ["inspection", "reference", "inference"],
}

# Folders whose members do not know each other, and what they may share.
SIBLINGS = {
    "pipeline.formats.readers": ["base"],
    "pipeline.formats.writers": ["harmony", "layout", "rhythm", "spelling", "time_signature"],
    "pipeline.models": ["base"],
    "pipeline.tools": ["inspection", "reference"],
}

DOORS = {
    "music21": ["pipeline.formats.readers.music21_reference"],
    "torch": [
        "pipeline.models",
        "pipeline.training",
        "pipeline.decoding",
        "pipeline.evaluation",
        "pipeline.tools.crossvalidation",
        "pipeline.tools.inference",
        "pipeline.api.models",
        "pipeline.notebook",
    ],
    "loky": ["pipeline.workflow.engine"],
    "distributed": ["pipeline.workflow.cluster"],
    "psutil": ["pipeline.workflow.runner", "pipeline.workflow.dvctmp"],
    "rich": ["pipeline.workflow.progress"],
    "requests": ["pipeline.corpora.sources.downloads"],
    "jinja2": ["pipeline.report"],
    "verovio": ["pipeline.report.engraving"],
    "vl_convert": ["pipeline.report.charts"],
}

DATA_STAGES = ("families", "quantize", "filter", "split", "encode")
WITHOUT_TORCH = ("check", "download", "parse", *DATA_STAGES, "report")

# Used by commands alone, though stages depend on the folder that it belongs to.
ONLY_IN_COMMANDS = [f"pipeline.decoding.{name}" for name in ("beam_search", "defaults", "revision")]

# Packages whose edits rerun no stage: the stages must not import them.
APART = [
    (("evaluate",), "pipeline.training"),
    (("evaluate", "train"), "pipeline.report"),
    (("train",), "pipeline.evaluation"),
    (("train",), "pipeline.decoding"),
    (("report",), "pipeline.evaluation"),
    (("report",), "pipeline.training"),
    (("report",), "pipeline.models"),
    (("download", *DATA_STAGES, "train"), "pipeline.formats"),
    (("evaluate", "report"), "pipeline.formats.readers"),
    ((*DATA_STAGES, "train", "evaluate", "report"), "pipeline.corpora"),
    (("download", "parse", "report"), "pipeline.datasets"),
]

KIND = "${item.model.kind}"  # in dvc.yaml: the model's folder, which is imported by its name


def of_pipeline() -> list[str]:
    return [name for name in modules() if name.startswith("pipeline.")]


def package(module: str) -> str:
    return module.split(".")[1]


def inside(module: str, package: str) -> bool:
    return f"{module}.".startswith(f"{package}.")


def test_the_package_docstring_lists_every_package_in_order() -> None:
    rows = re.findall(r"^(\w+) {2,}\S", pipeline.__doc__ or "", re.MULTILINE)
    assert rows == [name for name in PACKAGES if name != "__main__"]
    assert {package(name) for name in of_pipeline()} == set(PACKAGES)


def test_the_package_has_few_names_at_its_top() -> None:
    names = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert len(names) <= NAMES_AT_THE_TOP, sorted(names)


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {file.parent for file in modules().values()}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


@pytest.mark.parametrize("module", of_pipeline())
def test_a_package_imports_only_packages_above_it(module: str) -> None:
    own = PACKAGES.index(package(module))
    below = {name for name in own_imports(module) if PACKAGES.index(package(name)) > own}
    assert not below, f"{module} is above {below}"


@pytest.mark.parametrize("package", INSIDE)
def test_the_order_inside_a_package_holds(package: str) -> None:
    order = [f"pipeline.{package}.{name}" for name in INSIDE[package]]
    assert [name for name in order if name not in modules()] == []
    for place, above in enumerate(order):
        users = [name for name in of_pipeline() if inside(name, above)]
        imported = {name_at(name, 3) for user in users for name in imported_by(user)}
        assert not imported & {*order[place + 1 :]}, above


@pytest.mark.parametrize("depth", [2, 3])
def test_packages_import_each_other_in_no_circle(depth: int) -> None:
    edges: dict[str, set[str]] = {}
    for module in of_pipeline():
        own = name_at(module, depth)
        edges.setdefault(own, set()).update({name_at(name, depth) for name in imported_by(module)} - {own})
    assert circle(edges) == []


def test_modules_import_each_other_in_no_circle() -> None:
    assert circle({module: imported_by(module) for module in of_pipeline()}) == []


@pytest.mark.parametrize("package", SIBLINGS)
def test_members_of_a_folder_do_not_know_each_other(package: str) -> None:
    depth = package.count(".") + 2
    shared = [f"{package}.{name}" for name in SIBLINGS[package]]
    for module in of_pipeline():
        member = name_at(module, depth)
        if inside(module, package) and module != package:
            others = {name_at(name, depth) for name in imported_by(module) if inside(name, package)}
            assert not others - {member, *shared}, module


@pytest.mark.parametrize("library", DOORS)
def test_a_library_enters_by_its_door_alone(library: str) -> None:
    users = {name for name in modules() if any(inside(found, library) for found in imports(name))}
    strangers = {name for name in users if not any(inside(name, door) for door in DOORS[library])}
    assert users, f"nothing uses {library}"
    assert not strangers


@pytest.mark.parametrize("stage", WITHOUT_TORCH)
def test_a_stage_that_needs_no_torch_imports_none(stage: str) -> None:
    users = {
        name for name in closure(f"stages.{stage}") if any(inside(each, "torch") for each in imports(name))
    }
    assert not users


@pytest.mark.parametrize(("stages", "package"), APART)
def test_an_edit_of_a_package_does_not_rerun_unrelated_stages(stages: tuple[str, ...], package: str) -> None:
    for stage in stages:
        needed = {name for name in needed_by(stage, kinds_of(stage)) if holds_code(name)}
        assert not [name for name in needed if inside(name, package)], stage
        assert not [dep for dep in code_deps(stage, kinds_of(stage)) if inside(dotted(dep), package)], stage


def body_of(stage: str) -> dict[str, list[str]]:
    body = lookup(load_yaml(ROOT / "dvc.yaml"), "stages", stage)
    found: dict[str, list[str]] = body.get("do", body)
    return found


def stage_names() -> list[str]:
    return list(lookup(load_yaml(ROOT / "dvc.yaml"), "stages"))


def kinds_of(stage: str) -> list[str]:
    """The kinds of models that a stage imports by name, whatever params.yaml holds."""
    return known_kinds() if any(KIND in dep for dep in body_of(stage)["deps"]) else []


def stages_and_kinds() -> list[tuple[str, list[str]]]:
    each = {stage: [[kind] for kind in kinds_of(stage)] or [[]] for stage in stage_names()}
    return [(stage, kinds) for stage, choices in each.items() for kinds in choices]


def needed_by(stage: str, kinds: list[str]) -> frozenset[str]:
    """The modules that a stage imports, and those of its models."""
    found = [name for name in modules() for kind in kinds if inside(name, f"pipeline.models.{kind}")]
    return closure(f"stages.{stage}", *found)


def code_deps(stage: str, kinds: list[str]) -> list[Path]:
    """The code that dvc.yaml lists for a stage."""
    filled = [dep.replace(KIND, kind) for dep in body_of(stage)["deps"] for kind in kinds or [""]]
    return [Path(dep) for dep in dict.fromkeys(filled) if dep.startswith(("pipeline", "stages/"))]


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts)


def shapes_bytes(module: str) -> bool:
    """Packages around a stage, and modules without code, change no output: an edit reruns no stage."""
    return holds_code(module) and not any(inside(module, package) for package in SHAPE_NO_BYTE)


@pytest.mark.parametrize(("stage", "kinds"), stages_and_kinds())
def test_a_stage_depends_on_all_code_that_it_imports_and_on_no_other(stage: str, kinds: list[str]) -> None:
    deps = code_deps(stage, kinds)
    needed = {modules()[name].relative_to(ROOT) for name in needed_by(stage, kinds) if shapes_bytes(name)}
    missing = {file for file in needed if not any(file.is_relative_to(dep) for dep in deps)}
    assert not missing, "\n".join(sorted(f"- {file}" for file in missing))
    idle = {dep for dep in deps if not any(file.is_relative_to(dep) for file in needed)}
    assert not idle, f"{stage} does not import {idle}"


def test_all_code_in_a_folder_that_stages_depend_on_is_imported_by_one_of_them() -> None:
    """Else an edit of it would run stages that do not know it; ``check`` depends on everything."""
    stages = [stage for stage in stage_names() if stage != "check"]
    depends = {stage: code_deps(stage, kinds_of(stage)) for stage in stages}
    needed = {stage: needed_by(stage, kinds_of(stage)) for stage in stages}
    for module in filter(shapes_bytes, of_pipeline()):
        file = modules()[module].relative_to(ROOT)
        owners = [stage for stage in stages if any(file.is_relative_to(dep) for dep in depends[stage])]
        used = any(module in needed[stage] for stage in owners)
        assert used != (module in ONLY_IN_COMMANDS) or not owners, module


@pytest.mark.parametrize("stage", stage_names())
def test_every_stage_is_described(stage: str) -> None:
    assert len(body_of(stage)["desc"]) > 20


def test_versions_agree_with_the_lock_file() -> None:
    locked = dict(
        line.split(";")[0].strip().split("==")
        for line in (ROOT / "requirements.lock").read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    versions = load_yaml(ROOT / "versions.yaml")
    assert versions == {name: locked[name] for name in versions}
