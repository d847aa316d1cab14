"""Sign in to a server that asks for a key: the browser keeps it where no script can read it."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from server.api.app import SIGN_IN
from server.api.keys import KEY_COOKIE, ApiKeys
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import rendered

router = APIRouter(route_class=PageRoute, include_in_schema=False)

REMEMBERED_SECONDS = 30 * 24 * 3600


@router.get(SIGN_IN)
async def sign_in(next_path: Annotated[str, Query(alias="next", max_length=2000)] = "/builds") -> Response:
    """Ask for a key."""
    return show(next_path)


@router.post(SIGN_IN)
async def take_key(
    request: Request, key: Annotated[str, Form()] = "", next_path: Annotated[str, Form(alias="next")] = "/builds"
) -> Response:
    """Keep a key that is one of this server's, and go where the person wanted to go."""
    keys: ApiKeys | None = request.app.state.keys
    if keys is not None and not keys.knows(key.strip()):
        return show(next_path, problem="This is no key of this server. `appyard key` makes one.", status_code=401)
    answer = RedirectResponse(next_path if is_ours(next_path) else "/builds", 303)
    secure = request.url.scheme == "https"
    answer.set_cookie(KEY_COOKIE, key.strip(), max_age=REMEMBERED_SECONDS, httponly=True, samesite="strict", secure=secure)
    return answer


def show(next_path: str, *, problem: str = "", status_code: int = 200) -> Response:
    """The form; `problem` says what was wrong with the last try."""
    return rendered("sign_in.html", status_code, next_path=next_path, problem=problem)


def is_ours(path: str) -> bool:
    """Whether a path leads to this server, and to no other that a forged link may name."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))
