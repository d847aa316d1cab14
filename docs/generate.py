"""Write the parts of the documentation that follow from code: settings, the picture of the graph, the list of modules.

`make docs` runs it; tests/project/test_documentation.py fails where a file differs from what this would write.
"""

import ast
import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from graph.builder import make_graph
from server.settings import Settings, variable_of

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("graph", "nodes", "checkpoints", "server")


def default_text(field: FieldInfo) -> str:
    """The default as one would write it in the environment; empty for none."""
    default = field.get_default(call_default_factory=True, validated_data={})
    match default:
        case None | {}:
            return ""
        case bool():
            return str(default).lower()
        case _ if default is PydanticUndefined:
            return ""
        case _:
            return str(default)


def env_example() -> str:
    """The text of .env.example: every setting, commented out, with its default."""
    lines = ["# Every setting of Appyard with its default. Written by `make docs` from server/settings.py.", ""]
    for name, field in Settings.model_fields.items():
        lines += [f"# {field.description}", f"# {variable_of(name, field)}={default_text(field)}", ""]
    return "\n".join(lines)


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| variable | default | what it decides |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = default_text(field)
        rows.append(f"| `{variable_of(name, field)}` | {f'`{default}`' if default else ''} | {in_a_table(field.description or '')} |")
    return "\n".join(rows)


def in_a_table(text: str) -> str:
    """`text` with what Markdown would read as markup in a table written so that it is shown."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def graph_picture() -> str:
    """The graph as LangGraph draws it. Drawing runs no node, so any workshop will do."""
    graph = asyncio.run(make_graph({"configurable": {"workshop": "not entered"}}))
    return f"```mermaid\n{graph.get_graph().draw_mermaid().strip()}\n```"


def purpose(module: Path) -> str:
    """The first sentence of a module's docstring, fit for a table."""
    text = " ".join((ast.get_docstring(ast.parse(module.read_text())) or "").split("\n\n")[0].split())
    sentence = re.split(r"(?<=[.?]) (?=[A-Z])", text)[0]
    return in_a_table(sentence)


def module_list() -> str:
    """Every module with what it does, by package; the templates of built apps are not ours."""
    sections = []
    folders = sorted(
        {path.parent for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py") if "templates" not in path.parts}
    )
    for folder in folders:
        modules = sorted(path for path in folder.glob("*.py") if path.name != "__init__.py" or purpose(path))
        name = folder.relative_to(REPOSITORY)
        rows = [f"| `{path.relative_to(REPOSITORY)}` | {purpose(path)} |" for path in modules]
        sections.append("\n".join([f"### `{name}/`", "", "| module | what it does |", "|---|---|", *rows]) if rows else f"### `{name}/`")
    return "\n\n".join(sections)


def with_parts(text: str, parts: Mapping[str, Callable[[], str]]) -> str:
    """`text` with each of its named parts replaced."""
    for name, content in parts.items():
        text = with_part(text, name, content())
    return text


def with_part(text: str, name: str, content: str) -> str:
    """`text` with what stands between the markers of the part `name` replaced. KeyError if the markers are absent."""
    part = re.compile(rf"(<!-- {name}: written by make docs -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not part.search(text):
        raise KeyError(name)
    return part.sub(lambda found: f"{found[1]}\n{content}\n\n{found[2]}", text)


PARTS: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "README.md": {"settings": settings_table},
    "docs/architecture.md": {"graph": graph_picture, "modules": module_list},
}
"""File → the parts of it that are written here."""


def documents() -> dict[str, str]:
    """File → its text as it should be."""
    texts = {file: with_parts((REPOSITORY / file).read_text(), parts) for file, parts in PARTS.items()}
    return {".env.example": env_example(), **texts}


if __name__ == "__main__":
    for file, text in documents().items():
        (REPOSITORY / file).write_text(text)
