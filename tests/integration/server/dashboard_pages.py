"""Read the dashboard's pages as a browser without scripts does: forms with their fields, elements with their attributes."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx
from typing_extensions import override

FROM_HERE = {"sec-fetch-site": "same-origin"}
"""What a browser adds to a form sent from a page of the same origin."""


@dataclass
class Form:
    """A form as it stands in a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """The elements of a page, its forms, and the text people see."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.forms: list[Form] = []
        self._texts: list[str] = []
        self._area = ""
        self._choice = ""
        self.feed(html)

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        if tag == "textarea" and self.forms:
            self._area = attributes.get("name", "")
            self.forms[-1].fields[self._area] = ""
        if tag == "form":
            self.forms.append(Form(attributes.get("action", "")))
        if tag == "input" and self.forms and "name" in attributes and (attributes.get("type") != "checkbox" or "checked" in attributes):
            self.forms[-1].fields[attributes["name"]] = attributes.get("value", "")
        if tag == "select":
            self._choice = attributes.get("name", "")
        if tag == "option" and self.forms and self._choice and ("selected" in attributes or self._choice not in self.forms[-1].fields):
            self.forms[-1].fields[self._choice] = attributes.get("value", "")

    @override
    def handle_data(self, data: str) -> None:
        self._texts.append(data)
        if self._area:
            self.forms[-1].fields[self._area] += data

    @override
    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""

    @property
    def text(self) -> str:
        """What people read, with single blanks."""
        return re.sub(r"\s+", " ", "".join(self._texts)).strip()

    def form(self, ending: str) -> Form:
        """The form whose action ends like this."""
        return next(form for form in self.forms if form.action.endswith(ending))


async def see(client: httpx.AsyncClient, path: str) -> Page:
    """The page at a path, which has to be there."""
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return Page(answer.text)


async def send(client: httpx.AsyncClient, form: Form, **typed: str) -> httpx.Response:
    """Send a form as it stands, with what a person typed in it."""
    return await client.post(form.action, data=form.fields | typed, headers=FROM_HERE)
