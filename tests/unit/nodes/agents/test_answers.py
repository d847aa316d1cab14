import json

import pytest

from nodes.agents.answers import Unusable, compact_schema, parse_answer, strict_schema
from nodes.artifacts import AppSpec, ArchitecturePlan, Changeset, QaReview

GOOD = '{"summary": "fine", "concerns": ["a {brace}"], "components_to_repair": []}'
EXPECTED = QaReview(summary="fine", concerns=("a {brace}",))


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"  \n{GOOD}\n ",
        f"```json\n{GOOD}\n```",
        f"Here is the review:\n```\n{GOOD}\n```\nI hope it helps.",
        f"Here is the review: {GOOD} I hope it helps.",
        f"<think>Is {{this}} it?</think>\n{GOOD}",
        "{'summary': 'fine', 'concerns': ['a {brace}'], 'components_to_repair': []}",
        '{"summary": "fine", "concerns": ["a {brace}",], "components_to_repair": [],}',
    ],
)
def test_what_changes_no_content_is_forgiven(text: str) -> None:
    assert parse_answer(text, QaReview) == EXPECTED


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no JSON object"),
        ("I cannot do that.", "no JSON object"),
        ('["summary"]', "no JSON object"),
        ('{"summary": "fine", "concerns": ["a"', "cut off"),
        ('{"summary": "fine", "concerns": [{"a": 1}', "cut off"),
        ('```json\n{"summary": "fine", "conc', "cut off"),
        ('{"concerns": []}', "summary: Field required"),
        ('{"summary": "fine", "verdict": "passed"}', "verdict: Extra inputs are not permitted"),
        ('{"summary": "a \\u0000 b"}', "NUL character"),
        ('{"summary": "half \\ud83d"}', "valid Unicode"),
        ("x" * 2_000_001, "2000001 characters"),
    ],
)
def test_an_unusable_answer_is_complained_about_in_words_the_model_can_act_on(text: str, complaint: str) -> None:
    with pytest.raises(Unusable, match=complaint):
        parse_answer(text, QaReview)


def test_an_answer_that_reached_the_output_limit_is_never_taken() -> None:
    with pytest.raises(Unusable, match="output limit"):
        parse_answer(GOOD, QaReview, truncated=True)


def test_code_that_mentions_a_nul_escape_is_no_nul() -> None:
    assert parse_answer(json.dumps({"summary": r"uses '\u0000' and \\u0000"}), QaReview).summary == r"uses '\u0000' and \\u0000"


def test_many_faults_are_listed_up_to_a_dozen() -> None:
    with pytest.raises(Unusable) as caught:
        parse_answer(json.dumps({"summary": "s", "concerns": list(range(20))}), QaReview)
    assert str(caught.value).count("\n- ") == 13
    assert "and 8 more" in str(caught.value)


@pytest.mark.parametrize("answer", [AppSpec, ArchitecturePlan, Changeset, QaReview])
def test_schemas_keep_to_the_rules_of_strict_mode(answer: type[AppSpec]) -> None:
    found: list[str] = []

    def visit(node: object, path: str) -> None:
        if isinstance(node, list):
            for item in node:
                visit(item, path)
        if not isinstance(node, dict):
            return
        if "$ref" in node and len(node) > 1:
            found.append(f"{path}: keys beside $ref")
        found.extend(f"{path}: {key}" for key in ("default", "title", "minLength", "maxLength") if key in node)
        if node.get("type") == "object" and (node["required"] != list(node["properties"]) or node["additionalProperties"] is not False):
            found.append(f"{path}: open or optional")
        for key, value in node.items():
            if key in ("properties", "$defs"):
                for name, schema in value.items():
                    visit(schema, f"{path}/{name}")
            else:
                visit(value, f"{path}/{key}")

    visit(strict_schema(answer)["schema"], answer.__name__)
    assert found == []


def test_a_property_called_title_stays_in_the_compact_schema() -> None:
    schema = json.loads(compact_schema(ArchitecturePlan))
    assert list(schema["$defs"]["Component"]["properties"]) == ["name", "title", "summary", "records", "owns", "depends_on"]
    assert "title" not in schema
