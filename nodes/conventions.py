"""The conventions of every built app's JSON API beyond its contract: what the checks go by, and the same as words for engineers.

The checks import the constants, the words are made from them: what an engineer is told and what the app is held to cannot differ.
"""

from collections.abc import Mapping

from nodes.artifacts import AppSpec, RecordSpec, RuleKind

NOT_SIGNED_IN, MAY_NOT, ABSENT, SETTLED, INVALID = 401, 403, 404, 409, 422
"""`ABSENT`: also what belongs to somebody else and is hidden. `SETTLED`: not in this state, or not any more."""

LIST_PARAMETERS = ("limit", "offset", "q", "sort")
REPORT_ROWS = "ReportRows"
"""The schema of a report's answer."""

WRAPPERS = {"Page": {"items": "array", "total": "integer"}, REPORT_ROWS: {"rows": "array"}}
"""The bodies the contract names without listing them as schemas."""

ROW_PROPERTIES = ("group", "value")
"""Of a row in a report."""

RULES: Mapping[RuleKind, str] = {
    RuleKind.ordered: "fields[0] comes before fields[1]; equal is broken",
    RuleKind.no_overlap: "no two records with the same relation `per` (none named: all) overlap between fields[0] and fields[1]",
    RuleKind.unique_together: "no two records have all of `fields` alike; `created_by` stands for who made them",
    RuleKind.positive: "fields[0] is greater than zero",
    RuleKind.same_parent: "what the relation fields[0] points to belongs to what the relation fields[1] points to",
    RuleKind.limit: """at most `maximum` records for each `per` (a relation or `created_by`; none named: in all) in each `period`, which is
  that of fields[0] or, without fields, of when they were made (a week begins on Monday; without a period: at any one time). Only
  those in one of `states` count, if any are named""",
    RuleKind.custom: "what its `message` says",
}
"""What a rule of each kind asks for."""

_LISTED = ", ".join(f"`{name}`" for name in LIST_PARAMETERS)
_PAGE, _ROWS = (", ".join(f"`{name}` ({kind})" for name, kind in WRAPPERS[name].items()) for name in ("Page", REPORT_ROWS))
_OF_EVERY_API = f"""\
- {NOT_SIGNED_IN} for whoever is not signed in. {MAY_NOT} for a role that the endpoint's `access` does not name.
- With the scope `own` only what the person created is there for them: {ABSENT} for another's, and lists leave it out. {ABSENT} too for a
  number nobody has.
- Where an endpoint has `own_states`, whoever has the scope `own` is answered {SETTLED} while the record is in another state.
- A transition answers {SETTLED} if the record is not in one of its `from_states`. A role is looked at before the record, the record before
  its state, the state before the body.
- {INVALID} for a body that is not as the schema says, with required fields missing or empty, a value of another type, format or choice, a
  number outside `minimum` and `maximum`, a `unique` value that is taken, a reference to a record that does not exist; and for a
  broken rule, with the rule's `message` in the answer. An answer of 4xx changes nothing.
- PATCH changes what it is given and leaves the rest; the record as it would be afterwards has to keep every rule.
- Refusals are JSON: {{"detail": "a sentence"}}.
- A new record has `id` (a number), `created_at` (UTC, ISO 8601), `created_by_id` (the account that made it) and, with a workflow,
  `state`, which is the initial one. No request sets these. Every property of the schema is in every answer, null if it is empty.
- A list answers {_PAGE}; `total` counts all that match, on whichever page. It takes {_LISTED}, and `state` where there is a workflow:
  `limit` from 1 to 200 (20 if not given), `offset` from 0, `q` words to look for in texts, `sort` a property, with a minus sign descending.
"""
_OF_REPORTS = f"""\
- A report answers {_ROWS}: objects with `{"` and `".join(ROW_PROPERTIES)}`, a text and a number. It counts only what the person may list.
"""


def list_parameters(record: RecordSpec) -> tuple[str, ...]:
    """What the list of `record` takes in its query."""
    return (*LIST_PARAMETERS, "state") if record.workflow else LIST_PARAMETERS


def conventions(spec: AppSpec, record_page: str) -> str:
    """What engineers are told of the API of `spec`, in sentences; `record_page` is where each record has its page, if it must."""
    pages = f"- `GET {record_page}` is the page of a record for everybody who may list it, in HTML.\n" if record_page else ""
    kinds = dict.fromkeys(rule.kind for rule in spec.rules)
    rules = "".join(f"- A rule of the kind `{kind}`: {RULES[kind]}.\n" for kind in kinds)
    return f"{_OF_EVERY_API}{_OF_REPORTS if spec.reports else ''}{pages}{rules}"
