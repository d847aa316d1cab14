"""One SQLite file, by default data/app.db."""

import os
import sqlite3
from pathlib import Path

SCHEMA = """
create table if not exists account(id integer primary key, email text unique, role text, password text);
create table if not exists book(
    id integer primary key, created_by_id integer, created_at text default current_timestamp,
    title text, isbn text, pages integer);
create table if not exists loan(
    id integer primary key, created_by_id integer, created_at text default current_timestamp,
    book_id integer, starts_on text, ends_on text, state text);
"""


def connect() -> sqlite3.Connection:
    path = Path(os.environ.get("DATABASE_URL", "sqlite:///data/app.db").removeprefix("sqlite:///"))
    path.parent.mkdir(exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    connection.executescript(SCHEMA)
    return connection
