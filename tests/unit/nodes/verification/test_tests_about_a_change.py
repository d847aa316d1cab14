"""Which tests of the version in use may fail now: those of the records a change is about, also the ones engineers named."""

import pytest

from nodes.artifacts import Edit, SpecChange
from nodes.context import Delivered
from nodes.verification.regression_check import is_about_a_change
from tests.factories import make_record, make_spec

RULE_OF_CLAIMS = SpecChange(edit=Edit.changed, path="rules/late", words="The rule is another one.", records=("claim",))
SPEC = make_spec(make_record("claim"), make_record("trip"), make_record("claim_line"))


@pytest.mark.parametrize(
    ("path", "concerned"),
    [
        ("tests/test_claims.py", True),
        ("tests/test_claims_samples.py", True),
        ("tests/test_claims_late_fines.py", True),
        ("tests/test_claim_lines.py", False),
        ("tests/test_trips_late_fines.py", False),
        ("tests/test_sign_in.py", False),
    ],
)
def test_a_test_belongs_to_the_record_its_file_is_named_after(path: str, concerned: bool) -> None:  # noqa: FBT001 - a case of a table
    assert is_about_a_change(path, Delivered(spec=SPEC, files={}, changes=(RULE_OF_CLAIMS,))) is concerned
