import json

from nodes.artifacts import Architecture
from nodes.blueprint.frame import generate_frame
from nodes.codegen import engineer_inputs, leaner_inputs
from nodes.contract import contract_of
from nodes.outlines import outline
from nodes.stack import PYTHON_WEB
from tests.factories import make_plan, make_record, make_spec

SOURCE = '''
"""Claims."""
import secret
LIMIT: int = 500
NAMES = {"a": "a long table of data that nobody has to read here, not in a prompt"}

class Claim(Record):
    """A claim. More of it."""
    amount: Mapped[int] = column()
    _hidden = 1

    def total(self, *, rate: float = 1.0) -> float:
        """The total."""
        return self.amount * rate

    def _private(self): ...

async def pay(claim: Claim): pass
'''


def test_an_outline_has_what_can_be_called_and_no_bodies() -> None:
    assert outline(SOURCE) == (
        "LIMIT: int\n"
        "NAMES = …\n"
        "class Claim(Record):  # A claim. More of it.\n"
        "    amount: Mapped[int]\n"
        "    def total(self, *, rate: float=1.0) -> float:  # The total.\n"
        "async def pay(claim: Claim):"
    )


def test_what_cannot_be_read_has_no_outline() -> None:
    assert outline("def half(") == ""


def test_engineers_share_one_beginning_and_see_what_their_code_imports() -> None:
    spec = make_spec(make_record("claim"), make_record("trip"))
    plan = make_plan(spec)
    architecture = Architecture(stack=PYTHON_WEB.name, summary="Two parts.", contract=contract_of(spec), components=plan.components)
    files = generate_frame(spec, architecture)
    claims, trips = (engineer_inputs(spec, architecture, part, files) for part in architecture.components)
    shared = list(claims)[: list(claims).index("component")]
    assert shared == ["contract", "spec", "signatures"]
    assert [claims[name] for name in shared] == [trips[name] for name in shared]
    assert "class Invalid(Refused)" in json.loads(claims["signatures"])["app/errors.py"]
    lean, leaner, leanest = (set(json.loads(told["signatures"])) for told in leaner_inputs(spec, architecture, plan.components[0], files))
    assert leanest < leaner == lean <= set(json.loads(claims["signatures"]))
