"""What an app answers is compared with the contract; the app here is a function in this file, with one fault at a time."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from nodes.artifacts import Action, AppSpec, Architecture, ReportSpec, StackName, Workflow, WorkflowState
from nodes.contract import contract_of
from nodes.stack import NODE_RECORDS
from nodes.verification.contract_seen import look_at_contract
from nodes.verification.exchange import Exchange
from tests.factories import make_component, make_record, make_spec

CLAIM = make_record().model_copy(
    update={"workflow": Workflow(states=(WorkflowState(name="open", label="Open"),), initial="open", transitions=())}
)
SPEC = make_spec(CLAIM).model_copy(
    update={"stack": StackName.node_records, "reports": (ReportSpec(name="per_state", label="", record="claim", group_by="state"),)}
)
"""An administrator may do everything with claims, but delete none."""

UNDELETED = SPEC.model_copy(update={"permissions": tuple(entry for entry in SPEC.permissions if entry.action is not Action.delete)})
KEPT = {"state": "open", "created_at": "2030-01-01T10:00:00Z", "created_by_id": 1}

Answer = tuple[int, Any]


@dataclass
class App:
    """A right app for `SPEC`, but where a request line begins with `faulty`: `fault` makes of the right answer what is given."""

    faulty: str = "nothing"
    fault: Callable[[Answer], Answer] = field(default=lambda right: right)
    claims: dict[int, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        line = f"{request.method} {request.url.raw_path.decode()}"
        status, body = self.right(request)
        if line.startswith(self.faulty):
            status, body = self.fault((status, body))
        return httpx.Response(status, stream=httpx.ByteStream((body if isinstance(body, str) else json.dumps(body)).encode()))

    def right(self, request: httpx.Request) -> Answer:
        path, number = request.url.path, int("0" + request.url.path.rpartition("/")[2]) if request.url.path[-1].isdigit() else 0
        match request.method:
            case "POST" if path == "/api/session":
                return 200, {"token": "t"}
            case "POST":
                made = len(self.claims) + 1
                self.claims[made] = {"id": made, **json.loads(request.content), **KEPT}
                return 201, self.claims[made]
            case "PATCH":
                return 200, self.claims[number] | json.loads(request.content)
            case "DELETE":
                return 204, None
            case _ if number:
                return 200, self.claims[number]
            case _ if path == "/claims":
                return 200, "<!doctype html><html lang=en>"
            case _ if path == "/api/reports/per_state":
                return 200, {"rows": [{"group": "open", "value": len(self.claims)}]}
            case _:
                return 200, self.listed(request.url.params)

    def listed(self, query: httpx.QueryParams) -> dict[str, Any]:
        found = [] if query.get("q") else sorted(self.claims.values(), key=lambda claim: -claim["id"])
        offset = int(query.get("offset", "0"))
        return {"items": found[offset : offset + int(query.get("limit", "20"))], "total": len(found)}


async def findings(app: App, spec: AppSpec = SPEC) -> list[tuple[str | None, str]]:
    architecture = Architecture(stack=NODE_RECORDS.name, summary="", contract=contract_of(spec), components=(make_component("claim"),))
    async with httpx.AsyncClient(transport=httpx.MockTransport(app), base_url="http://app") as client:
        seen = await look_at_contract(Exchange(client), spec, architecture, replace(NODE_RECORDS, demo_people=1), "password")
    assert {finding.component for finding in seen.findings} <= {"claim"}
    return [(finding.request, finding.message) for finding in seen.findings]


async def test_an_app_that_answers_as_agreed_has_no_finding() -> None:
    assert await findings(App()) == []


def missing(_: Answer) -> Answer:
    return 404, {}


def changed(**properties: Any) -> Callable[[Answer], Answer]:
    """The answer with these properties; without those that are to be `...`."""

    def fault(answer: Answer) -> Answer:
        return answer[0], {name: value for name, value in (answer[1] | properties).items() if value is not ...}

    return fault


@pytest.mark.parametrize(
    ("request_line", "fault", "found"),
    [
        ("PATCH /api/claims/", missing, ("PATCH /api/claims/{id}", "the contract has this endpoint, the app does not")),
        ("GET /api/reports", missing, ("GET /api/reports/per_state", "the contract has this endpoint, the app does not")),
        ("DELETE /api/claims/", lambda _: (200, {}), ("DELETE /api/claims/{id}", "answers 200 instead of 204")),
        ("GET /api/claims/", changed(created_by_id=...), ("GET /api/claims/{id}", "response: created_by_id is missing")),
        ("GET /api/claims/", changed(title=7), ("GET /api/claims/{id}", "response: title is '7', not of type string")),
        ("GET /api/claims/", changed(title=None), ("GET /api/claims/{id}", "response: title is 'None', not of type string")),
        ("GET /api/claims/", changed(state="lost"), ("GET /api/claims/{id}", "response: state is 'lost', none of open")),
        (
            "GET /api/claims/",
            changed(created_at="yesterday"),
            ("GET /api/claims/{id}", "response: created_at is 'yesterday', which has not the format date-time"),
        ),
        ("GET /api/claims", changed(total="many"), ("GET /api/claims", "response: total is not of type integer")),
        ("GET /api/claims?q", changed(items=[{"id": 1}]), ("GET /api/claims", "leaves the parameter q aside")),
        ("GET /api/claims?state", changed(items=[{"state": "paid"}]), ("GET /api/claims", "leaves the parameter state aside")),
        ("GET /api/claims?sort", changed(items=[{"id": 1}, {"id": 2}]), ("GET /api/claims", "leaves the parameter sort aside")),
        ("GET /api/reports", changed(rows=[{"group": "open"}]), ("GET /api/reports/per_state", "response: a row has no group and value")),
        ("GET /claims", lambda _: (200, {"items": []}), ("GET /claims", "as administrator: answers 200, and no page")),
    ],
)
async def test_what_is_not_as_agreed_is_found(request_line: str, fault: Callable[[Answer], Answer], found: tuple[str, str]) -> None:
    assert found in await findings(App(request_line, fault))


async def test_what_nobody_may_do_and_the_app_does_is_found() -> None:
    assert await findings(App(), UNDELETED) == [
        ("DELETE /api/claims/1", "as administrator: the app has this endpoint, the contract does not")
    ]
