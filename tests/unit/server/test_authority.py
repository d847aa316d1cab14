"""What the handlers of an Auth are asked, in which order, and what becomes of what they answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import Auth
from langgraph_sdk.auth.types import StudioUser

from server.authority import Authority, Refusal, User, contained, read_authority, user_of
from server.langgraph_json import AuthSource, GraphSource, LanggraphConfig
from server.services.errors import ConfigUnusable

NOBODY: Mapping[str, Any] = {
    "request": None,
    "headers": {},
    "authorization": None,
    "path": "/threads",
    "method": "POST",
    "path_params": {},
    "query_params": {},
    "body": None,
}
ANNA = User({"identity": "anna", "permissions": ["read"], "team": "sales"})


def an_auth() -> Auth:
    """One that lets everybody in as anna."""
    auth = Auth()

    @auth.authenticate
    async def authenticate() -> str:
        return "anna"

    return auth


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"owner": "a"}, {"owner": "a"}),
        ({"owner": {"$eq": "a"}}, {"owner": "a"}),
        ({"people": {"$contains": "a"}}, {"people": ["a"]}),
        ({"people": {"$contains": ["a", "b"]}, "owner": "c"}, {"people": ["a", "b"], "owner": "c"}),
    ],
)
def test_a_filter_is_metadata_to_be_contained(given: Mapping[str, object], asked: object) -> None:
    assert contained(given) == asked


@pytest.mark.parametrize("wanted", [{"$ne": "a"}, {"$eq": {}}, {"$contains": []}, {"$eq": "a", "$contains": "b"}, {}, [], None])
def test_a_filter_that_containment_cannot_say_exactly_is_a_fault(wanted: object) -> None:
    with pytest.raises(TypeError, match="owner"):
        contained({"owner": wanted})


def test_a_user_is_an_id_a_mapping_or_an_object() -> None:
    class Person:
        identity = "anna"
        permissions = ("read",)
        team = "sales"

    assert [user_of(given).identity for given in ("anna", {"identity": "anna"}, Person())] == ["anna"] * 3
    assert user_of(Person()).team == "sales"
    assert ANNA.for_graphs() == {
        "identity": "anna",
        "display_name": "anna",
        "is_authenticated": True,
        "permissions": ["read"],
        "team": "sales",
    }


@pytest.mark.parametrize("nobody", [None, "", False])
def test_who_is_nobody_is_refused(nobody: object) -> None:
    with pytest.raises(Refusal) as refused:
        user_of(nobody)
    assert refused.value.status_code == 401


async def test_authenticate_may_be_a_plain_function_and_gets_what_it_names() -> None:
    auth = Auth()

    @auth.authenticate  # type: ignore[type-var]  # the SDK's type says async, its server does not ask for it
    def authenticate(path: str, headers: dict[bytes, bytes], limit: int = 3) -> str:
        return f"{path} {headers} {limit}"

    user = await Authority(auth).user(NOBODY, auth_scheme=None)
    assert user.identity == "/threads {} 3"


@pytest.mark.parametrize("reads", ["request", "body"])
def test_the_body_is_awaited_only_if_authenticate_asks_for_it(reads: str) -> None:
    auth = Auth()
    scope: dict[str, Any] = {}
    exec(f"async def authenticate({reads}): return 'anna'", scope)  # noqa: S102 - the name of the parameter is what is tried
    auth.authenticate(scope["authenticate"])
    assert (Authority(auth).reads_body, Authority(an_auth()).reads_body) == (True, False)


async def test_the_most_specific_handler_is_asked() -> None:
    auth, asked = an_auth(), []

    @auth.on
    async def of_everything(ctx: Any, value: Any) -> None:
        asked.append("everything")

    @auth.on.threads
    async def of_threads(ctx: Any, value: Any) -> None:
        asked.append("threads")

    @auth.on.threads.create
    async def of_new_threads(ctx: Any, value: Any) -> None:
        asked.append("new threads")

    for resource, action in [("threads", "create"), ("threads", "create_run"), ("store", "put")]:
        await Authority(auth).filter(ANNA, resource, action, {})
    assert asked == ["new threads", "threads", "everything"]


@pytest.mark.parametrize(("answer", "told"), [(None, None), (True, None), ({}, None), ({"owner": "anna"}, {"owner": "anna"})])
async def test_an_answer_is_a_filter_or_none(answer: object, told: object) -> None:
    auth = an_auth()

    @auth.on
    async def of_everything(ctx: Any, value: Any) -> Any:
        return answer

    assert await Authority(auth).filter(ANNA, "threads", "read", {}) == told


async def test_no_and_what_is_no_answer_let_nobody_through() -> None:
    auth, answers = an_auth(), iter([False, "yes"])

    @auth.on
    async def of_everything(ctx: Any, value: Any) -> Any:
        return next(answers)

    with pytest.raises(Refusal) as refused:
        await Authority(auth).filter(ANNA, "threads", "read", {})
    with pytest.raises(TypeError, match="no filter"):
        await Authority(auth).filter(ANNA, "threads", "read", {})
    assert refused.value.status_code == 403


async def test_a_failed_assertion_is_a_refusal() -> None:
    auth = an_auth()

    @auth.on
    async def of_everything(ctx: Auth.types.AuthContext, value: Any) -> None:
        if "write" not in ctx.permissions:
            raise AssertionError("Ask for the right to write.")

    with pytest.raises(Refusal) as refused:
        await Authority(auth).filter(ANNA, "threads", "create", {})
    assert (refused.value.status_code, refused.value.detail) == (403, "Ask for the right to write.")


async def test_studio_is_let_in_only_where_it_was_asked_for() -> None:
    assert isinstance(await Authority(an_auth(), admits_studio=True).user(NOBODY, auth_scheme="langsmith"), StudioUser)
    assert (await Authority(an_auth()).user(NOBODY, auth_scheme="langsmith")).identity == "anna"


def test_an_auth_that_lets_everybody_in_is_refused_at_the_start() -> None:
    with pytest.raises(ConfigUnusable, match=r"registers no @auth\.authenticate"):
        Authority(Auth())
    with pytest.raises(ConfigUnusable, match="has to name a langgraph_sdk"):
        Authority("auth")


@pytest.mark.parametrize(
    ("text", "said"),
    [("import not_installed_anywhere", "ModuleNotFoundError"), ("SECRET = {}['SECRET']", "KeyError"), ("other = 1", "AttributeError")],
)
def test_a_file_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "unusable_people.py").write_text(text)
    config = LanggraphConfig({}, auth=AuthSource(GraphSource("./unusable_people.py", "auth", tmp_path)))
    with pytest.raises(ConfigUnusable, match=said):
        read_authority(config)


def test_an_authenticate_that_asks_for_what_there_is_not_is_refused_at_the_start() -> None:
    auth = Auth()

    @auth.authenticate
    async def authenticate(cookie: str) -> str:
        return cookie

    with pytest.raises(ConfigUnusable, match="asks for cookie; there are authorization"):
        Authority(auth)
