"""The stacks apps are built on, each with its conventions, shared by whoever writes the app and the checks that exercise it."""

from dataclasses import dataclass
from enum import StrEnum

from nodes.artifacts import CheckName, StackName

_SOURCE = frozenset({CheckName.compile, CheckName.lint, CheckName.placeholders, CheckName.secrets, CheckName.tests})


class Toolchain(StrEnum):
    """What runs the apps of a stack."""

    python = "python"
    node = "node"


@dataclass(frozen=True)
class StackProfile:
    """How an app of one stack is tested, prepared, started and addressed.

    `demo_argv` migrates the database, writes sample data and adds `demo_people` accounts per role, see `demo_email`, all
    with the password in the environment variable `DEMO_PASSWORD`. `serve_argv` accepts on file descriptor 3,
    `browse_argv`, followed by `--port` and a number, on that port. `database_path` is where it keeps its data if told nothing else.
    `migrate_argv` brings the tables up to date; `downgrade_argv`, followed by a revision, takes them back to it.
    `trial_environment` makes an app cheap that is only being tried, with data nobody will keep.

    `keeps_records`: its apps are specified as records, roles and workflows, have a contract, and are probed as each role; others
    are specified by examples. `record_files` are the files of one record, with `{plural}` for its plural, `record_main_file` the one
    that has to be there, `record_page` the path of the page that has to be there. `openapi_path` is empty where the app does not
    describe itself: then what it answers is compared with the contract. `given_files` are generated modules that engineers use, and
    so are shown.

    A stack with a `layout` has no frame that works by itself: engineers write the app whole, and the layout tells them what is
    where. `main_file` is where it begins; empty: that is generated. `run_argv`, followed by arguments, runs a command-line program.
    `checks` are those due.
    """

    name: str
    label: str
    test_argv: tuple[str, ...]
    checks: frozenset[CheckName]
    demo_argv: tuple[str, ...] = ()
    serve_argv: tuple[str, ...] = ()
    run_argv: tuple[str, ...] = ()
    layout: str = ""
    main_file: str = ""
    keeps_records: bool = False
    record_files: tuple[str, ...] = ()
    record_main_file: str = ""
    record_page: str = ""
    given_files: tuple[str, ...] = ()
    toolchain: Toolchain = Toolchain.python
    browse_argv: tuple[str, ...] = ()
    migrate_argv: tuple[str, ...] = ()
    downgrade_argv: tuple[str, ...] = ()
    health_path: str = "/health"
    openapi_path: str = "/openapi.json"
    sign_in_path: str = "/api/session"
    sign_in_page: str = "/sign-in"
    api_prefix: str = "/api"
    trial_environment: tuple[tuple[str, str], ...] = ()
    demo_people: int = 2
    lock_file: str = "requirements.txt"
    database_path: str = "data/app.db"

    @property
    def is_written_whole(self) -> bool:
        """Whether engineers write everything, on no frame."""
        return bool(self.layout)


PYTHON_WEB = StackProfile(
    name=StackName.python_web,
    label="Python, FastAPI, SQLAlchemy, server-rendered pages, SQLite or PostgreSQL",
    test_argv=("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    checks=frozenset(CheckName) - {CheckName.examples},
    keeps_records=True,
    record_files=("app/records/{plural}/**", "app/templates/records/{plural}/**", "tests/test_{plural}*.py"),
    demo_argv=("python", "-m", "app.manage", "demo"),
    migrate_argv=("python", "-m", "app.manage", "migrate"),
    downgrade_argv=("python", "-m", "alembic", "downgrade"),
    serve_argv=("python", "-m", "uvicorn", "app.main:app", "--fd", "3", "--no-access-log"),
    browse_argv=("python", "-m", "uvicorn", "app.main:app", "--no-access-log"),
    trial_environment=(("PASSWORD_COST", "1,8,1"),),
)
"""`DATABASE_URL` and `SECRET_KEY` come from the environment; without them the app uses `data/app.db` and a key file."""

PYTHON = StackProfile(
    name=StackName.python,
    label="Python, a command-line program",
    test_argv=("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    checks=_SOURCE | {CheckName.examples, CheckName.upgrade},
    run_argv=("python", "-m", "app"),
    main_file="app/main.py",
    layout="""The program is the Python package `app`, started as `python -m app ARGUMENTS`. Python 3.11 and its standard library,
nothing else.
- `app/main.py` holds `def main(arguments: list[str]) -> int`. It is given what follows the program's name and returns the exit
  code: 0 if it worked, 2 for a call that is wrong, 1 if something else went wrong. `argparse` may end it with SystemExit instead.
- What a person asked for goes to standard output. Complaints go to standard error, in one sentence, never as a traceback.
- Data that must last lie in the folder named by the environment variable `APP_DATA_DIR`, by default `data` in the current folder.
  The program makes the folder when it first writes.
- `app/__init__.py`, `app/__main__.py`, `tests/__init__.py`, README.md, LICENSE, Dockerfile, Makefile
  and pyproject.toml exist already.
- Other modules lie beside `app/main.py`, tests in `tests/test_*.py`. Tests are pytest functions; they use `tmp_path` and
  `monkeypatch` to set `APP_DATA_DIR`, and call `main([...])` or the modules, without a network and without waiting.""",
)
"""What it has to do is told by the examples of its specification."""

NODE_WEB = StackProfile(
    name=StackName.node_web,
    label="Node.js and TypeScript, a web service with pages",
    test_argv=("node", "--test"),
    checks=_SOURCE - {CheckName.lint} | {CheckName.boot, CheckName.examples, CheckName.browser, CheckName.upgrade},
    serve_argv=("node", "serve.ts"),
    trial_environment=(("LISTEN_FD", "3"),),
    toolchain=Toolchain.node,
    main_file="app/main.ts",
    layout="""The service is TypeScript that Node.js 22.18 or newer runs as it is, by leaving the types out. Node's own modules, nothing
else: no packages, no compiler, no framework.
- `app/main.ts` exports `async function handle(request: IncomingMessage, response: ServerResponse): Promise<void>`, both types from
  `node:http`. It answers every request: pages as HTML, data as JSON with the type `application/json`, 404 for a path it does not
  know, 400 for a body it cannot use. It listens on no port: `serve.ts` exists already, does that, and answers `/health`.
- Imports of own files name them with their ending: `import { load } from "./store.ts"`. Types are imported with `import type`. No
  `enum`, no `namespace`, no parameter properties: only types that can be left out.
- Data that must last lie in the folder named by `process.env.APP_DATA_DIR`, by default `data`. The service makes the folder when
  it first writes, writes before it answers, and reads when it starts. A JSON file is enough for little; `node:sqlite` is there.
- What runs in the browser is JavaScript in `app/browser/*.js`, which `handle` sends with the type `text/javascript`. Logic, such as the
  rules of a game, lies in modules of its own that touch no page, so that tests import them.
- Text of users goes into pages escaped. Pages need no other machine: no fonts, scripts or styles from elsewhere.
- `serve.ts`, package.json, Makefile, README.md, LICENSE and Dockerfile exist already.
- Other modules lie beside `app/main.ts`, tests in `tests/*.test.ts`. Tests use `node:test` and `node:assert/strict`, with a folder of
  their own in `APP_DATA_DIR`, without a network beyond `127.0.0.1` and without waiting.""",
)

NODE_RECORDS = StackProfile(
    name=StackName.node_records,
    label="Node.js and TypeScript, a web service that keeps records, SQLite",
    test_argv=("node", "--test"),
    checks=_SOURCE - {CheckName.lint}
    | {CheckName.boot, CheckName.contract, CheckName.probe, CheckName.restart, CheckName.browser, CheckName.upgrade},
    demo_argv=("node", "manage.ts", "demo"),
    serve_argv=("node", "serve.ts"),
    browse_argv=("node", "serve.ts"),
    trial_environment=(("LISTEN_FD", "3"), ("PASSWORD_COST", "1024")),
    toolchain=Toolchain.node,
    keeps_records=True,
    record_files=("app/{plural}/**", "tests/{plural}/**"),
    record_main_file="app/{plural}/part.ts",
    record_page="/{plural}",
    given_files=tuple(f"core/{name}.ts" for name in ("about", "http", "tables", "pages", "accounts", "testing")),
    openapi_path="",
    layout="""The service is TypeScript that Node.js 22.18 or newer runs as it is, by leaving the types out. Node's own modules, nothing
else: no packages, no compiler, no framework.
- `core/` exists already and belongs to nobody: sign-in, the session, accounts, tables, sample records, errors, the look of pages.
  `given_files` shows what of it is for you. `core/tables.ts` has a table for each record, called by its plural, with a column for
  each property of its schema; any part reads any table.
- Each record of your part has a folder `app/<plural>/`, in which `part.ts` exports `part: Part`, see `core/http.ts`: the routes of the
  record's endpoints and pages, with paths as in the contract. Whoever calls a route is signed in; what their role may do is
  for the route to decide. A report's route is in the part of its record.
- `GET /<plural>` is the page on which people see and do what the API offers: a list, forms that send POST to paths of your own below
  `/<plural>/`, a page for one record at `/<plural>/{id}`. Rights, steps and rules are the same for both, so they are written once.
  The style knows `<table class="rows">` (in each row a `<th scope="row">` with a link to the record, and `<td data-label="Title">`),
  `<form class="sheet">` with a `<div class="field">` around each label and its input, `<div class="actions">` around buttons, and the
  classes `primary` (a button), `state`, `muted` and `number`. Scripts are not needed.
  Text of users goes into pages through `escaped`. Pages need no other machine: no fonts, scripts or styles from elsewhere.
- Imports of own files name them with their ending: `import { refuse } from "../../core/http.ts"`. Types are imported with `import
  type`. No `enum`, no `namespace`, no parameter properties: only types that can be left out.
- Tests lie in `tests/<plural>/*.test.ts` and use `node:test` and `node:assert/strict`. `core/testing.ts`, imported before anything else of
  the app, starts it on an empty database and calls it as somebody of each role. No waiting, no clock, no other machine.""",
)
"""What surrounds the parts engineers write is in nodes/blueprint/programs; what their API is held to, in nodes/conventions.py."""

STACKS = {stack.name: stack for stack in (PYTHON_WEB, PYTHON, NODE_WEB, NODE_RECORDS)}


def demo_email(role: str, number: int = 1) -> str:
    """The address of the `number`-th sample account of a role: `member@example.com`, `member2@example.com`."""
    return f"{role}{number if number > 1 else ''}@example.com"
