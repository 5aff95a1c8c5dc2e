"""Who may import whom, and what no module may do. The tables are the architecture; `docs/layout.md` draws them."""

import ast
import itertools
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "headway"
STRUCTURE = ROOT / "scripts" / "structure"

# From the bottom up: a tier may import those before it, never a neighbour on its own line.
# A name is a module or a package of headway; a contract stands below the package it lives in.
TIERS = (
    (
        "counting",
        "csv_cells",
        "durable",
        "errors",
        "estimate",
        "ids",
        "masking",
        "owners",
        "mistakes",
        "pickles",
        "retry",
        "rights",
        "server_urls",
        "strength",
    ),
    ("demands", "environment", "job", "limits"),
    ("notices", "verdict"),
    ("own_model", "settings"),
    ("context",),
    ("events", "named_columns", "references", "wire"),
    ("operation",),
    ("registry",),
    ("store.identity", "store.values"),
    ("store.contract", "engine.contract"),
    ("artifacts", "own_jobs", "prediction_log", "shared_outlook", "store"),
    ("bucket", "delivery", "models", "data", "files"),
    ("operations", "worker"),
    ("catalog", "following", "identity", "job_request", "notifications", "oversight", "why"),
    ("engine", "queue"),
    ("erasure",),
    ("wiring",),
    ("http", "client", "testing"),
    ("server",),
    ("cli",),
    ("__init__", "__main__"),
)

# Narrower than the tiers.
BARRED = {
    (
        "worker",
        "store",
    ): "a worker knows the promises of the store; who keeps them is wired from outside",
    (
        "worker",
        "engine.contract",
    ): "an engine calls workers; a worker that knew one could run under no other",
    ("http", "store"): "a route asks the queue, as every door does",
    ("http", "models"): "only the synchronous prediction uses a model; all else is a job",
    ("http", "worker"): "jobs run in processes of their own",
}
# The client is for other people's programs: it brings nothing of the service along.
ONLY = {"client": {"errors", "job", "retry", "wire"}}
# Wider than the rules above: module, what it may import, and why.
EXCEPTIONS = {
    ("headway.http.predictors", "models"): "an answer at once, without a job",
}

# Where each library is at home. What is not listed has no home yet.
HOMES = {
    "alembic": {"store"},
    "anyio": {"http", "files", "identity"},
    "celery": {"engine"},
    "fastapi": {"http"},
    "httpx2": {"client", "delivery"},
    "jwt": {"identity"},
    "obstore": {"bucket"},
    "kombu": {"engine"},
    "numpy": {"models", "data", "operations"},
    "prometheus_client": {"http"},
    "psycopg": {"store"},
    "opentelemetry": {"events"},
    "orjson": {"*"},  # bytes of JSON, no input or output of its own
    "pwdlib": {"identity"},
    "pyarrow": {"data"},
    "pydantic": {"*"},  # the vocabulary of every border, no input or output of its own
    "pysqlite3": {"store"},
    "python_multipart": {"http"},
    "rich": {"cli", "client"},  # in the client for `wait(progress=True)`
    "scipy": {"models", "operations"},
    "sqlalchemy": {"store"},
    "sqlite3": {"store"},
    "starlette": {"http"},
    "uvicorn": {"cli", "server"},
    "httptools": {"server"},
}

_PICKLE = "pickle runs whatever code the data names; use JSON or npz"
BANNED = {
    **dict.fromkeys(("pickle", "shelve", "marshal", "dill", "cloudpickle", "joblib"), _PICKLE),
    "multiprocessing": "its pipes speak pickle, and it cannot run inside a daemonic pool; use a child of ours",
    "headway": "the public names are for users; import the module that defines the name",
}
SLEEPLESS = {"operations", "models", "data"}  # work takes as long as it takes; sleeping is not work
JUNK_DRAWERS = {"utils", "util", "helpers", "common", "misc"}


class Module(NamedTuple):
    """A module of the package, read but not run."""

    name: str
    file: Path
    tree: ast.Module
    imports: list[tuple[int, str]]

    @property
    def unit(self) -> str:
        return unit_of(self.name)

    def at(self, line: int, expected: str, got: str) -> str:
        """The problem as `file:line: expected ..., got ...`."""
        place = self.file.relative_to(ROOT) if self.file.is_relative_to(ROOT) else self.file
        return f"{place}:{line}: expected {expected}, got: {got}"


def unit_of(name: str) -> str:
    """What the tables call a module: its contract, else its package, else itself."""
    parts = name.split(".")[1:] or ["__init__"]
    two = ".".join(parts[:2])
    return two if two in itertools.chain(*TIERS) else parts[0]


def tier_of(unit: str) -> int | None:
    return next((level for level, tier in enumerate(TIERS) if unit in tier), None)


def read(package: Path) -> list[Module]:
    structure = runpy.run_path(str(STRUCTURE))
    files: Mapping[str, Path] = structure["modules"](package)
    trees = {name: ast.parse(file.read_text()) for name, file in files.items()}
    return [
        Module(name, file, trees[name], list(structure["imports"](trees[name], files)))
        for name, file in files.items()
    ]


def every_module_stands_in_a_tier(module: Module) -> Iterator[str]:
    if tier_of(module.unit) is None:
        yield module.at(
            1,
            "a module that stands in TIERS",
            f"{module.unit!r}; give it a tier or a package that has one",
        )


def imports_point_down(module: Module) -> Iterator[str]:
    own_tier = tier_of(module.unit)
    for line, target in module.imports:
        unit = unit_of(target)
        ours = target.startswith("headway.") and unit != module.unit
        tier = tier_of(unit)
        if not ours or own_tier is None or tier is None or (module.name, unit) in EXCEPTIONS:
            continue
        if tier >= own_tier:
            yield module.at(
                line, f"{module.unit} to import only what stands below it in TIERS", target
            )
        elif unit not in ONLY.get(module.unit, {unit}):
            yield module.at(
                line, f"{module.unit} to import only {sorted(ONLY[module.unit])}", target
            )
        elif why := BARRED.get((module.unit, unit)):
            yield module.at(line, f"{module.unit} not to know {unit} ({why})", target)


def contracts_can_be_imported_alone(module: Module) -> Iterator[str]:
    """Importing `store.contract` runs `store/__init__.py`: what that imports would come along unseen."""
    if f"{module.unit}.contract" in itertools.chain(*TIERS) and (
        module.name == f"headway.{module.unit}"
    ):
        for line, target in module.imports:
            yield module.at(
                line, "no import here, since the contract stands below this package", target
            )


def libraries_stay_at_home(module: Module) -> Iterator[str]:
    for line, target in module.imports:
        library = target.split(".")[0]
        if library == "headway" or (library in sys.stdlib_module_names and library not in HOMES):
            continue
        homes = HOMES.get(library, set())
        if not homes & {"*", module.unit, module.unit.split(".")[0]}:
            yield module.at(
                line,
                f"{library} only in {sorted(homes) or 'no module: HOMES does not list it'}",
                module.unit,
            )


def nothing_banned_is_imported(module: Module) -> Iterator[str]:
    for line, target in module.imports:
        if why := BANNED.get(target if target.startswith("headway.") else target.split(".")[0]):
            yield module.at(line, f"no import of {target} ({why})", "one")


def imports_stand_at_the_top(module: Module) -> Iterator[str]:
    for function in ast.walk(module.tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import | ast.ImportFrom):
                    yield module.at(
                        node.lineno,
                        "imports at the top of the module",
                        f"one inside {function.name}()",
                    )


def imports_are_absolute(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield module.at(
                node.lineno,
                "the full name of the module",
                f"from {'.' * node.level}{node.module or ''}",
            )


def arrays_are_loaded_without_pickle(module: Module) -> Iterator[str]:
    for node in ast.walk(module.tree):
        if (
            isinstance(node, ast.keyword)
            and node.arg == "allow_pickle"
            and ast.unparse(node.value) != "False"
        ):
            yield module.at(node.value.lineno, "allow_pickle=False", ast.unparse(node))


def work_does_not_sleep(module: Module) -> Iterator[str]:
    if module.unit not in SLEEPLESS:
        return
    for node in ast.walk(module.tree):
        match node:
            case ast.Attribute(attr="sleep"):
                yield module.at(node.lineno, "work, not waiting", ast.unparse(node))
            case ast.ImportFrom(names=names) if any(alias.name == "sleep" for alias in names):
                yield module.at(node.lineno, "work, not waiting", ast.unparse(node))


def no_module_is_a_junk_drawer(module: Module) -> Iterator[str]:
    last = module.name.split(".")[-1]
    if last.strip("_") in JUNK_DRAWERS:
        yield module.at(1, "a noun or a verb for a name", last)


def public_names_are_listed_and_sorted(module: Module) -> Iterator[str]:
    if module.name != "headway":
        return
    homes = {
        alias.asname or alias.name: node.module
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("headway.")
        for alias in node.names
    }
    public = sorted(homes)
    assigned = {
        ast.unparse(target): node
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    if "HOMES" in assigned and (told := _literal(assigned["HOMES"])) != homes:
        yield module.at(assigned["HOMES"].lineno, f"HOMES = {homes}", str(told))
    if "__all__" in assigned:
        listed = _literal(assigned["__all__"])
        if listed != public:
            yield module.at(assigned["__all__"].lineno, f"__all__ = {public}", str(listed))
    elif public:
        yield module.at(1, f"__all__ = {public}", "no __all__")


def _literal(node: ast.Assign | ast.AnnAssign) -> object:
    assert node.value is not None
    return ast.literal_eval(node.value)


Rule = Callable[[Module], Iterator[str]]
RULES: tuple[Rule, ...] = (
    every_module_stands_in_a_tier,
    imports_point_down,
    contracts_can_be_imported_alone,
    libraries_stay_at_home,
    nothing_banned_is_imported,
    imports_stand_at_the_top,
    imports_are_absolute,
    arrays_are_loaded_without_pickle,
    work_does_not_sleep,
    no_module_is_a_junk_drawer,
    public_names_are_listed_and_sorted,
)


@pytest.fixture(scope="module")
def modules() -> list[Module]:
    return read(PACKAGE)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule: Rule, modules: list[Module]) -> None:
    problems = [problem for module in modules for problem in rule(module)]
    assert not problems, "\n".join(["", *problems])


def test_there_are_no_import_cycles() -> None:
    answer = subprocess.run(
        [sys.executable, STRUCTURE, PACKAGE], capture_output=True, text=True, check=False
    )
    assert (answer.returncode, answer.stderr) == (0, ""), answer.stdout + answer.stderr
