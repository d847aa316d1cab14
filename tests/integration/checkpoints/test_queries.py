import re
from pathlib import Path

import checkpoints
from checkpoints.connection import Database, Transaction, named_queries

REPOSITORY = Path(checkpoints.__file__).parent.parent
SOURCES = [path.read_text() for package in ("checkpoints", "server", "tests/durability") for path in (REPOSITORY / package).rglob("*.py")]


async def test_every_statement_can_be_prepared(database: Database) -> None:
    async with database.transaction() as transaction:
        for number, (name, statement) in enumerate(named_queries().items()):
            if statement.startswith("SET"):
                continue  # utility statements cannot be prepared
            await prepare(transaction, f"statement_{number}", statement.replace("{sort}", "created_at DESC"), name)


async def prepare(transaction: Transaction, handle: str, statement: str, name: str) -> None:
    seen: dict[str, str] = {}
    numbered = re.sub(r"%\((\w+)\)s", lambda match: seen.setdefault(match[1], f"${len(seen) + 1}"), statement.rstrip(";"))
    try:
        await transaction.connection.execute(f"PREPARE {handle} AS {numbered}".encode())
    except Exception as error:
        error.add_note(name)
        raise


def test_every_statement_is_used_and_every_used_one_exists() -> None:
    named = set(named_queries())
    mentioned = {name for source in SOURCES for name in re.findall(r'"([a-z_]+)"', source)}

    assert named <= mentioned
    assert {name for source in SOURCES for name in re.findall(r'fetch_\w+\(\s*"([a-z_]+)"', source)} <= named


def test_every_statement_has_a_sentence() -> None:
    text = (Path(checkpoints.__file__).parent / "queries.sql").read_text()

    assert len(re.findall(r"^-- \w+ --$", text, re.MULTILINE)) == len(named_queries())
    assert len(re.findall(r"^-- \w+ --\n-- [A-Z].*\.$", text, re.MULTILINE)) == len(named_queries())
