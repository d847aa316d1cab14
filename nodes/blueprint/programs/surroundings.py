"""Write what surrounds an app that engineers write whole: how it is started, packed, tested and licensed; and what its parts stand on."""

import json
import shlex
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from nodes.artifacts import AppSpec, CommandStep, RequestStep
from nodes.blueprint.frame import text, words
from nodes.blueprint.frame.app_view import app_view
from nodes.blueprint.programs.ground import about
from nodes.contract import contract_of
from nodes.stack import STACKS

RENAMED = {"gitignore": ".gitignore", "dockerignore": ".dockerignore"}
SHARED = "LICENSE"
"""The same as the default stack's."""


def surroundings(spec: AppSpec) -> dict[str, str]:
    """Path → text, in the order of the paths; the same specification gives the same bytes."""
    folder = f"{spec.stack}/"
    names = [name for name in _environment().list_templates() if name.startswith(folder)]
    known = _known_of_records(spec) if STACKS[spec.stack].keeps_records else {"app": spec}
    files = {_target(name.removeprefix(folder)): _environment().get_template(name).render(known) for name in names}
    files[SHARED] = _environment().get_template(f"project/{SHARED}.j2").render(app=spec)
    return dict(sorted(files.items()))


def _known_of_records(spec: AppSpec) -> dict[str, object]:
    contract = contract_of(spec)
    return {"app": app_view(spec, contract), "about": about(spec, contract), "contract": contract}


def _target(name: str) -> str:
    path = name.removesuffix(".j2")
    return RENAMED.get(path, path)


def _call(step: CommandStep | RequestStep) -> str:
    """What a person types after the program's name, or the request they send."""
    if isinstance(step, RequestStep):
        return text.one_line(f"{step.method} {step.path} {step.body}")
    return text.one_line(shlex.join(step.arguments) + (" < INPUT" if step.typed else ""))


def _json(value: object) -> str:
    """A value as JSON and TypeScript have it."""
    return json.dumps(value, ensure_ascii=False)


@cache
def _environment() -> Environment:
    """The delimiters and the escapes of the frame."""
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("nodes.blueprint.programs"), PackageLoader("nodes.blueprint.frame")]),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # the output is source text, escaped by the filters
    )
    environment.filters |= {"md": text.in_markdown, "toml": text.in_toml, "doc": text.in_docstring, "call": _call, "json": _json}
    environment.globals |= {"words": words, "slot": lambda _: ""}
    return environment
