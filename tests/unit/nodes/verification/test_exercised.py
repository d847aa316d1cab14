"""What counts as used in a running app, and what is named as not used."""

import json

from nodes.artifacts import Endpoint, Operation
from nodes.contract import contract_of
from nodes.verification.exchange import Answer, Json
from nodes.verification.exercised import Exercised
from tests.integration.frame.frame_specs import CLAIMS

CONTRACT = contract_of(CLAIMS)


def endpoint(operation: Operation, transition: str | None = None) -> Endpoint:
    return next(entry for entry in CONTRACT.endpoints if (entry.operation, entry.transition) == (operation, transition))


def answer(status: int, body: Json) -> Answer:
    return Answer("POST", "/api/claims", status, json.dumps(body))


def test_what_was_refused_or_left_empty_was_not_used() -> None:
    exercised = Exercised()
    body: dict[str, Json] = {"subject": "Train", "category": "Travel", "amount": 12, "spent_on": "2030-01-01", "remark": ""}
    exercised.note(endpoint(Operation.create), "employee", body, answer(201, {"id": 1, "state": "draft"}))
    exercised.note(endpoint(Operation.create), None, {**body, "remark": "late"}, answer(401, {}))
    exercised.note(endpoint(Operation.transition, "submit"), "employee", None, answer(200, {"id": 1, "state": "submitted"}))
    assert list(exercised.missing(CLAIMS, CONTRACT)) == [
        "role administrator",
        "claim.remark",
        "claim approved",
        "claim rejected",
        "approve claim",
        "reject claim",
    ]


def test_a_state_in_a_list_was_reached() -> None:
    exercised = Exercised()
    items: list[Json] = [{"id": number, "state": state} for number, state in enumerate(("draft", "approved"))]
    exercised.note(endpoint(Operation.list), "administrator", None, answer(200, {"items": items, "total": 2}))
    assert exercised.states == {("claim", "draft"), ("claim", "approved")}
