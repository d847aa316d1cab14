"""What a folder of one's own holds in Python, in CrewAI's own shapes: guardrails, tools, hooks and event listeners.

Names are found by reading a file; only a process that runs agents executes it, once. Nothing else of the folder is executed.
"""

import ast
import functools
import importlib.util
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from nodes.agents.guardrails import GuardrailFunction
from nodes.errors import OwnCodeFailed, RosterInvalid

R = TypeVar("R")

GUARDRAILS, TOOLS, HOOKS, LISTENERS = FILES = ("guardrails.py", "tools.py", "hooks.py", "listeners.py")


@dataclass(frozen=True)
class OwnCode:
    """What was found.

    `tools` are CrewAI's `BaseTool`s by their name in the file; `hooks` are as CrewAI's `scoped_hooks` takes them, by interception point.
    """

    guardrails: Mapping[str, GuardrailFunction] = field(default_factory=dict)
    tools: Mapping[str, Any] = field(default_factory=dict)
    hooks: Mapping[Any, list[Any]] = field(default_factory=dict)
    listeners: tuple[str, ...] = ()

    @property
    def hook_names(self) -> tuple[str, ...]:
        """Each hook with the point at which it is called."""
        return tuple(f"{hook.__name__} ({point.value})" for point, hooks in self.hooks.items() for hook in hooks)

    @property
    def listens(self) -> bool:
        """Whether anybody hears CrewAI's events; making those of each model call takes half a millisecond."""
        return bool(self.listeners)


def names_in(path: Path) -> tuple[str, ...]:
    """The public names a Python file defines at its top, without running it; none if there is no file. Raises `RosterInvalid`."""
    if not path.is_file():
        return ()
    try:
        statements = ast.parse(path.read_text(encoding="utf-8")).body
    except (SyntaxError, ValueError) as error:
        raise RosterInvalid(f"{path}:{getattr(error, 'lineno', None) or 1}: not valid Python: {error}.") from error
    return tuple(name for statement in statements for name in _defined(statement) if not name.startswith("_"))


def _defined(statement: ast.stmt) -> list[str]:
    match statement:
        case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            return [alias.asname or alias.name for alias in names]
        case _:
            return []


@functools.cache
def load_own_code(folder: Path) -> OwnCode:
    """Run the folder's files, once in a process, after `crewai_import`. Raises `RosterInvalid` naming file and line."""
    return OwnCode(_guardrails(folder / GUARDRAILS), _tools(folder / TOOLS), _hooks(folder / HOOKS), _listeners(folder / LISTENERS))


def _guardrails(path: Path) -> dict[str, GuardrailFunction]:
    module = _executed(path)
    found = {name: getattr(module, name) for name in names_in(path)}
    return {name: _telling(path, judge) for name, judge in found.items() if callable(judge) and not isinstance(judge, type)}


def _telling(path: Path, judge: GuardrailFunction) -> GuardrailFunction:
    """A guardrail that fails is no fault of the model, which is not asked again."""

    @functools.wraps(judge)
    def telling(output: Any) -> tuple[bool, Any]:  # noqa: ANN401 - CrewAI's TaskOutput, which is imported late
        try:
            taken, result = judge(output)
        except Exception as error:
            raise OwnCodeFailed(f"{_place(path, error)}: {judge.__name__}: {type(error).__name__}: {error}") from error
        return bool(taken), result

    return telling


def _tools(path: Path) -> dict[str, Any]:
    """What `@tool` made, and classes derived from `BaseTool` in the file itself, which are made without arguments."""
    from crewai.tools import BaseTool

    module = _executed(path)
    tools: dict[str, Any] = {}
    for name in names_in(path):
        value = getattr(module, name)
        if isinstance(value, BaseTool):
            tools[name] = value
        elif isinstance(value, type) and issubclass(value, BaseTool) and value.__module__ == f"appyard_own_{path.stem}":
            tools[name] = _guarded(path, value)
    return tools


def _hooks(path: Path) -> dict[Any, list[Any]]:
    """CrewAI's decorators register for the whole process; ours hold for our agents alone, so they are taken out again."""
    from crewai.hooks.dispatch import InterceptionPoint, get_global_hook_list

    before = {point: len(get_global_hook_list(point)) for point in InterceptionPoint}
    try:
        _executed(path)
    finally:
        added = {point: get_global_hook_list(point)[count:] for point, count in before.items()}
        for point, count in before.items():
            del get_global_hook_list(point)[count:]
    return {point: [_strict(path, point, hook) for hook in hooks] for point, hooks in added.items() if hooks}


def _strict(path: Path, point: Any, hook: Any) -> Any:  # noqa: ANN401 - a hook's context and result depend on its point
    """CrewAI goes on where a hook fails, and sends what the hook should have kept back; here the task stops."""
    from crewai.hooks.dispatch import HookAborted, InterceptionPoint

    @functools.wraps(hook)
    def strict(context: Any) -> Any:  # noqa: ANN401 - see above
        try:
            result = hook(context)
        except HookAborted as aborted:
            raise HookAborted(f"{_place(path, aborted)}: {hook.__name__}: {aborted.reason}", hook) from aborted
        except Exception as error:
            raise HookAborted(f"{_place(path, error)}: {hook.__name__}: {type(error).__name__}: {error}", hook) from error
        if result is False and point is InterceptionPoint.PRE_MODEL_CALL:
            raise HookAborted(f"{path}: {hook.__name__} returned False, which forbids the call", hook)
        return result

    return strict


def _listeners(path: Path) -> tuple[str, ...]:
    from crewai.events import BaseEventListener

    module = _executed(path)
    if module is None:
        return ()
    kinds = [value for name in names_in(path) if isinstance(value := getattr(module, name), type)]
    written = [kind for kind in kinds if issubclass(kind, BaseEventListener) and kind.__module__ == module.__name__]
    made = {type(value) for value in vars(module).values()}
    for kind in written:
        if kind not in made:  # CrewAI's examples make the instance themselves, at the end of the file
            _guarded(path, kind)
    return tuple(kind.__name__ for kind in written) or (path.name,)


def _executed(path: Path) -> ModuleType | None:
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"appyard_own_{path.stem}", path)
    assert spec is not None
    loader = spec.loader
    assert loader is not None
    module = importlib.util.module_from_spec(spec)
    _guarded(path, lambda: loader.exec_module(module))
    return module


def _guarded(path: Path, run: Callable[[], R]) -> R:
    try:
        return run()
    except Exception as error:
        raise RosterInvalid(f"{_place(path, error)}: {type(error).__name__}: {error}.") from error


def _place(path: Path, error: Exception) -> str:
    """The file with the line in it at which `error` arose."""
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f"{path}:{lines[-1]}" if lines else str(path)
