"""The default stack's conventions, shared by the frame that generates the app and the checks that exercise it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class StackProfile:
    """How an app of one stack is tested, prepared, started and addressed.

    `demo_argv` migrates the database, writes sample data and adds `demo_people` accounts per role, see `demo_email`, all
    with the password in the environment variable `DEMO_PASSWORD`. `serve_argv` accepts on file descriptor 3,
    `browse_argv`, followed by `--port` and a number, on that port. `database_path` is where it keeps its data if told nothing else.
    `migrate_argv` brings the tables up to date; `downgrade_argv`, followed by a revision, takes them back to it.
    `trial_environment` makes an app cheap that is only being tried, with data nobody will keep.
    """

    name: str
    label: str
    test_argv: tuple[str, ...]
    demo_argv: tuple[str, ...]
    serve_argv: tuple[str, ...]
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


PYTHON_WEB = StackProfile(
    name="python-web",
    label="Python, FastAPI, SQLAlchemy, server-rendered pages, SQLite or PostgreSQL",
    test_argv=("python", "-m", "pytest", "-q", "-p", "no:cacheprovider"),
    demo_argv=("python", "-m", "app.manage", "demo"),
    migrate_argv=("python", "-m", "app.manage", "migrate"),
    downgrade_argv=("python", "-m", "alembic", "downgrade"),
    serve_argv=("python", "-m", "uvicorn", "app.main:app", "--fd", "3", "--no-access-log"),
    browse_argv=("python", "-m", "uvicorn", "app.main:app", "--no-access-log"),
    trial_environment=(("PASSWORD_COST", "1,8,1"),),
)
"""`DATABASE_URL` and `SECRET_KEY` come from the environment; without them the app uses `data/app.db` and a key file."""

STACKS = {PYTHON_WEB.name: PYTHON_WEB}


def demo_email(role: str, number: int = 1) -> str:
    """The address of the `number`-th sample account of a role: `member@example.com`, `member2@example.com`."""
    return f"{role}{number if number > 1 else ''}@example.com"
