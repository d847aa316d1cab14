"""Carry a user's edits over to a new version: a three-way merge of each file. Where both changed the same lines, the user's stay.

A conflict is a finding with file and line. It is never resolved silently, and no marker of it is left in the code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from merge3 import Merge3

from nodes.artifacts import CheckName, CheckResult, CheckStatus, Finding, Severity

SHOWN_LINES = 3
"""Of what was wanted instead, in a message; the whole is in the diff between the versions."""


@dataclass(frozen=True)
class Merged:
    """The files with the user's edits, and what the merge has to say."""

    files: dict[str, str]
    check: CheckResult


def merge_edits(base: Mapping[str, str], users: Mapping[str, str], generated: Mapping[str, str]) -> Merged:
    """`base` was generated before, `users` is what became of it, `generated` is the new version.

    A file the user left alone is the new one, or gone; one only the user changed or added is the user's.
    """
    files, findings = dict(generated), []
    edited = {path: text for path, text in users.items() if text != base.get(path)}
    for path, text in sorted(edited.items()):
        if path not in generated and path in base:
            findings.append(_finding(path, 1, "was edited by you and is not part of this version any more; your file was kept"))
            files[path] = text
        elif path not in generated or generated[path] == base.get(path):
            files[path] = text
        else:
            files[path], found = _merged(path, base.get(path, ""), text, generated[path])
            findings += found
    summary = f"{len(edited)} edited file{'s' * (len(edited) != 1)} carried over"
    summary += f", {len(findings)} conflict{'s' * (len(findings) != 1)}" if findings else ""
    check = CheckResult(
        check=CheckName.merge,
        status=CheckStatus.failed if findings else CheckStatus.passed,
        summary=summary,
        counts={"edited": len(edited), "conflicts": len(findings)},
        findings=tuple(findings),
    )
    return Merged(files, check)


def _merged(path: str, base: str, users: str, generated: str) -> tuple[str, list[Finding]]:
    merge = Merge3(base.splitlines(keepends=True), users.splitlines(keepends=True), generated.splitlines(keepends=True))
    lines: list[str] = []
    findings = []
    for kept, wanted in _groups(merge):
        if wanted is not None:
            shown = " | ".join(line.strip() for line in wanted[:SHOWN_LINES]) or "nothing"
            findings.append(
                _finding(path, len(lines) + 1, f"you and this change edited the same lines; yours were kept, wanted was: {shown}")
            )
        lines += kept
    return "".join(lines), findings


def _groups(merge: "Merge3[str]") -> Iterator[tuple[list[str], list[str] | None]]:
    """Lines of the result; with a conflict, also what was wanted in their place."""
    for group in merge.merge_groups():
        if group[0] == "conflict":
            _, _, users, generated = group
            yield list(users), list(generated)
        else:
            yield list(group[1]), None


def _finding(path: str, line: int, message: str) -> Finding:
    return Finding(check=CheckName.merge, severity=Severity.major, message=f"{path}: {message}", file=path, line=line)
