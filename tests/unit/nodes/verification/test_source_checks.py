import pytest

from nodes.artifacts import Architecture, Contract, Finding, Severity
from nodes.verification.source_checks import check_compiles, check_placeholders, check_secrets

NOBODY = Architecture(stack="python-web", summary="", contract=Contract(endpoints=(), schemas=()), components=())


def places(findings: tuple[Finding, ...] | list[Finding]) -> list[tuple[str | None, int | None, str]]:
    return [(found.file, found.line, found.message) for found in findings]


def test_code_and_templates_that_do_not_parse_are_named_with_their_line() -> None:
    files = {"app/a.py": b"x = 1\ndef f(:\n", "app/b.py": b"x = 1\x00", "app/t.html": b"<p>\n{% if x %}", "app/ok.py": b"x = 1"}
    observed = check_compiles(files, NOBODY)
    assert [(found.file, found.line, found.severity) for found in observed.findings] == [
        ("app/a.py", 2, Severity.blocker),
        ("app/b.py", None, Severity.blocker),
        ("app/t.html", 2, Severity.blocker),
    ]


@pytest.mark.parametrize("nested", [b"(" * 5000 + b")" * 5000, b"-" * 100_000 + b"1", b"x" + b".y" * 50_000])
def test_code_nested_without_end_is_a_finding_not_a_crash(nested: bytes) -> None:
    check_placeholders({"app/a.py": nested}, NOBODY)
    assert len(check_compiles({"app/a.py": nested}, NOBODY).findings) <= 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def pay():\n    pass\n", "pay has no body"),
        ("def pay() -> int:\n    '''Pay.'''\n    ...\n", "pay has no body"),
        ("def pay() -> int:\n    '''Pay.'''\n", "pay has no body"),
        ("class Shop:\n    async def pay(self): ...\n", "pay has no body"),
        ("def pay():\n    raise NotImplementedError('later')\n", "raises NotImplementedError"),
        ("x = 1  # TODO: price\n", 'says "TODO": something is left to do'),
        ("# ... rest of the code remains unchanged\n", 'says "rest of the code remains unchanged": something is left to do'),
        ("# payment logic would go here\n", 'says "logic would go here": something is left to do'),
        ("text = 'Lorem ipsum dolor'\n", 'says "Lorem ipsum": something is left to do'),
    ],
)
def test_a_placeholder_is_found(text: str, message: str) -> None:
    (found,) = check_placeholders({"app/a.py": text.encode()}, NOBODY).findings
    assert (found.message, found.severity) == (message, Severity.major)


@pytest.mark.parametrize(
    "text",
    [
        "from typing import Protocol\nclass Shop(Protocol):\n    def pay(self) -> None: ...\n",
        "from abc import abstractmethod\nclass Shop:\n    @abstractmethod\n    def pay(self): ...\n",
        "class Refused(Exception):\n    '''The card was refused.'''\n",
        "def pay():\n    return None\n",
        "try:\n    x = 1\nexcept ValueError:\n    pass\n",
        "todos = ['buy milk']  # a list of todo items\n",
    ],
)
def test_what_is_meant_to_be_empty_is_no_placeholder(text: str) -> None:
    assert places(list(check_placeholders({"app/a.py": text.encode()}, NOBODY).findings)) == []


@pytest.mark.parametrize(
    "line",
    [
        "key = 'sk-" + "proj-abcdefghijklmnopqrstuvwx'",
        "AWS = 'AKIA" + "ABCDEFGHIJKLMNOP'",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "url = 'postgresql://shop:" + "hunter2222@db/shop'",
        "SECRET_KEY = 'c29tZSByYW5kb20g" + "c2VjcmV0IGtleQ=='",
    ],
)
def test_a_secret_is_a_blocker(line: str) -> None:
    (found,) = check_secrets({"app/settings.py": f"x = 1\n{line}\n".encode()}, NOBODY).findings
    assert (found.line, found.severity) == (2, Severity.blocker)


def test_an_example_of_a_database_address_is_no_secret() -> None:
    files = {"README.md": b"`postgresql://user:password@host/name`", "compose.yaml": b"postgresql://app:${PASSWORD}@db/app"}
    assert check_secrets(files, NOBODY).findings == []
