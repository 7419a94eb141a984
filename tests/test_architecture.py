"""The rules of the architecture, read from the source with ``ast`` and from fresh interpreters."""

from __future__ import annotations

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from functools import cache
from importlib import metadata
from typing import NamedTuple

import pytest
import stance
from stance import errors

from conftest import ROOT

PACKAGE = ROOT / "stance"
FACE = {
    *("Article", "ArticleCheck", "Label", "Pair", "Prediction", "Sentence", "SourceComparison"),
    *("StanceClassifier", "StanceError", "check_article", "compare_sources", "read_article"),
    *("split_sentences", "__version__"),
}
REQUIRES = ("require", "importlib.import_module", "import_module", "errors.require")
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef

# Which layer a module or folder belongs to, and which layers it may import from besides its own.
LAYER_OF = {
    **dict.fromkeys(["errors", "schema", "files", "parts", "printable", "remote", "tables"], "ground"),
    **dict.fromkeys(["cards", "questions", "testing", "resampling"], "ground"),
    **dict.fromkeys(["segment", "articles", "corpus"], "text"),
    **dict.fromkeys(["checkpoint", "weights", "inference"], "model"),
    **dict.fromkeys(["check", "report", "board", "board_data", "board_tables"], "judgement"),
    **dict.fromkeys(["verdicts", "deciding", "copies", "suggest", "explain"], "judgement"),
    **dict.fromkeys(["console", "evaluation"], "judgement"),
    **dict.fromkeys(
        [
            "",
            "train",
            "quickstart",
            "publish",
            "results",
            "pages",
            "page_tables",
            "batch_tables",
            "article_tables",
            "speed_tables",
            "speed_summary",
            "studies",
            "batch_cli",
            "evaluate_cli",
            "service",
            "service_page",
            "serve_cli",
            "compare_cli",
            "usage",
            "opening",
            "cli",
            "corpus_cli",
            "option_types",
            "output",
            "__main__",
        ],
        "roof",
    ),
}
BELOW = {
    "ground": set(),
    "text": {"ground"},
    "model": {"ground"},  # text and model meet only further up
    "judgement": {"ground", "text"},  # whatever predicts will do: no model in particular
    "roof": {"ground", "text", "model", "judgement"},
}


class Import(NamedTuple):
    """A module that is asked for, and how."""

    target: str
    line: int
    inside_function: bool
    for_types: bool
    extra: str = ""  # of ``require(module, extra)``


def modules() -> list[str]:
    """Return the dotted names below ``stance``; the face itself is ''."""
    names = []
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return names


MODULES = modules()


def source_of(module: str) -> str:
    path = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return file.read_text(encoding="utf-8")


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse(source_of(module))


@cache
def imports_of(module: str) -> list[Import]:
    return list(_imports(tree_of(module).body))


def _imports(nodes: Iterable[ast.AST], inside: bool = False, types: bool = False) -> Iterator[Import]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (Import(alias.name, node.lineno, inside, types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: imports are absolute"
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                is_module = whole.removeprefix("stance.") in MODULES
                yield Import(whole if is_module else str(node.module), node.lineno, inside, types)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in REQUIRES:
            names = [argument.value for argument in node.args if isinstance(argument, ast.Constant)]
            if isinstance(node.args[0], ast.Constant):
                yield Import(names[0], node.lineno, inside, types, *names[1:2])
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield from _imports(node.body, inside, True)
            yield from _imports(node.orelse, inside, types)
        else:
            deeper = inside or isinstance(node, FUNCTIONS)
            yield from _imports(ast.iter_child_nodes(node), deeper, types)


def own_imports(module: str) -> Iterator[tuple[str, Import]]:
    """Yield the package's own modules that a module imports, named without ``stance``."""
    for one in imports_of(module):
        if one.target.partition(".")[0] == "stance":
            yield one.target.removeprefix("stance").removeprefix("."), one


def foreign_imports(module: str) -> Iterator[tuple[str, Import]]:
    """Yield the top-level names of the third-party modules that run, not those for types only."""
    for one in imports_of(module):
        top = one.target.partition(".")[0]
        if top not in sys.stdlib_module_names and top not in ("stance", "tomllib") and not one.for_types:
            yield top, one


def layer_of(module: str) -> str:
    top = module.partition(".")[0]
    assert top in LAYER_OF, f"stance/{top} has no layer yet: give it one in LAYER_OF and in the architecture"
    return LAYER_OF[top]


def may_use_torch(module: str) -> bool:
    return module == "inference.gpu" or module.partition(".")[0] == "train"


def hidden_requires(module: str) -> list[int]:
    """Return the lines where ``require`` is given a variable, which these rules cannot read."""
    return [
        node.lineno
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "require"
        and not all(isinstance(argument, ast.Constant) for argument in node.args)
    ]


def functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in ast.walk(tree_of(module)) if isinstance(node, FUNCTIONS)]


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that code loads in a fresh interpreter."""
    script = f"import json, sys\nbefore = set(sys.modules)\n{code}\n"
    script += "print(json.dumps(sorted({name.partition('.')[0] for name in set(sys.modules) - before})))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


# The public face


def test_the_public_face_is_the_one_that_outside_code_is_written_against() -> None:
    assert set(stance.__all__) == FACE
    assert stance.__all__ == sorted(stance.__all__)
    assert len(stance.__all__) <= 15


@pytest.mark.parametrize("name", sorted(FACE - {"__version__"}))
def test_a_public_name_is_documented_and_called_what_it_is_called(name: str) -> None:
    value = getattr(stance, name)
    assert value.__name__ == name
    assert value.__module__.startswith("stance.")
    assert (value.__doc__ or "").strip()
    assert name in dir(stance)
    assert getattr(stance, name) is value


def test_type_checkers_see_the_names_where_they_are_found_at_run_time() -> None:
    seen = {}
    for node in ast.walk(tree_of("")):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("stance."):
            seen.update({alias.name: node.module for alias in node.names})
    assert seen == {name: getattr(stance, name).__module__ for name in FACE - {"__version__"}}


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'stance' has no attribute 'Classifier'"):
        stance.Classifier  # noqa: B018
    assert not hasattr(stance, "__wrapped__")


def test_a_star_import_brings_exactly_the_public_names() -> None:
    space: dict[str, object] = {}
    exec("from stance import *", space)
    assert set(space) - {"__builtins__"} == FACE


def test_the_version_is_a_release_number() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:\.?(?:dev|a|b|rc)\d+)?", stance.__version__)


# What is loaded when

HELP = """
import contextlib, io, stance.cli
for arguments in {arguments}:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        stance.cli.main(arguments)
"""


@pytest.mark.parametrize(
    "code",
    [
        "import stance",
        "import stance.cli",
        "import stance.errors, stance.schema, stance.tables, stance.cards, stance.checkpoint",
        "from stance import Article, Label, check_article, compare_sources, read_article, split_sentences",
        HELP.format(arguments=[["--help"], ["--version"], ["classify", "--help"], ["train", "--help"]]),
    ],
    ids=["import", "import cli", "ground", "face without a model", "help"],
)
def test_nothing_but_the_standard_library_is_loaded_before_it_is_needed(code: str) -> None:
    assert loaded_by(code) - set(sys.stdlib_module_names) == {"stance"}


def test_the_classifier_needs_no_torch_and_no_transformers() -> None:
    loaded = loaded_by(
        "from stance import StanceClassifier\n"
        "StanceClassifier.from_pretrained(device='cpu').classify('They met.', 'They talked for an hour.')"
    )
    assert "openvino" in loaded
    assert not loaded & {"torch", "transformers", "datasets", "sklearn", "pyarrow", "pandas", "scipy"}


WITHOUT_EXTRAS = """
import importlib, sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {hidden}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hidden())
for name in {names}:
    importlib.import_module(name)
from stance.errors import MissingExtraError
from stance.tables import write_table
try:
    write_table("nowhere/x.parquet", [{{"a": 1}}], ("a",))
except MissingExtraError as error:
    assert "claim-stance[parquet]" in str(error), error
else:
    raise SystemExit("a table was written without pyarrow")
"""


def test_all_but_training_and_the_service_can_be_imported_without_any_extra(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    hidden = ["torch", "transformers", "datasets", "evaluate", "sklearn", "scipy", "pyarrow", "nltk"]
    hidden += ["matplotlib", "safetensors", "accelerate", "tensorboard", "trafilatura", "lxml"]
    hidden += ["fastapi", "starlette", "pydantic", "uvicorn", "prometheus_client"]
    needs_extra = ("train", "evaluation.stance_score", "service.")
    names = [f"stance.{name}" for name in MODULES if name and not name.startswith(needs_extra)]
    names = [name for name in names if name != "stance.__main__"]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRAS.format(hidden=hidden, names=names)],
        capture_output=True,
        text=True,
        cwd=tmp_path_factory.mktemp("elsewhere"),
    )
    assert done.returncode == 0, done.stderr


# Who may import whom


@pytest.mark.parametrize(
    "module",
    [module for module in MODULES if not may_use_torch(module)],
    ids=lambda module: module or "face",
)
def test_torch_and_transformers_stay_in_the_gpu_backend_and_in_training(module: str) -> None:
    users = [one for top, one in foreign_imports(module) if top in ("torch", "transformers")]
    assert not users, f"{module} imports {users}"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "face")
def test_an_optional_dependency_is_required_by_a_name_that_can_be_read(module: str) -> None:
    assert hidden_requires(module) == []


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "face")
def test_a_module_imports_only_from_its_own_layer_and_from_below(module: str) -> None:
    own = layer_of(module)
    allowed = BELOW[own] | {own}
    upwards = [
        f"line {one.line}: {target or 'stance'}"
        for target, one in own_imports(module)
        if layer_of(target) not in allowed
    ]
    assert not upwards, f"{module} ({own}) may import from {sorted(allowed)} only: {upwards}"


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {
        module: {
            target for target, one in own_imports(module) if not one.inside_function and not one.for_types
        }
        for module in MODULES
    }
    order = list(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle
    assert set(order) == set(MODULES)


def test_nothing_imports_the_command_line_but_the_entry_point() -> None:
    users = {module for module in MODULES for target, _ in own_imports(module) if target == "cli"}
    assert users == {"__main__"}


# What is declared


def declared() -> dict[str, set[str]]:
    """Return the distributions of the core ('') and of each extra, as pyproject.toml names them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lists = {"": re.search(r"^dependencies = \[(.*?)^\]", text, re.S | re.M).group(1)}  # type: ignore[union-attr]
    section = re.search(r"^\[project\.optional-dependencies\]\n(.*?)^\[", text, re.S | re.M)
    assert section
    lists.update(re.findall(r"^(\w+) = \[(.*?)\]$", section.group(1), re.S | re.M))
    names = re.compile(r'"([A-Za-z0-9._-]+)')
    return {extra: {_norm(name) for name in names.findall(body)} for extra, body in lists.items()}


def _norm(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


DECLARED = declared()
HOME_OF = metadata.packages_distributions()
FOREIGN = sorted(
    {
        (top, one.extra, module)
        for module in MODULES
        for top, one in foreign_imports(module)
        if may_use_torch(module) or top not in ("torch", "transformers")  # has its own test
    }
)


@pytest.mark.parametrize(("top", "extra", "module"), FOREIGN)
def test_what_is_imported_is_declared_where_the_pip_line_says(top: str, extra: str, module: str) -> None:
    assert not extra or extra in DECLARED, f"require names the extra {extra!r}, which does not exist"
    homes = {_norm(name) for name in HOME_OF.get(top, [top])}
    allowed = DECLARED[""] | DECLARED.get(extra, set())
    if module.startswith("train") or module == "evaluation.stance_score":
        allowed |= DECLARED["train"]
    if module.startswith("service"):
        allowed |= DECLARED["serve"]
    assert homes & allowed, f"{module} imports {top}, which neither the core nor [{extra}] brings"


def test_the_extra_html_names_the_part_of_lxml_that_trafilatura_needs() -> None:
    assert "lxml-html-clean" in DECLARED["html"]


# Size and style


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "face")
def test_a_module_stays_under_300_lines(module: str) -> None:
    assert len(source_of(module).splitlines()) < 300


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "face")
def test_a_function_stays_under_60_lines(module: str) -> None:
    lines = [(one.name, one.lineno, (one.end_lineno or 0) - one.lineno + 1) for one in functions(module)]
    assert [one for one in lines if one[-1] >= 60] == []


CALLED_BY_TRANSFORMERS = {"train.resumable.on_train_begin", "train.resumable._run_epoch"}


def test_a_function_takes_at_most_8_parameters_and_no_kwargs_of_our_own() -> None:
    for module in MODULES:
        for one in functions(module):
            given = [*one.args.posonlyargs, *one.args.args, *one.args.kwonlyargs]
            names = [argument.arg for argument in given if argument.arg not in ("self", "cls")]
            assert len(names) <= 8, f"{module}.{one.name} takes {len(names)} parameters"
            if f"{module}.{one.name}" not in CALLED_BY_TRANSFORMERS:
                assert one.args.kwarg is None, f"{module}.{one.name} takes **{one.args.kwarg}"


def test_no_assert_guards_what_a_user_gives() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module in MODULES
        for node in ast.walk(tree_of(module))
        if isinstance(node, ast.Assert)
    ]
    assert found == []


def test_whatever_is_raised_on_purpose_is_a_stance_error() -> None:
    ours = {name for name, value in vars(errors).items() if isinstance(value, type)}
    of_others = {  # the lazy face; how routes are left; what rich swallows; what argparse waits for
        "": "AttributeError",
        "service.gate": "HTTPException",
        "console": "BrokenPipeError",
        "option_types": "ArgumentTypeError",
    }
    foreign = {}
    for module in MODULES:
        for node in ast.walk(tree_of(module)):
            if isinstance(node, ast.Raise) and node.exc is not None:
                name = ast.unparse(node.exc.func if isinstance(node.exc, ast.Call) else node.exc)
                if name not in ours and name != of_others.get(module):
                    foreign[f"{module}:{node.lineno}"] = name
    assert foreign == {}


PICKLES = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}


# A cluster's own messages between its workers, which Ray pickles anyhow; nothing of it comes from a file.
MESSAGES = "inference.ray_engine"


@pytest.mark.parametrize("module", [one for one in MODULES if one != MESSAGES], ids=lambda one: one or "face")
def test_nothing_reads_a_pickle(module: str) -> None:
    tops = {one.target.partition(".")[0] for one in imports_of(module)}
    assert not tops & PICKLES
    calls = {ast.unparse(node.func) for node in ast.walk(tree_of(module)) if isinstance(node, ast.Call)}
    readers = {"torch.load", "np.load", "numpy.load", "pd.read_pickle", "pandas.read_pickle"}
    assert not calls & readers
    assert not {call for call in calls if call.endswith("._torch.load")}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module or "face")
def test_models_are_opened_from_safetensors_and_without_their_code(module: str) -> None:
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Call) and re.search(r"\bAuto\w+\.from_pretrained$", ast.unparse(node.func)):
            given = {one.arg: ast.unparse(one.value) for one in node.keywords}
            assert given.get("trust_remote_code") == "False", f"{module}:{node.lineno}"
            if "AutoModel" in ast.unparse(node.func):
                assert given.get("use_safetensors") == "True", f"{module}:{node.lineno}"


def test_every_module_stands_on_the_map() -> None:
    drawn = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    names = [
        f"{name}*" if name.endswith("/") else name
        for name in re.findall(r"[\w*/]+(?:\.py|/)(?=[\s,])", drawn.partition("stance/\n")[2])
    ]
    files = [file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py")]
    missing = [file for file in files if not any(fnmatchcase(file, name) for name in names)]
    assert [file for file in missing if not file.endswith("/__init__.py")] == []
    ours = [name for name in names if name.endswith(".py")]
    assert [name for name in ours if not any(fnmatchcase(file, name) for file in files)] == []


def test_every_folder_of_code_is_a_package() -> None:
    for file in PACKAGE.rglob("*.py"):
        assert (file.parent / "__init__.py").is_file(), f"{file.parent} lacks an __init__.py"
