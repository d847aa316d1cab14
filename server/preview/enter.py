"""Sign somebody who looks at a preview in as one of the demo accounts: the app's own form, filled in for them."""

from html.parser import HTMLParser

import httpx
from typing_extensions import override

from server.services.errors import PreviewUnavailable
from server.services.previews import DemoAccount


class _HiddenFields(HTMLParser):
    """The hidden fields of a page, such as the secret that ties a form to its session."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden" and given.get("name"):
            self.found[str(given["name"])] = given.get("value") or ""


async def sign_in(visitor: httpx.AsyncClient, page: httpx.URL, account: DemoAccount) -> None:
    """The visitor has the account's session afterwards. Raises `PreviewUnavailable` if the app does not let it in."""
    visitor.cookies.clear()
    try:
        hidden = _HiddenFields()
        hidden.feed((await visitor.get(page)).text)
        answer = await visitor.post(page, data={**hidden.found, "email": account.email, "password": account.password})
    except httpx.HTTPError as error:
        raise PreviewUnavailable(f"The app does not answer: {type(error).__name__}.") from error
    if not answer.is_redirect:
        raise PreviewUnavailable(f"The app did not let {account.email} in; it answered {answer.status_code}.")
