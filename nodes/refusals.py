"""Why a changeset is not taken: it leaves work out, carries a secret, or removes what nobody asked to remove. Pure.

Only what a change brings in or takes away counts: what was in the files before is not the engineer's.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from nodes.verification.source_checks import secrets_in, unfinished_in

_ROUTE = re.compile(r"(?:@\w+|\b(?:app|router))\.(get|post|put|patch|delete)\(\s*[\"'`]([^\"'`]*)[\"'`]", re.IGNORECASE)
_PYTHON_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)\(", re.MULTILINE)
_SCRIPT_TEST = re.compile(r"^\s*(?:test|it)\(\s*[\"'`]([^\"'`]+)[\"'`]", re.MULTILINE)
_SCRIPTS = (".js", ".mjs", ".ts", ".mts")


def refusal_of(before: Mapping[str, str], after: Mapping[str, str], *, feedback: str = "") -> str | None:
    """Everything wrong with the step from `before` to `after`, in words for the engineer; None if nothing is.

    A route or a test may be removed if `feedback` names it.
    """
    found = [*_left_out(before, after), *_secrets(before, after), *_colliding(before, after), *_removed(before, after, feedback)]
    return "\n".join(found) or None


def _left_out(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for path, text in _written(before, after):
        known = Counter(message for _, message in unfinished_in(path, before.get(path, "")))
        for line, message in unfinished_in(path, text):
            if known[message]:
                known[message] -= 1
            else:
                yield f"{path}:{line}: {message}. Write it whole."


def _secrets(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    for path, text in _written(before, after):
        known = Counter(what for _, what in secrets_in(before.get(path, "")))
        for line, what in secrets_in(text):
            if known[what]:
                known[what] -= 1
            else:
                yield f"{path}:{line}: contains what looks like {what}. Read it from the environment."


def _colliding(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """Names that differ in case only are one file on many machines."""
    counted = Counter(path.casefold() for path in after)
    for path in after:
        if path not in before and counted[path.casefold()] > 1:
            yield f"{path}: another file has this name but for upper and lower case."


def _removed(before: Mapping[str, str], after: Mapping[str, str], feedback: str) -> Iterator[str]:
    for kind, named in (("route", _routes), ("test", _tests)):
        for name in sorted(named(before) - named(after)):
            if name.rpartition(" ")[2].casefold() not in feedback.casefold():
                yield f"the {kind} {name} is gone, and nobody asked to remove it. Keep it."


def _routes(files: Mapping[str, str]) -> set[str]:
    texts = (text for name, text in files.items() if not _is_test(name))
    return {f"{method.upper()} {path}" for text in texts for method, path in _ROUTE.findall(text) if path}


def _tests(files: Mapping[str, str]) -> set[str]:
    found: set[str] = set()
    for path, text in files.items():
        if _is_test(path):
            found.update((_SCRIPT_TEST if path.endswith(_SCRIPTS) else _PYTHON_TEST).findall(text))
    return found


def _is_test(path: str) -> bool:
    return "test" in path.rpartition("/")[2] or path.startswith("tests/")


def _written(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((path, text) for path, text in sorted(after.items()) if before.get(path) != text)
