"""Write the parts of the documentation that follow from code: the settings, and the picture of the graph.

`make docs` runs it; tests/project/test_documentation.py fails where a file differs from what this would write.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from graph.builder import make_graph
from server.settings import Settings

REPOSITORY = Path(__file__).parents[1]


def environment_name(name: str, field: FieldInfo) -> str:
    """The variable a setting is read from."""
    match field.validation_alias:
        case AliasChoices(choices=[str(first), *_]):
            return first
        case str(alias):
            return alias
        case _:
            return f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


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
        lines += [f"# {field.description}", f"# {environment_name(name, field)}={default_text(field)}", ""]
    return "\n".join(lines)


def settings_table() -> str:
    """The settings as a Markdown table."""
    rows = ["| variable | default | what it decides |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = default_text(field)
        rows.append(f"| `{environment_name(name, field)}` | {f'`{default}`' if default else ''} | {field.description} |")
    return "\n".join(rows)


def graph_picture() -> str:
    """The graph as LangGraph draws it."""
    return f"```mermaid\n{make_graph().get_graph().draw_mermaid().strip()}\n```"


def with_part(text: str, name: str, content: str) -> str:
    """`text` with what stands between the markers of the part `name` replaced. KeyError if the markers are absent."""
    part = re.compile(rf"(<!-- {name}: written by make docs -->\n).*?(\n<!-- end of {name} -->)", re.DOTALL)
    if not part.search(text):
        raise KeyError(name)
    return part.sub(lambda found: f"{found[1]}{content}{found[2]}", text)


def written_part(file: str, name: str, content: Callable[[], str]) -> Callable[[], str]:
    """A function that gives the text of `file` with one part renewed."""
    return lambda: with_part((REPOSITORY / file).read_text(), name, content())


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    ".env.example": env_example,
    "README.md": written_part("README.md", "settings", settings_table),
    "docs/architecture.md": written_part("docs/architecture.md", "graph", graph_picture),
}
"""File → its text as it should be."""


if __name__ == "__main__":
    for file, text in DOCUMENTS.items():
        (REPOSITORY / file).write_text(text())
