import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.json_columns import exact, exact_or_null, searchable, searchable_or_null

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters()), inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_exact_text_comes_back_as_it_was(value: object) -> None:
    assert json.loads(exact(value)) == value


@given(VALUES)
def test_searchable_text_holds_nothing_jsonb_refuses(value: object) -> None:
    stored = json.dumps(json.loads(searchable(value)))

    assert "\\u0000" not in stored.replace("\\\\", "")
    searchable(value).encode("utf-8")


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("a\u0000b", "a\ufffdb"),
        ("\u0000\u0000", "\ufffd\ufffd"),
        ("\\u0000", "\\u0000"),
        ("\\\u0000", "\\\ufffd"),
        ("\ud800x", "?x"),
        ("ü 🙂", "ü 🙂"),
        ({"\u0000": [float("inf")]}, {"\ufffd": [None]}),
    ],
)
def test_only_what_jsonb_refuses_is_replaced(value: object, stored: object) -> None:
    assert json.loads(searchable(value)) == stored


def test_none_is_sql_null_where_that_is_meant() -> None:
    assert (exact(None), exact_or_null(None), searchable_or_null(None)) == ("null", None, None)
