"""An app with rules an engineer wrote: one refuses, one works a value out; the probe finds its way around the first, asks no second."""

from pathlib import Path

from nodes.artifacts import AppSpec, Architecture, FieldSpec, FieldType, RuleKind, RuleSpec
from nodes.blueprint.frame import generate_frame
from nodes.contract import contract_of
from nodes.sandbox.protocol import Sandbox
from nodes.verification.verify import AppVerifier
from tests.factories import InMemoryArtifacts

SAYS_HOW = RuleSpec(name="days", record="loan", kind=RuleKind.custom, fields=("days", "starts_on", "ends_on"), message="Days are counted.")
ONE_LOAN = RuleSpec(name="one_loan", record="loan", kind=RuleKind.custom, message="This book is on loan.")

COUNTS = (
    "    records.set_values(loan, given)\n",
    "    records.set_values(loan, given)\n    loan.days = (loan.ends_on - loan.starts_on).days\n",
)
IMPORTS = (
    "from app.records.loans.model import Loan\n",
    "from app.records import record as records\nfrom app.records.loans.model import Loan\n",
)
REFUSES = (
    "    return True  # this rule is still to be written\n",
    """    if loan.state == "returned":
        return True
    return not records.another_exists(session, loan, Loan.book_id == loan.book_id, Loan.state != "returned")
""",
)
TESTS = '''"""What engineers show of their rules."""


def test_rule_days(make, person) -> None:
    loan = make.loan(person("librarian"), starts_on="2030-05-01", ends_on="2030-05-08")
    assert loan.days == 7


def test_rule_one_loan(program, make, person) -> None:
    values = make.loan_values(person("librarian"))
    assert program("librarian").post("/api/loans", values).status_code == 201
    assert program("librarian").post("/api/loans", values).status_code == 422
'''


SAMPLES = {
    "books": ("", '[{"title": "Emma", "isbn": "978-0-14-143958-7"}]'),
    "loans": (
        "import datetime as dt\n\n",
        '[{"starts_on": dt.date(2026, 5, 1), "ends_on": dt.date(2026, 5, 8), "days": 7, "book": 0, "state": "returned"}]',
    ),
}
"""Also of what the app fills in."""


async def test_an_app_whose_rules_an_engineer_wrote_and_showed_has_no_findings(
    spec: AppSpec, architecture: Architecture, sandbox: Sandbox, toolchain: Path
) -> None:
    loan = spec.record("loan")
    days = FieldSpec(name="days", label="Days", type=FieldType.integer, by_app=True)
    records = (spec.record("book"), loan.model_copy(update={"fields": (*loan.fields, days)}))
    spec = spec.model_copy(update={"records": records, "rules": (*spec.rules, SAYS_HOW, ONE_LOAN)})
    architecture = architecture.model_copy(update={"contract": contract_of(spec)})
    files = generate_frame(spec, architecture) | {"tests/test_loans_rules.py": TESTS}
    for plural, rows in SAMPLES.items():
        files[f"app/records/{plural}/samples.py"] = f"{rows[0]}SAMPLES: list[dict[str, object]] = {rows[1]}\n"
    for path, (found, written) in (("store.py", COUNTS), ("rules.py", IMPORTS), ("rules.py", REFUSES)):
        assert found in files[f"app/records/loans/{path}"]
        files[f"app/records/loans/{path}"] = files[f"app/records/loans/{path}"].replace(found, written)
    report = await AppVerifier(sandbox, toolchain, InMemoryArtifacts()).verify(
        {path: text.encode() for path, text in files.items()},
        spec,
        architecture,
        version=1,
        tree_sha256="0" * 64,
        on_check=lambda check: None,
    )
    assert [finding.message for finding in report.findings] == []
