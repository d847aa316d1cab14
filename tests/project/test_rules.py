"""Rules that no ready-made linter holds, or that a `noqa` could silence. Each failure names file and line."""

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PACKAGES = ("graph", "nodes", "server", "checkpoints")

CATCH_EVERYTHING = {
    "server/worker/execute_run.py",  # a run that fails in an unforeseen way ends as failed, with its reason
    "server/worker/run_worker.py",  # a worker that loses its connection starts again
    "server/api/sse.py",  # a stream that breaks is closed; the client comes back
    "server/graphs.py",  # whatever a user's module raises while it is loaded is the reason reported
    "nodes/agents/self_test.py",  # whatever CrewAI's internals raise is the finding
    "nodes/agents/own_code.py",  # whatever code of the user raises is the reason reported
}
ENVIRONMENT_READERS = {
    "server/settings.py",
    "server/__init__.py",  # langgraph reads its switch for strict deserialization while it is imported
    "nodes/verification/browser/visit.py",  # runs inside the sandbox, as a program of its own
    "nodes/agents/crewai_import.py",  # CrewAI can be told by nothing else to keep quiet
}
BEFORE_THE_SCHEMA = {"checkpoints/migrate.py"}  # its statements find out what there is, before queries.sql can be used
UNSAFE_TO_LOAD = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}  # a forged checkpoint would run its code
REGISTRIES = tuple(".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com")))
STATEMENT = re.compile(r"\s*(SELECT\s|INSERT\s+INTO\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+TABLE\s)", re.IGNORECASE)
LARGEST_FILE_BYTES = 600_000


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    """Our modules below `folders`, parsed; templates of built apps, and the small one in the tests, are not ours."""
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            if not {"templates", "library"} & set(path.parts):
                yield str(path.relative_to(REPOSITORY)), ast.parse(path.read_text(), str(path))


def tracked_files() -> list[Path]:
    """What git keeps, or would keep at the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    return [path for name in sorted(filter(None, listed.stdout.split("\0"))) if (path := REPOSITORY / name).is_file()]


def dotted(node: ast.expr) -> str:
    """`os.environ` for the expression of that name; an empty text for anything else."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attribute) if owner := dotted(value):
            return f"{owner}.{attribute}"
        case _:
            return ""


def imported(node: ast.AST) -> set[str]:
    """The modules and names an import statement brings in: `from os import environ` gives os and os.environ."""
    match node:
        case ast.Import(names=names):
            return {alias.name for alias in names}
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return {module} | {f"{module}.{alias.name}" for alias in names}
        case _:
            return set()


def is_broad(handler: ast.ExceptHandler) -> bool:
    """True if it catches everything and does not pass it on."""
    caught = {dotted(node) for node in ast.walk(handler.type) if isinstance(node, ast.expr)} if handler.type else {"BaseException"}
    passes_on = any(isinstance(node, ast.Raise) and node.exc is None for node in ast.walk(handler))
    return bool(caught & {"Exception", "BaseException"}) and not passes_on


def test_only_outermost_loops_and_loaders_of_foreign_code_catch_everything() -> None:
    broad = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node) and path not in CATCH_EVERYTHING
    ]
    assert broad == []


def test_only_settings_reads_the_environment() -> None:
    readers = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES, "benchmarks")
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.getenv", "os.environb"})
        or (isinstance(node, ast.ImportFrom) and imported(node) & {"os.environ", "os.getenv"})
        if path not in ENVIRONMENT_READERS
    ]
    assert readers == []


def test_nothing_is_loaded_that_could_run_code() -> None:
    unsafe = [
        f"{path}:{node.lineno}"
        for path, tree in sources(*PACKAGES)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and {name.partition(".")[0] for name in imported(node)} & UNSAFE_TO_LOAD
    ]
    assert unsafe == []


def test_sql_lives_in_sql_files() -> None:
    in_python = [
        f"{path}:{node.lineno}"
        for path, tree in sources("checkpoints", "server", "graph")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and STATEMENT.match(node.value)
        if path not in BEFORE_THE_SCHEMA
    ]
    assert in_python == []


def test_no_test_waits_for_the_clock() -> None:
    """`asyncio.sleep(0)` only lets others run, so it is allowed. Hostile programs, which run in the sandbox, do as they like."""
    sleeping = [
        f"{path}:{node.lineno}"
        for path, tree in sources("tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) in {"time.sleep", "asyncio.sleep", "anyio.sleep", "sleep"}
        if [ast.unparse(argument) for argument in node.args] != ["0"] and not path.endswith("/attacks.py")
    ]
    assert sleeping == []


def test_no_test_replaces_what_it_tests_by_a_mock() -> None:
    mocking = [
        f"{path}:{node.lineno}"
        for path, tree in sources("tests")
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and {"mock", "unittest.mock", "pytest_mock"} & imported(node)
    ]
    assert mocking == []


def test_every_suppression_has_its_code_and_its_reason() -> None:
    reasoned = re.compile(r"#\s*(noqa: [A-Z0-9, ]+|type: ignore\[[\w, -]+\])\s*(-|#|–)\s*\w+")
    bare = []
    for path, _ in sources(*PACKAGES, "tests", "benchmarks"):
        with (REPOSITORY / path).open("rb") as file:
            comments = [token for token in tokenize.tokenize(file.readline) if token.type == tokenize.COMMENT]
        bare += [
            f"{path}:{comment.start[0]} {comment.string}"
            for comment in comments
            if re.search(r"#\s*(noqa|type:\s*ignore)", comment.string) and not reasoned.search(comment.string)
        ]
    assert bare == []


def test_test_file_names_are_unique() -> None:
    names = [Path(path).name for path, _ in sources("tests") if Path(path).name.startswith("test_")]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def test_no_file_names_a_package_registry() -> None:
    """Where packages come from is the installer's configuration, never ours."""
    naming = [
        f"{path.relative_to(REPOSITORY)}: {host}" for path in tracked_files() for host in REGISTRIES if host.encode() in path.read_bytes()
    ]
    assert naming == []


def test_files_are_text_as_git_likes_it() -> None:
    """No merge marker, no trailing blank, a newline at the end, nothing large."""
    faults = []
    for path in tracked_files():
        content = path.read_bytes()
        name = str(path.relative_to(REPOSITORY))
        if len(content) > LARGEST_FILE_BYTES:
            faults.append(f"{name}: {len(content)} bytes")
        if b"\0" in content or not content:
            continue
        if re.search(rb"^(<{7}|>{7}) ", content, re.MULTILINE):
            faults.append(f"{name}: merge marker")
        if b"\r\n" in content:
            faults.append(f"{name}: CRLF")
        if path.suffix in {".py", ".sql", ".toml", ".yaml", ".sh"} and re.search(rb"[ \t]+$", content, re.MULTILINE):
            faults.append(f"{name}: trailing blanks")
        if not content.endswith(b"\n"):
            faults.append(f"{name}: no newline at the end")
    assert faults == []
