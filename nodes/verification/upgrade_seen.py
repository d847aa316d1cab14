"""Take data of the version in use into the new one, for stacks that change their tables when they start; the API tells what is there.

The delivered version writes its demo data and answers its records; then the new version is laid over it, started on the same data,
and asked for them again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from nodes.artifacts import AppSpec, Architecture, CheckName, Finding, RecordSpec, Severity
from nodes.context import Delivered
from nodes.contract import contract_of, relation_property
from nodes.ownership import owner_of_record
from nodes.sandbox.protocol import Command, Sandbox, SandboxLimits
from nodes.spec_diff import fields_of, records_of, relations_of
from nodes.verification.exchange import Json
from nodes.verification.observed import CheckImpossible, Observed, counted
from nodes.verification.payloads import same_value
from nodes.verification.running_app import AppUnderTest, DidNotStart, look_at_records

SHOWN_VALUES = 3
Item = Mapping[str, Json]


async def check_upgrade_seen(
    app: AppUnderTest, files: Mapping[str, bytes], spec: AppSpec, architecture: Architecture, delivered: Delivered, sandbox: Sandbox
) -> Observed:
    """Each record that is listed before is listed afterwards, with the values it had. Raises `CheckImpossible`."""
    old_contract = contract_of(delivered.spec)
    async with sandbox.workspace({path: text.encode() for path, text in delivered.files.items()}, SandboxLimits()) as workspace:
        trial = replace(app, workspace=workspace)
        try:
            await trial.prepare()
            async with trial.running() as (exchange, _):
                before = await look_at_records(exchange, delivered.spec, old_contract, app.stack, app.password)
        except DidNotStart as problem:
            raise CheckImpossible(f"the version in use cannot be started: {problem}") from problem
        await workspace.run(Command(argv=("true",), files=files))
        try:
            async with trial.running() as (exchange, _):
                after = await look_at_records(exchange, spec, architecture.contract, app.stack, app.password)
        except DidNotStart as problem:
            return Observed(
                "the upgrade did not work",
                [_finding(architecture, None, f"the new version does not start on data of the one in use: {problem}")],
                log=problem.log,
            )
    findings, known = [], 0
    for old, new in records_of(delivered.spec, spec).pairs:
        items, present = _items(before.get(old.name)), _items(after.get(new.name))
        known += len(items)
        findings += [_finding(architecture, new.name, lost) for lost in _lost(items, present, dict(_kept(old, new)), new)]
    log = "\n".join(exchange.log)
    return Observed(counted(known, "record"), findings, {"records": known}, log, sound="all there after the upgrade, as they were")


def _items(page: Json) -> dict[int, Item]:
    """What a list answered, by number."""
    items = page.get("items") if isinstance(page, dict) else None
    found = (item for item in items if isinstance(item, dict)) if isinstance(items, list) else ()
    return {int(str(item["id"])): item for item in found if isinstance(item.get("id"), int)}


def _kept(old: RecordSpec, new: RecordSpec) -> Iterator[tuple[str, str]]:
    """The properties that are in both, by their old and their new name."""
    yield from ((name, name) for name in ("created_at", "created_by_id"))
    yield from ((before.name, after.name) for before, after in fields_of(old, new).pairs if before.type is after.type)
    same = ((before, after) for before, after in relations_of(old, new).pairs if (before.target, before.kind) == (after.target, after.kind))
    yield from ((relation_property(before), relation_property(after)) for before, after in same)
    states = {state.name for state in new.workflow.states} if new.workflow else set()
    if old.workflow and states >= {state.name for state in old.workflow.states}:
        yield "state", "state"


def _lost(before: Mapping[int, Item], after: Mapping[int, Item], kept: Mapping[str, str], record: RecordSpec) -> Iterator[str]:
    missing = [number for number in before if number not in after]
    if missing:
        yield f"{record.plural}: {len(missing)} of {len(before)} are gone after the upgrade, the first has id {missing[0]}"
    changed = [
        f"{new} of {number} was {item.get(old)!r} and is {after[number].get(new)!r}"
        for number, item in before.items()
        for old, new in kept.items()
        if number in after and not same_value(item.get(old), after[number].get(new))
    ]
    if changed:
        yield f"{record.plural}: {counted(len(changed), 'value')} changed in the upgrade: {'; '.join(changed[:SHOWN_VALUES])}"


def _finding(architecture: Architecture, record: str | None, message: str) -> Finding:
    owner = owner_of_record(architecture, record) if record else None
    return Finding(check=CheckName.upgrade, severity=Severity.blocker, message=message, component=owner.name if owner else None)
