"""`appyard templates`: what can be started from, and the file of one to copy and change."""

import json

from rich.console import Console
from rich.table import Table

from server.commands.exit_codes import ExitCode
from server.services.templates import Templates
from server.settings import Settings


def list_templates(*, as_json: bool) -> ExitCode:
    """Every template in a line."""
    found = Templates(Settings().templates_dir).listed()
    if as_json:
        print(json.dumps([template.model_dump(mode="json") for template in found]))
        return ExitCode.done
    table = Table(box=None, pad_edge=False)
    for heading in ("Template", "What it is", "Keeps"):
        table.add_column(heading)
    for template in found:
        table.add_row(template.name, template.summary, ", ".join(template.records))
    Console().print(table)
    Console().print(f"Start from one: appyard build --template {found[0].name}", highlight=False)
    return ExitCode.done


def show_template(name: str, *, as_json: bool) -> ExitCode:
    """The template's file, or its specification as JSON."""
    templates = Templates(Settings().templates_dir)
    print(templates.named(name).model_dump_json() if as_json else templates.text(name), end="\n" if as_json else "")
    return ExitCode.done
