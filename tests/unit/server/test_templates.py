"""Starting points: ours hold together, a folder of one's own joins them, and what cannot be used says why."""

from pathlib import Path

import pytest

from nodes.artifacts import Provenance
from nodes.blueprint import consistency
from server.services.errors import TemplateInvalid, TemplateNotFound
from server.services.templates import Templates

OURS = [template.name for template in Templates().listed()]

SMALL = """
name: keys
title: Keys
summary: Who has which key.
records:
- {name: key, plural: keys, label: Key, plural_label: Keys, title_field: number, fields: [{name: number, label: Number, type: text}]}
roles:
- {name: administrator, label: Administrator, administers: true}
permissions:
- {role: administrator, record: key, action: read}
"""


def test_ten_templates_come_with_appyard() -> None:
    here = "course-enrolment crm expense-claims help-desk inventory invoices leave-requests library-loans polls room-booking"
    assert here.split() == OURS


@pytest.mark.parametrize("name", OURS)
def test_a_template_holds_together_and_leaves_nothing_open(name: str) -> None:
    spec = Templates().named(name)
    assert (consistency.problems(spec), spec.open_questions) == ((), ())
    assert {field.source.provenance for record in spec.records for field in record.fields} == {Provenance.stated}


def test_a_folder_of_ones_own_adds_templates_and_hides_ours_of_the_same_name(tmp_path: Path) -> None:
    (tmp_path / "keys.yaml").write_text(SMALL)
    (tmp_path / "crm.yaml").write_text(SMALL)
    templates = Templates(tmp_path)
    assert [template.name for template in templates.listed()] == sorted([*OURS, "keys"])
    assert {template.name for template in templates.listed() if template.own} == {"keys", "crm"}
    assert templates.named("crm").title == "Keys"


def test_a_name_nobody_knows_is_answered_with_those_there_are() -> None:
    with pytest.raises(TemplateNotFound, match="there are: course-enrolment, crm"):
        Templates().named("../settings")


@pytest.mark.parametrize(
    ("text", "why"),
    [("title: [", "expected"), (SMALL.replace("type: text", "type: colour"), "records.0.fields.0.type"), ("a: &a [*a]", "itself")],
)
def test_a_file_that_is_no_template_says_where_it_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(TemplateInvalid, match=rf"mine\.yaml: .*{why}"):
        Templates(tmp_path).named("mine")
