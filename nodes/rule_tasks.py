"""What an engineer is asked where one rule is left to write: a question small enough for small models. Calls nobody."""

from collections.abc import Mapping, Sequence

from nodes.artifacts import AppSpec, Component, ComponentOrder, Finding, RuleCode, RuleSpec
from nodes.blueprint import own_rules
from nodes.blueprint.rule_examples import RuleUnusable
from nodes.context import AgentTask
from nodes.refusals import refusal_of
from nodes.rule_functions import custom_rules, function_in, function_of, is_unwritten, kept_in, lines_of, message_of, shown_in, works_out

MOST_FINDINGS = 3
"""A rule that fails, fails in every test of its record: more of them say nothing new."""


def rules_to_write(spec: AppSpec, component: Component, own: Mapping[str, str], findings: Sequence[Finding]) -> tuple[RuleSpec, ...]:
    """The component's rules that nobody has written yet, or that a finding is about; none where the frame has no place for them.

    What works a value out takes more than a function of its own.
    """
    return tuple(
        rule
        for rule in custom_rules(spec, component)
        if not works_out(spec, rule)
        and (text := own.get(kept_in(spec, rule))) is not None
        and (is_unwritten(text, rule) or is_any_about(findings, spec, rule, own))
    )


def is_any_about(findings: Sequence[Finding], spec: AppSpec, rule: RuleSpec, own: Mapping[str, str]) -> bool:
    """Whether one of the findings is about the rule."""
    return any(is_about(finding, spec, rule, own) for finding in findings)


def is_about(finding: Finding, spec: AppSpec, rule: RuleSpec, own: Mapping[str, str]) -> bool:
    """Whether a finding is about the rule: it lies in its function or its test, or names one of them, or its sentence."""
    path = finding.file or ""
    if path.endswith("samples.py"):
        return False  # the sample data break the rule: the rule may well be right
    if path == shown_in(spec, rule) or (path == kept_in(spec, rule) and finding.line in lines_of(own.get(path, ""), rule)):
        return True
    return function_of(rule) in finding.message or message_of(rule) in finding.message


def rule_task(
    spec: AppSpec, component: Component, rule: RuleSpec, own: Mapping[str, str], order: ComponentOrder, continues: str
) -> AgentTask[RuleCode]:
    """Have the engineer write the rule; what was written before and what is wrong with it is shown in a repair."""
    text = own[kept_in(spec, rule)]
    about = [finding.message for finding in order.findings if is_about(finding, spec, rule, own)][:MOST_FINDINGS]
    before = "" if is_unwritten(text, rule) else function_in(text, rule) or ""
    return AgentTask(
        name="write_rule",
        inputs={
            "rule": message_of(rule),
            "usable": own_rules.usable(spec, rule),
            "values": own_rules.sent(spec, rule),
            "previous": f"{before}\n\n{own.get(shown_in(spec, rule), '')}" if before else "",
            "findings": "\n".join(about) if before else "",
        },
        answer=RuleCode,
        component=component.name,
        attempt=order.attempt,
        check=lambda code: complaint_about_rule(own, spec, rule, code),
        summarize=lambda code: f"{rule.message}: {'written' if code.code.strip() else 'left to the component'}.",
        continues=continues,
    )


def complaint_about_rule(own: Mapping[str, str], spec: AppSpec, rule: RuleSpec, code: RuleCode) -> str | None:
    """Why the code of a rule is not taken, in one sentence for the engineer; None if it is."""
    if not code.code.strip():
        return None if code.notes.strip() else "Give `code`; only if no function can tell whether the rule is broken, say why in `notes`."
    try:
        after = own_rules.written(own, spec, rule, code)
    except RuleUnusable as unusable:
        return str(unusable)
    return refusal_of(own, after)
