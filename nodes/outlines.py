"""What an engineer has to know of files that are not theirs: the signatures in the modules their own code imports. Python only."""

import ast
import functools
from collections.abc import Iterable, Iterator, Mapping

KEPT = 1024
"""Files whose outline is remembered: the engineers of a wave ask for the same ones, and parsing takes a millisecond each."""

MAX_VALUE_CHARACTERS = 60
"""Longer constants are data, of which the name says enough."""


def outlines(own: Mapping[str, str], files: Mapping[str, str]) -> dict[str, str]:
    """Path → outline of each module of `files` that a file of `own`, tests aside, imports; in the order of their paths."""
    wanted = {path for name, text in own.items() if not name.startswith("tests/") for path in _imported(text)}
    return {path: told for path in sorted(wanted) if path in files and path not in own and (told := outline(files[path]))}


def shared_outlines(parts: Iterable[Mapping[str, str]], files: Mapping[str, str]) -> dict[str, str]:
    """What the parts use of one another and of the frame: the same text for the engineers of all parts, so that providers cache it."""
    found = [outlines(own, files) for own in parts]
    return dict(sorted(item for part in found for item in part.items()))


@functools.lru_cache(KEPT)
def outline(source: str) -> str:
    """Public classes, functions and constants with their types and the first line of their docstrings; empty if it cannot be read."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return ""
    return "\n".join(line for statement in body for line in _told(statement, ""))


@functools.lru_cache(KEPT)
def _imported(source: str) -> tuple[str, ...]:
    """The files `import` statements may mean: a module, a package, or a module in one."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ()
    modules = [module.replace(".", "/") for node in ast.walk(tree) for module in _modules(node)]
    return tuple(path for module in modules for path in (f"{module}.py", f"{module}/__init__.py"))


def _modules(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), names=names, level=0):
            return [module, *(f"{module}.{alias.name}" for alias in names)]
        case _:
            return []


def _told(statement: ast.stmt, indent: str) -> Iterator[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) if not name.startswith("_"):
            word = "async def" if isinstance(statement, ast.AsyncFunctionDef) else "def"
            returns = f" -> {ast.unparse(statement.returns)}" if statement.returns else ""
            yield f"{indent}{word} {name}({ast.unparse(statement.args)}){returns}:{_opening(statement)}"
        case ast.ClassDef(name=name) if not name.startswith("_"):
            bases = f"({', '.join(map(ast.unparse, statement.bases))})" if statement.bases else ""
            yield f"{indent}class {name}{bases}:{_opening(statement)}"
            for inner in statement.body:
                yield from _told(inner, f"{indent}    ")
        case ast.AnnAssign(target=ast.Name(id=name)) if not name.startswith("_"):
            yield f"{indent}{name}: {ast.unparse(statement.annotation)}"
        case ast.Assign(targets=[ast.Name(id=name)]) if not name.startswith("_"):
            value = ast.unparse(statement.value)
            yield f"{indent}{name} = {value if len(value) <= MAX_VALUE_CHARACTERS else '…'}"


def _opening(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    docstring = ast.get_docstring(statement)
    return f"  # {docstring.partition(chr(10))[0]}" if docstring else ""
