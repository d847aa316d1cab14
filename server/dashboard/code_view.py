"""Code as a page shows it: a tree of files, highlighted lines, differences, and Markdown made harmless. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

from nodes.artifacts import AppVersion
from server.services.source_files import FileChangeKind

MOST_HIGHLIGHTED_CHARACTERS = 200_000
"""Longer files are shown plain: highlighting them would take seconds."""


@dataclass(frozen=True)
class TreeFile:
    """A file in the tree; `kind` says what became of it where two versions are compared."""

    name: str
    path: str
    kind: FileChangeKind | None


@dataclass(frozen=True)
class TreeFolder:
    """A folder of the tree; open if the file shown is in it, or if it is short."""

    name: str
    folders: tuple["TreeFolder", ...]
    files: tuple[TreeFile, ...]
    is_open: bool


@dataclass(frozen=True)
class CodeLine:
    """One line: its number in the newer version, its HTML, and `plus`, `minus` or `hunk` in a difference."""

    number: int | None
    html: Markup
    mark: str = ""


@dataclass(frozen=True)
class CodeView:
    """What the page of a version's code shows."""

    version: AppVersion
    against: AppVersion | None
    root: TreeFolder
    differences: tuple[str, ...]
    path: str | None
    kind: FileChangeKind | None
    lines: tuple[CodeLine, ...]
    markdown: Markup | None

    def link(self, path: str) -> str:
        """Where another file of the same view is."""
        query = {"version": self.version.number, **({"against": self.against.number} if self.against else {}), "file": path}
        return f"?{urlencode(query)}"


def file_tree(paths: Mapping[str, FileChangeKind | None], shown: str | None, *, name: str = "", above: str = "") -> TreeFolder:
    """The tree of these paths, folders first."""
    inside: dict[str, dict[str, FileChangeKind | None]] = {}
    files: list[TreeFile] = []
    for path, kind in sorted(paths.items()):
        first, slash, _ = path.removeprefix(above).partition("/")
        if slash:
            inside.setdefault(first, {})[path] = kind
        else:
            files.append(TreeFile(first, path, kind))
    folders = tuple(file_tree(below, shown, name=folder, above=f"{above}{folder}/") for folder, below in inside.items())
    return TreeFolder(name, folders, tuple(files), bool(shown and shown.startswith(above)) or len(paths) < 8)


def highlighted(path: str, text: str) -> tuple[CodeLine, ...]:
    """The lines of a file, in colours where its kind is known."""
    return tuple(CodeLine(number, html) for number, html in enumerate(_marked_up(path, text), 1))


def compared(path: str, difference: str) -> tuple[CodeLine, ...]:
    """The lines of a unified diff, in the colours of the file they are from."""
    rows = difference.splitlines()[2:]
    coloured = _marked_up(path, "\n".join(row[1:] if row[:1] in "+- " else "" for row in rows))
    lines: list[CodeLine] = []
    number = 0
    for row, html in zip(rows, coloured, strict=False):
        if row.startswith("@@"):
            number = int(row.split("+")[1].split(",")[0].split(" ")[0]) - 1
            lines.append(CodeLine(None, escape(row), "hunk"))
        elif row.startswith("-"):
            lines.append(CodeLine(None, html, "minus"))
        else:
            number += 1
            lines.append(CodeLine(number, html, "plus" if row.startswith("+") else ""))
    return tuple(lines)


def harmless_markdown(text: str) -> Markup:
    """Markdown as HTML: raw HTML in it stays text, and what is made passes a sanitiser all the same."""
    made = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return Markup(nh3.clean(made, tags=nh3.ALLOWED_TAGS - {"img"}, link_rel="noopener noreferrer nofollow"))  # noqa: S704 - it was cleaned


def _marked_up(path: str, text: str) -> Sequence[Markup]:
    """Each line as HTML. Pygments escapes what it colours, and closes its marks at the end of each line."""
    try:
        lexer = (
            get_lexer_for_filename(path, stripnl=False, ensurenl=False)
            if len(text) <= MOST_HIGHLIGHTED_CHARACTERS
            else TextLexer(stripnl=False)
        )
    except ClassNotFound:
        lexer = TextLexer(stripnl=False, ensurenl=False)
    html = highlight(text, lexer, HtmlFormatter(nowrap=True))
    return [Markup(line) for line in html.removesuffix("\n").split("\n")]  # noqa: S704 - Pygments has escaped it
