"""The architecture as a test: who imports whom, what is never written, how long things may be. All read with `ast`."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
BELOW = {
    "cohorts": set(),
    "prognosis": {"cohorts"},
    "nomograms": {"cohorts", "prognosis"},
    "imaging_head": {"cohorts", "prognosis"},
    "reports": {"cohorts", "prognosis", "nomograms", "imaging_head"},
}
LIBRARIES = {
    "cohorts": {"numpy", "pandas", "pyreadstat", "openpyxl", "pyarrow", "lark", "tableone", "pydantic", "rich"}
}
LIBRARIES["prognosis"] = LIBRARIES["cohorts"] | {
    *(
        "scipy",
        "numba",
        "sklearn",
        "sksurv",
        "lifelines",
        "statsmodels",
        "xgboost",
        "boruta",
        "shap",
        "joblib",
        "skops",
    ),
    *("threadpoolctl", "psutil", "distributed"),
}
LIBRARIES["nomograms"] = LIBRARIES["prognosis"] | {"matplotlib", "fontTools", "jinja2"}
LIBRARIES["imaging_head"] = LIBRARIES["prognosis"] | {"torch", "monai", "pydicom", "PIL", "safetensors"}
LIBRARIES["imaging_head"] |= {"radiomics", "SimpleITK"}  # of the extra `radiomics`
LIBRARIES["reports"] = LIBRARIES["nomograms"] | {"typst", "typer", "rich", "click", "mplfonts", "dask", "distributed"}
LAZY = {"torch", "monai", "shap", "dask", "distributed", "mplfonts"}  # heavy or optional: never at the head of a file
NEVER_IMPORTED = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle"}
NEVER_CALLED = {"print", "eval", "exec"}
NEVER_NAMED = {"utils", "util", "helpers", "helper", "core", "base", "manager", "misc", "common"}
FILE_LINES, FUNCTION_LINES, ARGUMENTS, OPTIONS = 300, 60, 8, 12

FILES = sorted(file for room in BELOW for file in (ROOT / room).rglob("*.py"))
Function = ast.FunctionDef | ast.AsyncFunctionDef


def module_name(file: Path) -> str:
    """Return the dotted name of a file below the root."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(tree: ast.AST, module: str, package: bool) -> Iterator[tuple[ast.stmt, str, str | None]]:
    """Yield (statement, module, name or None) of every import; relative ones are resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = module.split(".")[: len(module.split(".")) - node.level + package] if node.level else []
            source = ".".join([*start, *([node.module] if node.module else [])])
            yield from ((node, source, alias.name) for alias in node.names)


def import_faults(tree: ast.Module, module: str, package: bool = False) -> list[str]:
    """Return what is imported against the arrows, from a library of another room, too early, or by star."""
    room, faults = module.split(".")[0], []
    head = {id(node) for node in tree.body}
    for node, source, name in imported(tree, module, package):
        top = source.split(".")[0]
        if name == "*":
            faults.append(f"line {node.lineno}: star import from {source}")
        if top in NEVER_IMPORTED:
            faults.append(f"line {node.lineno}: {top} can run code on loading")
        if top in BELOW:
            if top != room and top not in BELOW[room]:
                faults.append(f"line {node.lineno}: {room} must not import {top}")
        elif top not in sys.stdlib_module_names and top not in LIBRARIES[room]:
            faults.append(f"line {node.lineno}: {top} is no library of {room}")
        if top in LAZY and id(node) in head and room != "imaging_head":
            faults.append(f"line {node.lineno}: {top} is imported inside functions only")
    return faults


def statement_faults(tree: ast.Module) -> list[str]:
    """Return the places of bare excepts and of calls that no library makes."""
    bare = [
        f"line {node.lineno}: bare except"
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    called = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return bare + [f"line {node.lineno}: {node.func.id}()" for node in called if node.func.id in NEVER_CALLED]


def size_faults(tree: ast.Module, lines: int, recipe: bool = False) -> list[str]:
    """Return what is too long: the file, a function without its docstring, a list of arguments without self.

    The constructor of a model recipe lists every parameter, as scikit-learn's `get_params` wants it; a command lists
    its options, which nobody hands over by position, and may have some more.
    """
    faults = [f"{lines} lines, at most {FILE_LINES}"] if lines > FILE_LINES else []
    for node in ast.walk(tree):
        if isinstance(node, Function):
            length = node.end_lineno - node.lineno + 1 - docstring_lines(node)
            if length > FUNCTION_LINES:
                faults.append(f"line {node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES}")
            command = any("command" in ast.unparse(decorator) for decorator in node.decorator_list)
            allowed = OPTIONS if command else ARGUMENTS
            if count_arguments(node) > allowed and not (recipe and node.name == "__init__"):
                faults.append(
                    f"line {node.lineno}: {node.name} has {count_arguments(node)} arguments, at most {allowed}"
                )
    return faults


def docstring_lines(node: Function) -> int:
    """Return how many lines the docstring of a function takes."""
    first = node.body[0]
    documented = (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    )
    return first.end_lineno - first.lineno + 1 if documented else 0


def count_arguments(node: Function) -> int:
    """Return the number of arguments besides self and cls."""
    names = [argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
    return len(names) - (names[:1] in (["self"], ["cls"]))


def without_type_checking(tree: ast.Module) -> ast.Module:
    """Return the tree without its ``if TYPE_CHECKING`` blocks, which never run."""
    kept = [node for node in tree.body if not (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))]
    return ast.Module(body=kept, type_ignores=[])


def import_graph(trees: dict[str, tuple[ast.Module, bool]]) -> dict[str, set[str]]:
    """Return module -> modules it imports; ``from a import b`` means a.b where that is a module, else a."""
    graph: dict[str, set[str]] = {}
    for module, (tree, package) in trees.items():
        named = imported(without_type_checking(tree), module, package)
        targets = {f"{source}.{name}" if f"{source}.{name}" in trees else source for _, source, name in named}
        graph[module] = targets & set(trees)
    return graph


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return one cycle of the graph, or an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def by_name(file: Path) -> str:
    return str(file.relative_to(ROOT))


@pytest.fixture(scope="module")
def trees():
    """Every file, read once."""
    return {file: parse(file) for file in FILES}


def faulty(faults_of, trees):
    """Return the files with faults, and their faults."""
    found = {by_name(file): faults_of(file, tree) for file, tree in trees.items()}
    return {name: faults for name, faults in found.items() if faults}


def test_every_room_has_files_to_read(trees):
    assert {file.relative_to(ROOT).parts[0] for file in trees} == set(BELOW)


def test_imports_follow_the_arrows(trees):
    assert faulty(lambda f, tree: import_faults(tree, module_name(f), f.name == "__init__.py"), trees) == {}


def test_nothing_is_printed_evaluated_or_caught_blindly(trees):
    assert faulty(lambda _, tree: statement_faults(tree), trees) == {}


def test_files_functions_and_argument_lists_are_short(trees):
    def too_long(file, tree):
        lines = len(file.read_text(encoding="utf-8").splitlines())
        return size_faults(tree, lines, recipe=file.parent == ROOT / "prognosis" / "models")

    assert faulty(too_long, trees) == {}


def test_a_file_is_named_after_its_idea():
    assert [by_name(file) for file in FILES if file.stem in NEVER_NAMED] == []


def test_every_file_opens_with_what_it_is(trees):
    assert [by_name(file) for file, tree in trees.items() if not ast.get_docstring(tree)] == []


@pytest.mark.parametrize("room", BELOW)
def test_a_room_says_what_it_may_import(room):
    assert "import" in ast.get_docstring(parse(ROOT / room / "__init__.py"))


def test_no_module_imports_itself_by_a_detour(trees):
    modules = {module_name(file): (tree, file.name == "__init__.py") for file, tree in trees.items()}
    assert find_cycle(import_graph(modules)) == []


# The rules themselves: each must catch what it is there for.


@pytest.mark.parametrize(
    ("module", "code", "fault"),
    [
        ("cohorts.a", "import prognosis.study", "cohorts must not import prognosis"),
        ("cohorts.a", "def f():\n    from reports import run", "cohorts must not import reports"),
        ("prognosis.models.a", "from ...reports import run", "prognosis must not import reports"),
        ("nomograms.a", "import imaging_head", "nomograms must not import imaging_head"),
        ("imaging_head.a", "from nomograms import points", "imaging_head must not import nomograms"),
        ("prognosis.a", "import matplotlib.pyplot", "matplotlib is no library of prognosis"),
        ("prognosis.a", "def f():\n    import torch", "torch is no library of prognosis"),
        ("prognosis.a", "import shap", "shap is imported inside functions only"),
        ("cohorts.a", "from os.path import *", "star import from os.path"),
        ("reports.a", "from pickle import loads", "pickle can run code on loading"),
    ],
)
def test_a_wrong_import_is_caught(module, code, fault):
    found = import_faults(ast.parse(code), module)
    assert len(found) == 1
    assert fault in found[0]


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("reports.a", "from imaging_head import head\nfrom nomograms.points import x\nimport json"),
        ("prognosis.a", "def f():\n    import shap"),
        ("prognosis.models.a", "from .b import c\nfrom ..study import Study"),
        ("imaging_head.a", "import torch"),
    ],
)
def test_a_right_import_passes(module, code):
    assert import_faults(ast.parse(code), module) == []


@pytest.mark.parametrize("code", ["print('x')", "eval('1')", "exec('1')", "try:\n    pass\nexcept:\n    pass"])
def test_a_forbidden_statement_is_caught(code):
    assert len(statement_faults(ast.parse(code))) == 1


def test_sizes_are_counted_without_docstring_and_self():
    body = "    x = 1\n"
    fits = f'def f(self, a, b, c, d, e, f, g, *, h):\n    """One.\n\n    Two.\n    """\n{body * 59}'
    assert size_faults(ast.parse(fits), 300) == []
    assert "f has 61 lines" in size_faults(ast.parse(fits + body), 300)[0]
    assert "f has 9 arguments" in size_faults(ast.parse("def f(a, b, c, d, e, f, g, h, i): pass"), 1)[0]
    nine = "class Recipe:\n    def __init__(self, a, b, c, d, e, f, g, h, i): pass"
    assert len(size_faults(ast.parse(nine), 1)) == 1
    assert size_faults(ast.parse(nine), 1, recipe=True) == []
    assert size_faults(ast.parse(""), 301) == ["301 lines, at most 300"]


@pytest.mark.parametrize(
    ("sources", "cycle"),
    [
        ({"p": "", "p.a": "from p import b", "p.b": "import p.a"}, {"p.a", "p.b"}),
        ({"p": "from p.a import x", "p.a": "from p import x"}, {"p", "p.a"}),
        ({"p": "", "p.a": "def f():\n    from . import b", "p.b": "from .a import f"}, {"p.a", "p.b"}),
        ({"p": "from p.a import x", "p.a": "from p.b import y", "p.b": ""}, set()),
        ({"p": "", "p.a": "if TYPE_CHECKING:\n    from p.b import y", "p.b": "import p.a"}, set()),
    ],
)
def test_a_cycle_is_found(sources, cycle):
    trees = {name: (ast.parse(code), name == "p") for name, code in sources.items()}
    assert set(find_cycle(import_graph(trees))) == cycle
