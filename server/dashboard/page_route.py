"""What every page has: headers that let a browser run only our own scripts, errors as pages, and forms only from here."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException as StarletteHTTPException
from typing_extensions import override

from server.api.errors import STATUS_CODES
from server.api.same_origin import sent_from_here
from server.dashboard.rendering import rendered

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src {frames}; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": POLICY.format(frames="'none'"),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class PageRoute(APIRoute):
    """A route that answers a person."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_person(request: Request) -> Response:
            response = await _answered(request, answer)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return answer_person


async def _answered(request: Request, answer: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    if request.method == "POST" and not sent_from_here(request):
        return error_page(403, "This form was sent from another site", "Open the page here and send it again. Nothing was changed.")
    try:
        return await answer(request)
    except RequestValidationError as error:
        found = error.errors()[0]
        place = str(found["loc"][-1])
        status_code = 404 if found["loc"][0] == "path" else 422
        return error_page(
            status_code, "There is no such page" if status_code == 404 else "This cannot be used", f"{place}: {found['msg']}."
        )
    except StarletteHTTPException as error:  # of the form's parser: more than a form may hold
        return error_page(error.status_code, "This cannot be used", f"{error.detail} Go back, make it shorter, and send it again.")
    except tuple(STATUS_CODES) as error:
        status_code = next(code for kind, code in STATUS_CODES.items() if isinstance(error, kind))
        title, _, rest = str(error).partition(". ")
        return error_page(status_code, title.rstrip("."), rest)


def error_page(status_code: int, title: str, text: str) -> Response:
    """What happened and what to do next, as a page."""
    return rendered("error.html", status_code, here="", waiting_count=0, model="", heading=title, text=text)
