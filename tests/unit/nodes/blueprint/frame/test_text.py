"""Escapes: whatever the words, they come out as the same words."""

import ast
import html

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment

from nodes.blueprint.frame.names import in_fstring
from nodes.blueprint.frame.text import in_docstring, in_page, one_line, python_literal, sentence_list, with_article

NASTY = st.text(alphabet=st.sampled_from("'\"\\{}%#<>&$\n\t aZ7*é\u2028"), max_size=30) | st.text(max_size=30)


@given(NASTY)
def test_a_python_literal_means_the_text(text: str) -> None:
    assert ast.literal_eval(python_literal(text)) == text


@given(NASTY)
def test_text_in_a_page_is_shown_as_it_is(text: str) -> None:
    shown = Environment(autoescape=True).from_string(f"<p>{in_page(text)}</p>").render()
    assert html.unescape(shown.removeprefix("<p>").removesuffix("</p>")) == html.unescape(html.escape(one_line(text)))
    assert "<" not in shown.removeprefix("<p>").removesuffix("</p>")


@given(NASTY)
def test_text_in_a_docstring_cannot_end_it(text: str) -> None:
    (statement,) = ast.parse(f'"""About {in_docstring(text)} here."""').body
    assert isinstance(statement, ast.Expr)


@given(NASTY)
def test_text_in_an_fstring_is_not_evaluated(text: str) -> None:
    assert eval(f'f"{in_fstring(text)}"', {}) == text.replace('"', "'")  # noqa: S307  # the point of the test


def test_lists_read_as_sentences() -> None:
    assert [sentence_list(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
    assert [with_article(word) for word in ("invoice", "claim")] == ["an invoice", "a claim"]
