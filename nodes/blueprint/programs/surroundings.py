"""Write what surrounds a program that engineers write whole: how it is started, packed, tested and licensed."""

import shlex
from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from nodes.artifacts import AppSpec, CommandStep, RequestStep
from nodes.blueprint.frame import text

RENAMED = {"gitignore": ".gitignore", "dockerignore": ".dockerignore"}
SHARED = "LICENSE"
"""The same as the default stack's."""


def surroundings(spec: AppSpec) -> dict[str, str]:
    """Path → text, in the order of the paths; the same specification gives the same bytes."""
    folder = f"{spec.stack}/"
    names = [name for name in _environment().list_templates() if name.startswith(folder)]
    files = {_target(name.removeprefix(folder)): _environment().get_template(name).render(app=spec) for name in names}
    files[SHARED] = _environment().get_template(f"project/{SHARED}.j2").render(app=spec)
    return dict(sorted(files.items()))


def _target(name: str) -> str:
    path = name.removesuffix(".j2")
    return RENAMED.get(path, path)


def _call(step: CommandStep | RequestStep) -> str:
    """What a person types after the program's name, or the request they send."""
    if isinstance(step, RequestStep):
        return text.one_line(f"{step.method} {step.path} {step.body}")
    return text.one_line(shlex.join(step.arguments) + (" < INPUT" if step.typed else ""))


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
    environment.filters |= {"md": text.in_markdown, "toml": text.in_toml, "doc": text.in_docstring, "call": _call}
    return environment
