"""Starting points for apps: checked-in specifications in YAML, and those in a folder of one's own. Reads files, builds nothing."""

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from nodes.artifacts import AppSpec, Artifact, Provenance, Source
from server.services.errors import TemplateInvalid, TemplateNotFound

OURS = Path(__file__).parents[1] / "templates"


class TemplateSummary(Artifact):
    """A line in the list of templates."""

    name: str
    title: str
    summary: str
    records: tuple[str, ...]
    own: bool


@dataclass(frozen=True)
class Templates:
    """The templates people can start from; a file in `own_folder` hides ours of the same name."""

    own_folder: Path | None = None

    def listed(self) -> tuple[TemplateSummary, ...]:
        """Every template, by name. Raises `TemplateInvalid`."""
        return tuple(self._summary(name, path) for name, path in sorted(self._files().items()))

    def named(self, name: str) -> AppSpec:
        """The specification called `name`. Raises `TemplateNotFound` and `TemplateInvalid`."""
        path = self._files().get(name)
        if path is None:
            raise TemplateNotFound(f"“{name}”; there are: {', '.join(sorted(self._files()))}.")
        return _read(path)

    def text(self, name: str) -> str:
        """The file of a template as it stands, to be copied and changed. Raises as `named` does."""
        self.named(name)
        return self._files()[name].read_text(encoding="utf-8")

    def _files(self) -> dict[str, Path]:
        folders = [OURS, *([self.own_folder.expanduser()] if self.own_folder else [])]
        return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}

    def _summary(self, name: str, path: Path) -> TemplateSummary:
        spec = _read(path)
        records = tuple(record.plural_label for record in spec.records)
        return TemplateSummary(name=name, title=spec.title, summary=spec.summary, records=records, own=path.parent != OURS)


def _read(path: Path) -> AppSpec:
    """What the file says is stated by it, item by item; nothing in it was guessed."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
        return AppSpec.model_validate(_stated(given, Source(provenance=Provenance.stated, quote=f"Template {path.stem}").model_dump()))
    except RecursionError as error:
        raise TemplateInvalid(f"{path}: an anchor refers to itself.") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise TemplateInvalid(f"{path}: {_first_line(error)}") from error


SOURCED = frozenset({"records", "fields", "relations", "transitions", "roles", "permissions", "rules", "reports", "recipes"})
"""Lists of a specification whose items have a source."""


def _stated(given: object, source: dict[str, object]) -> object:
    if isinstance(given, list):
        return [_stated(item, source) for item in given]
    if not isinstance(given, dict):
        return given
    parts = {key: _stated(value, source) for key, value in given.items()}
    for key in SOURCED.intersection(parts):
        items = parts[key]
        parts[key] = [{"source": source} | item if isinstance(item, dict) else item for item in items] if isinstance(items, list) else items
    return parts


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    return " ".join(str(error).split())
