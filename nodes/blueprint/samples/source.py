"""Rows → the text of `samples.py` and of its test."""

import re
from collections.abc import Sequence

from nodes.artifacts import RecordSpec
from nodes.blueprint.samples.rows import Row

_DAY = '''
def day(offset: int) -> date:
    """The day `offset` days from now, so that samples never look old."""
    return date.today() + timedelta(days=offset)
'''
_AT = '''
def at(offset: int, hour: int, minute: int) -> datetime:
    """A time on the day `offset` days from now."""
    return datetime.combine(date.today() + timedelta(days=offset), time(hour, minute), UTC)
'''


def source(record: RecordSpec, rows: Sequence[Row]) -> str:
    """The whole module: imports that are used, helpers that are used, rows in the order of the fields."""
    body = "".join(_row(row) for row in rows)
    helpers = (_DAY if "day(" in body else "") + ("\n" if "day(" in body and "at(" in body else "") + (_AT if " at(" in body else "")
    imports = _imports(body, helpers)
    listed = f"SAMPLES: list[dict[str, object]] = [\n{body}]\n" if rows else "SAMPLES: list[dict[str, object]] = []\n"
    plural = record.plural.replace("_", " ")
    head = f'"""Sample {plural}, loaded by `python -m app.manage demo`. References are positions in the other record\'s samples."""\n'
    parts = [head, imports, f"{helpers}\n" if helpers else "", listed]
    return "\n".join(part for part in parts if part)


def _row(row: Row) -> str:
    entries = [f"{_key(name)}: {value.source}" for name, value in row.values.items()]
    entries += [f"{_key(name)}: {_reference(value)}" for name, value in row.references.items()]
    if row.state is not None:
        entries.append(f'"state": "{row.state}"')
    entries.append(f'"created_by": "{row.created_by}"')
    return "    {\n" + "".join(f"        {entry},\n" for entry in entries) + "    },\n"


def _key(name: str) -> str:
    return f'"{name}"'


def _reference(value: int | list[int] | str) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _imports(body: str, helpers: str) -> str:
    text = re.sub(r'"[^"\n]*"', "", body) + helpers  # words inside sentences import nothing
    names = [name for name in ("UTC", "date", "datetime", "time", "timedelta") if re.search(rf"\b{name}\b[.()]|> {name}:", text)]
    lines = [f"from datetime import {', '.join(names)}\n"] if names else []
    if "Decimal(" in text:
        lines.append("from decimal import Decimal\n")
    return "".join(lines)


_TEST = '''"""The sample {words} load through the app's own loader, which applies every rule to them."""

from sqlalchemy.orm import Session

from app import database, manage, samples, security
from app.records.{plural}.samples import SAMPLES
from app.settings import PasswordCost, Settings


def test_the_sample_{plural}_load_and_keep_every_rule() -> None:
    settings = Settings("sqlite://", "only for this test", password_cost=PasswordCost(1, 8, 1))
    engine = database.create_engine(settings.database_url)
    database.Base.metadata.create_all(engine)
    with Session(engine) as session:
        manage.demo(session, security.Passwords(settings.password_cost), "correct horse battery")
        kept = next(kind.model for kind in samples.ALL if kind.name == "{name}")
        assert session.query(kept).count() == len(SAMPLES)
    engine.dispose()
'''
_STATES_TEST = """

def test_the_sample_{plural}_are_in_known_states() -> None:
    assert {{row["state"] for row in SAMPLES}} <= {states}
"""


def test_source(record: RecordSpec) -> str:
    """The test of one record's samples: they load through the app's own loader, which checks every rule."""
    names = {"words": record.plural.replace("_", " "), "plural": record.plural, "name": record.name}
    test = _TEST.format(**names)
    if record.workflow is not None:
        states = ", ".join(f'"{state.name}"' for state in record.workflow.states)
        test += _STATES_TEST.format(**names, states=f"{{{states}}}")
    return test
