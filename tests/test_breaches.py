"""The rules of test_architecture.py find what they forbid, and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.test_architecture import (
    RULES,
    Module,
    arrays_are_loaded_without_pickle,
    contracts_can_be_imported_alone,
    every_module_stands_in_a_tier,
    imports_are_absolute,
    imports_point_down,
    imports_stand_at_the_top,
    libraries_stay_at_home,
    no_module_is_a_junk_drawer,
    nothing_banned_is_imported,
    public_names_are_listed_and_sorted,
    read,
    work_does_not_sleep,
)

BREACHES = {
    "upward": ("job.py", "import headway.queue", imports_point_down),
    "upward by name": ("job.py", "from headway import queue", imports_point_down),
    "sideways": ("job.py", "from headway.settings import Settings", imports_point_down),
    "more than the client may": (
        "client/flow.py",
        "from headway.settings import Settings",
        imports_point_down,
    ),
    "a route in the store": (
        "http/jobs.py",
        "from headway.store.sqlite import open_sqlite",
        imports_point_down,
    ),
    "a route in the models": (
        "http/jobs.py",
        "from headway.models import bundle",
        imports_point_down,
    ),
    "a worker in the store": (
        "worker/run.py",
        "from headway.store import sqlite",
        imports_point_down,
    ),
    "no tier": ("misplaced.py", "", every_module_stands_in_a_tier),
    "behind a contract": (
        "store/__init__.py",
        "from headway.store import sqlite",
        contracts_can_be_imported_alone,
    ),
    "away from home": ("queue.py", "import sqlalchemy as sa", libraries_stay_at_home),
    "homeless": ("queue.py", "import requests", libraries_stay_at_home),
    "pickle": ("queue.py", "from pickle import loads", nothing_banned_is_imported),
    "the facade": ("queue.py", "from headway import Job", nothing_banned_is_imported),
    "lazy": ("queue.py", "def f():\n    import json", imports_stand_at_the_top),
    "relative": ("queue.py", "from . import job", imports_are_absolute),
    "pickled arrays": (
        "models/bundle.py",
        "load(f, allow_pickle=True)",
        arrays_are_loaded_without_pickle,
    ),
    "sleep": ("operations/train.py", "time.sleep(1)", work_does_not_sleep),
    "sleep by name": ("operations/train.py", "from time import sleep", work_does_not_sleep),
    "junk": ("http/utils.py", "", no_module_is_a_junk_drawer),
    "unlisted": ("__init__.py", "from headway.job import Job", public_names_are_listed_and_sorted),
    "unsorted": (
        "__init__.py",
        "from headway.job import Counts, Job\n__all__ = ['Job', 'Counts']",
        public_names_are_listed_and_sorted,
    ),
    "elsewhere": (
        "__init__.py",
        "if 0:\n    from headway.job import Job\n__all__ = ['Job']\nHOMES = {'Job': 'headway.ids'}",
        public_names_are_listed_and_sorted,
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_named_with_its_place(breach: str, tmp_path: Path) -> None:
    file, source, rule = BREACHES[breach]
    module = write_package(
        tmp_path, {"queue.py": "", "store/sqlite.py": "", "models/bundle.py": "", file: source}
    )[file]
    problems = list(rule(module))
    assert len(problems) == 1, problems
    assert f"{file}:" in problems[0], problems
    assert "expected" in problems[0], problems


ALLOWED = {
    "downward": (
        "queue.py",
        "from headway.store.contract import Store\nfrom headway.errors import NotFound",
    ),
    "a neighbour in the package": (
        "store/sqlite.py",
        "import sqlalchemy\nfrom headway.store import tables",
    ),
    "the worker and the promises": ("worker/run.py", "from headway.store.contract import Store"),
    "the prediction and a model": ("http/predictors.py", "from headway.models import bundle"),
    "the library at home": ("store/sqlite.py", "import sqlalchemy as sa\nimport sqlite3"),
    "the waiting of a worker": ("worker/loop.py", "import time\ntime.sleep(0.1)"),
    "the command line": ("__main__.py", "from headway.cli import main"),
    "the public names": (
        "__init__.py",
        "from headway.job import Counts, Job\n__all__ = ['Counts', 'Job']",
    ),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_tables_allow_is_no_breach(case: str, tmp_path: Path) -> None:
    file, source = ALLOWED[case]
    module = write_package(tmp_path, {"store/tables.py": "", "models/bundle.py": "", file: source})[
        file
    ]
    assert [problem for rule in RULES for problem in rule(module)] == []


def write_package(folder: Path, sources: Mapping[str, str]) -> dict[str, Module]:
    package = folder / "headway"
    for name, source in sources.items():
        file = package / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(source)
    return {str(module.file.relative_to(package)): module for module in read(package)}
