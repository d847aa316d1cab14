import pytest

from nodes.artifacts import Changeset, Component, FileChange, FileOperation
from nodes.changes import complaint_about

RULES = "app/records/claims/rules.py"
PAGES = "app/records/claims/pages.py"
TESTS = "tests/test_claims.py"
FILES = {
    RULES: "def allowed(amount: int) -> bool:\n    return amount < 50\n",
    PAGES: '@router.get("/claims")\ndef list_claims() -> None: ...\n',
    TESTS: "def test_fifty_is_too_much() -> None:\n    assert not allowed(50)\n",
}
COMPONENT = Component(
    name="claims", title="Claims", summary="", records=("claim",), owns=("app/records/claims/**", "tests/test_claims*.py")
)


def complaint(path: str, content: str, *, feedback: str = "") -> str | None:
    operation = FileOperation.replace if path in FILES else FileOperation.add
    changeset = Changeset(component="claims", changes=(FileChange(path=path, operation=operation, content=content),))
    return complaint_about(FILES, COMPONENT, changeset, feedback=feedback)


@pytest.mark.parametrize(
    ("path", "content", "said"),
    [
        (RULES, "# ... existing code ...\n", "code was left out. Write it whole."),
        (RULES, "# rest of the file unchanged\n", "something is left to do"),
        (RULES, "def allowed(amount: int) -> bool:\n    pass\n", "allowed has no body"),
        (RULES, "def allowed(amount: int) -> bool:\n    raise NotImplementedError\n", "raises NotImplementedError"),
        (RULES, "def allowed(amount: int) -> bool:\n    return True  # TODO: check the amount\n", "something is left to do"),
        (RULES, 'API_KEY = "sk-proj-aaaaaaaaaaaaaaaaaaaaaaaa"\n', "an OpenAI key. Read it from the environment."),
        (PAGES, "router = None\n", "the route GET /claims is gone, and nobody asked to remove it. Keep it."),
        (TESTS, "def test_other() -> None:\n    assert True\n", "the test test_fifty_is_too_much is gone"),
        ("app/records/claims/Rules.py", "A = 1\n", "another file has this name but for upper and lower case"),
        ("app/records/claims/../../main.py", "A = 1\n", "leaves the app's folder"),
        ("/etc/passwd", "root\n", "is absolute"),
        ("app/records/trips/rules.py", "A = 1\n", "claims does not own this file"),
    ],
)
def test_a_changeset_is_refused_with_the_reason(path: str, content: str, said: str) -> None:
    assert said in (complaint(path, content) or "")


@pytest.mark.parametrize(
    "content",
    [
        "from typing import Protocol\n\n\nclass Clock(Protocol):\n    def now(self) -> str: ...\n",
        "def quiet() -> None:\n    try:\n        work()\n    except LookupError:\n        pass\n",
        'NAME = "the rest of the day"\nSHAPE: tuple[int, ...] = ()\n',
        "# Three dots in the middle ... are a thought.\n",
    ],
)
def test_what_only_looks_like_it_is_taken(content: str) -> None:
    assert complaint("app/records/claims/more.py", content) is None


def test_what_the_feedback_names_may_go() -> None:
    assert complaint(PAGES, "router = None\n", feedback="Remove the page /claims.") is None


def test_what_was_there_before_is_not_the_engineers() -> None:
    files = {RULES: "# TODO: of old\nLIMIT = 50\n"}
    edit = FileChange(path=RULES, operation=FileOperation.edit, search="50", content="60")
    assert complaint_about(files, COMPONENT, Changeset(component="claims", changes=(edit,))) is None
