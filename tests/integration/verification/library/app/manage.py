"""python -m app.manage demo"""

import os

from app.database import connect

ROLES = ("administrator", "librarian", "member")


def demo() -> None:
    connection = connect()
    for role in ROLES:
        for name in (role, f"{role}2"):
            row = (f"{name}@example.com", role, os.environ["DEMO_PASSWORD"])
            connection.execute("insert into account(email, role, password) values (?, ?, ?)", row)
    connection.execute("insert into book(created_by_id, title, isbn, pages) values (1, 'Emma', '9780141439587', 474)")


if __name__ == "__main__":
    demo()
