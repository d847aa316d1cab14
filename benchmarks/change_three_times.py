"""Three change requests in a row on one app with data in it and files edited by hand, through the command line.

    python -m benchmarks.change_three_times

Builds an app, loads its demo data, then asks for three changes, each on top of the last. Before the first two a person edits files that
merge; before the third one that does not. Prints of each change: how many files and lines differ, whether the migrated data are those
that were there, how many tests pass, and what became of the edits. Ends with 1 if data are lost, a test fails, or an edit is.
"""

import difflib
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nodes.stack import PYTHON_WEB
from nodes.verification.toolchain import default_toolchain

DESCRIPTION = (
    "Customers have a name, a phone and an email. A task belongs to a customer and has a title and a due date. "
    "Staff add customers and tasks, and complete or cancel tasks."
)
CHANGES = ("also store the customer's address", "rename task to ticket", "customers also have a birthday")
NOT_OURS = frozenset({".git", "data", "evidence", "__pycache__"})
NOTE = "\nAsk Robin before you change the opening hours.\n"
HEADINGS = ("change", "seconds", "files that differ", "lines", "rows kept", "tests", "old tests", "edits")


@dataclass(frozen=True)
class Version:
    """An unpacked package, and what the build said of its checks."""

    folder: Path
    workflow_id: str
    checks: dict[str, dict[str, Any]]


def appyard(data: Path, *arguments: str) -> dict[str, Any]:
    """The JSON object a command prints."""
    command = ["env", f"APPYARD_DATA_DIR={data}", sys.executable, "-m", "server.cli", *arguments, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)  # noqa: S603 - our own program
    try:
        answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        raise SystemExit(f"appyard {arguments[0]}: exit code {ended.returncode}\n{ended.stdout[-500:]}{ended.stderr[-2000:]}") from None
    return answer


def version_of(answer: dict[str, Any], data: Path, out: Path) -> Version:
    """What was delivered. Where edits conflict a person is asked; they accept their own lines."""
    checks = {check["check"]: check for check in answer["checks"]}
    if answer["runtime_status"] == "AwaitingApproval":
        answer = appyard(data, "builds", "approve", answer["workflow_id"], "--out", str(out))
    if not answer.get("folder"):
        raise SystemExit(f"Not delivered: {answer['runtime_status']}, {answer.get('error') or answer.get('message')}")
    return Version(Path(answer["folder"]), answer["workflow_id"], checks)


def run(folder: Path, argv: tuple[str, ...]) -> None:
    """A command of the app, with demo accounts whose password nobody needs."""
    environment = {"DEMO_PASSWORD": "ten characters", "PATH": "/usr/bin:/bin", **dict(PYTHON_WEB.trial_environment)}
    command = [str(default_toolchain() / "bin" / "python"), *argv[1:]]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)  # noqa: S603 - built by us


def rows_of(folder: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of every table, by table."""
    with closing(sqlite3.connect(folder / PYTHON_WEB.database_path)) as connection:
        connection.row_factory = sqlite3.Row
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}" ORDER BY 1')] for name in names}  # noqa: S608 - names of its own tables


def kept_rows(before: dict[str, list[dict[str, object]]], after: dict[str, list[dict[str, object]]]) -> tuple[int, int]:
    """How many rows are there with all their values, and how many there were; tables are told apart by their rows, not by their names."""
    found = total = 0
    now = [set(row.values()) for rows in after.values() for row in rows]
    for rows in (rows for name, rows in before.items() if name != "alembic_version"):
        total += len(rows)
        found += sum(any(set(row.values()) <= values | {None} for values in now) for row in rows)
    return found, total


def texts(folder: Path) -> dict[str, str]:
    """The files of an app, without what is made by running it."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not NOT_OURS & set(path.relative_to(folder).parts))
    return {str(path.relative_to(folder)): path.read_text(encoding="utf-8", errors="replace") for path in files}


def differing(before: Path, after: Path) -> tuple[int, int, int]:
    """Files that differ, all files, and lines that were added or removed."""
    old, new = texts(before), texts(after)
    changed = [path for path in old.keys() | new.keys() if old.get(path) != new.get(path)]
    lines = sum(
        line[:1] in "+-" and line[:3] not in ("+++", "---")
        for path in changed
        for line in difflib.unified_diff(old.get(path, "").splitlines(), new.get(path, "").splitlines(), lineterm="", n=0)
    )
    return len(changed), len(new), lines


def edit(folder: Path, number: int) -> dict[str, str]:
    """What a person does to the files before change `number`, by path: a text that must be in the next version."""
    style, readme = folder / "app/static/style.css", folder / "README.md"
    style.write_text(f"{style.read_text()}\n/* Ours, {number} */\n")
    readme.write_text(readme.read_text() + NOTE)
    wanted = {"app/static/style.css": f"/* Ours, {number} */", "README.md": NOTE.strip()}
    if number == 3:  # the very line that tells what a customer has
        lines = readme.read_text().splitlines(keepends=True)
        place = next(index for index, line in enumerate(lines) if line.startswith("### Customers")) + 2
        lines[place] = "Whoever buys from us.\n"
        readme.write_text("".join(lines))
        wanted["README.md"] = lines[place].strip()
    return wanted


def main() -> int:
    """Build once, change three times."""
    wrong = 0
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        data = work / "data"
        version = version_of(appyard(data, "build", DESCRIPTION, "--yes", "--out", str(work / "0")), data, work / "0")
        run(version.folder, PYTHON_WEB.demo_argv)
        print(f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}", flush=True)
        for number, words in enumerate(CHANGES, start=1):
            wanted, before, began = edit(version.folder, number), rows_of(version.folder), time.monotonic()
            out = work / str(number)
            answer = appyard(
                data, "builds", "change", version.workflow_id, words, "--from", str(version.folder), "--yes", "--out", str(out)
            )
            changed = version_of(answer, data, out)
            seconds = time.monotonic() - began
            shutil.copytree(version.folder / "data", changed.folder / "data")
            run(changed.folder, PYTHON_WEB.migrate_argv)
            found, total = kept_rows(before, rows_of(changed.folder))
            files, all_files, lines = differing(version.folder, changed.folder)
            lost = [path for path, text in wanted.items() if text not in (changed.folder / path).read_text()]
            tests, regression, merge = (changed.checks[name] for name in ("tests", "regression", "merge"))
            edits = f"{merge['counts']['edited']} edited, {merge['counts']['conflicts']} in conflict{', LOST ' + str(lost) if lost else ''}"
            cells = (
                words,
                f"{seconds:.1f}",
                f"{files} of {all_files}",
                str(lines),
                f"{found} of {total}",
                tests["summary"],
                regression["summary"],
            )
            print(f"| {' | '.join((*cells, edits))} |", flush=True)
            expected_conflicts = 1 if number == 3 else 0
            sound = (tests["status"], regression["status"], merge["counts"]["conflicts"]) == ("passed", "passed", expected_conflicts)
            wrong += (found < total) + bool(lost) + (not sound)
            version = changed
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
