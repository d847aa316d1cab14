"""Whether a page of this very origin sent a request: another site, or an app that is previewed on another port, is not it."""

from starlette.requests import Request


def sent_from_here(request: Request) -> bool:
    """As the browser says. A program that says nothing is no page of anybody's."""
    if site := request.headers.get("sec-fetch-site"):
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")
