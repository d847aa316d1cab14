"""Turn a specification and its contract into the files of a complete app of the default stack. Writes nothing to disk for keeps."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from nodes.artifacts import ACCOUNT, AppSpec, Architecture
from nodes.blueprint.frame import factory, names, text, words
from nodes.blueprint.frame.app_view import AppView, app_view
from nodes.blueprint.frame.migrations import Side, chain_of, next_migration
from nodes.blueprint.frame.recipes import NOTHING, RecipeView, slots, without_empty_slots
from nodes.blueprint.frame.record_view import RecordView
from nodes.blueprint.frame.tables import tables_of
from nodes.context import Delivered
from nodes.contract import contract_of
from nodes.conventions import REPORT_ROWS

REQUIREMENTS = Path(__file__).parents[2] / "verification" / "python_web" / "requirements.lock"

RECORD_FILES = ("__init__.py", "model.py", "schemas.py", "rules.py", "store.py", "api.py", "pages.py", "samples.py")
RECORD_PAGES = ("list.html", "detail.html", "form.html", "delete.html")
RECORD_TARGETS = {
    "record": "app/records/{records}/{path}",
    "pages": "app/templates/records/{records}/{path}",
    "tests": "tests/test_{records}_{path}",
}
"""Where the files go that a recipe adds to a record, by their folder."""
MIGRATIONS = "migrations/versions/"
FIRST_MIGRATION = f"{MIGRATIONS}0001_first_tables.py"
FIRST_TEMPLATE = f"project/{FIRST_MIGRATION}.j2"
SHOWN_ON_SITE = {"shown": "app/templates/site/{records}.html", "message": "app/templates/site/contact.html"}
"""Where the public pages go that a site has for each record it shows, and for the messages it takes."""
OUR_PACKAGES = 'lint.isort.known-first-party = ["app", "tests"]'
"""Which imports are the app's own, also where most of its files are not there to see."""
RENAMED = {"gitignore": ".gitignore", "dockerignore": ".dockerignore"}


def generate_frame(spec: AppSpec, architecture: Architecture, delivered: Delivered | None = None) -> dict[str, str]:
    """Every file of the app, path → text, in the order of the paths; the same input gives the same bytes.

    With `delivered`, its migrations stay and are followed by one that leads to the new tables. Raises SpecNotBuildable
    if a record's name cannot be given to a file, a class or a table.
    """
    app = app_view(spec, architecture.contract)
    files = dict(_shared_files(app))
    for record in app.records:
        files |= _record_files(app, record)
    for use in app.recipes:
        files |= _recipe_files(app, use)
    files["requirements.txt"] = REQUIREMENTS.read_text(encoding="utf-8")
    kept = {}
    if delivered:
        kept = {path: text for path, text in delivered.files.items() if path.startswith(MIGRATIONS)}
        files |= _next_migration(app, delivered, files.pop(FIRST_MIGRATION), kept)
    return dict(sorted((tidied(files) | kept).items()))


def _next_migration(app: AppView, delivered: Delivered, first: str, kept: Mapping[str, str]) -> dict[str, str]:
    """What leads from the delivered tables to those that `first` would create; nothing if they are the same."""
    before = app_view(delivered.spec, contract_of(delivered.spec))
    sides = [Side(view.spec, tables_of(source)) for view, source in ((before, _render(before, FIRST_TEMPLATE)), (app, first))]
    chain = chain_of(kept)
    told, *more = [change.words for change in delivered.changes] or ["The next version."]
    words = f"{told} And {len(more)} more." if more else told
    source = next_migration(*sides, revision=chain.next_revision, follows=chain.head, words=words)
    return {f"{MIGRATIONS}{chain.next_revision}_next_version.py": source} if source else {}


def _shared_files(app: AppView) -> Iterator[tuple[str, str]]:
    for template in _environment().list_templates():
        folder, _, path = template.removesuffix(".j2").partition("/")
        if folder in ("record", "recipes") or _is_left_out(app, path):
            continue
        yield _target(folder, path), _render(app, template)


def _target(folder: str, path: str) -> str:
    """Where a file of `templates/app/` or `templates/project/` goes."""
    return f"app/{path}" if folder == "app" else RENAMED.get(path, path)


def _is_left_out(app: AppView, path: str) -> bool:
    """What only some apps have."""
    return (
        (path.startswith(("reports.py", "templates/reports/")) and not app.reports)
        or (path == "templates/accounts/register.html" and not app.registering)
        or (path == "periods.py" and not app.has_periods)
    )


def _record_files(app: AppView, record: RecordView) -> dict[str, str]:
    files = {f"app/records/{record.plural}/{name}": _render(app, f"record/{name}.j2", record) for name in RECORD_FILES}
    files |= {
        f"app/templates/{record.template(page)}": _render(app, f"record/pages/{page}.j2", record)
        for page in RECORD_PAGES
        if _has(record, page)
    }
    files[f"tests/test_{record.plural}.py"] = _render(app, "record/tests.py.j2", record)
    return files


def _recipe_files(app: AppView, use: RecipeView) -> dict[str, str]:
    """The recipe's own files, and those it adds to the record it is applied to."""
    uses = app.uses(use.kind)
    files: dict[str, str] = {}
    for template in _environment().list_templates(filter_func=lambda name: name.startswith(f"recipes/{use.kind}/")):
        folder, _, path = template.split("/", 2)[2].removesuffix(".j2").partition("/")
        if folder in ("app", "project"):
            files[_target(folder, path)] = _render(app, template, uses=uses)
        elif folder in SHOWN_ON_SITE:
            path = SHOWN_ON_SITE[folder]
            shown = use.others if folder == "shown" else (use.r,) * (use.subject is not None)
            files |= {path.format(records=record.plural): _render(app, template, record, uses=uses) for record in shown}
        elif folder in RECORD_TARGETS:
            files[RECORD_TARGETS[folder].format(records=use.r.plural, path=path)] = _render(app, template, use.r, use=use)
    return files


def _has(record: RecordView, page: str) -> bool:
    """A page nobody may open is not written."""
    needed = {"list.html": ("list",), "detail.html": ("read",), "form.html": ("create", "update"), "delete.html": ("delete",)}
    return any(record.may(operation) for operation in needed[page])


def _render(app: AppView, template: str, record: RecordView | None = None, **given: object) -> str:
    report_targets = {report.target: report for report in app.reports if report.target}
    text_ = (
        _environment()
        .get_template(template)
        .render(
            app=app,
            r=record,
            records=app.records,
            ordered=app.ordered,
            reports=app.reports,
            report_records=[entry for entry in app.records if any(report.record.name == entry.name for report in app.reports)],
            report_targets=[entry for entry in app.records if entry.cls in report_targets],
            slot=slots(_environment(), app.recipes),
            nothing=NOTHING,
            **given,
        )
    )
    return without_empty_slots(text_)


@cache
def _environment() -> Environment:
    """Delimiters no output uses, so that Jinja pages and Python dictionaries can be written as they are."""
    environment = Environment(
        loader=PackageLoader("nodes.blueprint.frame"),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        comment_start_string="<#",
        comment_end_string="#>",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # the output is source text; each language has its own escape in text.py
    )
    environment.filters |= {
        "py": text.python_literal,
        "doc": text.in_docstring,
        "page": text.in_page,
        "md": text.in_markdown,
        "toml": text.in_toml,
        "xml": escape,
        "percent": lambda words_: words_.replace("%", "%%"),
        "cap": lambda words_: words_[:1].upper() + words_[1:],
        "lower_first": text.lower_first,
        "with_article": text.with_article,
        "constant": names.constant,
    }
    environment.globals |= {"ACCOUNT": ACCOUNT, "REPORT_ROWS": REPORT_ROWS, "factory": factory, "words": words}
    return environment


def tidied(files: Mapping[str, str], app: Mapping[str, str] | None = None) -> dict[str, str]:
    """The same files as ruff leaves them: unused imports gone, imports sorted, code formatted by the app's own settings.

    Of some files of an `app`, its files are given besides, for the settings.
    """
    settings = {path: text for path, text in (app or {}).items() if path == "pyproject.toml"}
    with tempfile.TemporaryDirectory() as folder:
        for path, content in {**settings, **files}.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8", newline="\n")
        for command in (("check", "--select", "F401,F541,I", "--fix", "--config", OUR_PACKAGES), ("format",)):
            subprocess.run(  # noqa: S603  # our own ruff, on a folder of ours
                [sys.executable, "-m", "ruff", *command, "--no-cache", "--quiet", "."],
                cwd=folder,
                check=True,
                capture_output=True,
                timeout=60,
            )
        return {path: Path(folder, path).read_text(encoding="utf-8") for path in files}
