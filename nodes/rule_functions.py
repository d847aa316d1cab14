"""Where rules of kind `custom` stand in the built app: each in a function of its own, with a test of its own. Reads, never runs."""

import ast
import re
from collections.abc import Iterator, Mapping

from nodes.artifacts import AppSpec, Component, RuleKind, RuleSpec


def custom_rules(spec: AppSpec, component: Component | None = None) -> tuple[RuleSpec, ...]:
    """The rules only an engineer can write; of one component, if it is given."""
    return tuple(rule for rule in spec.rules if rule.kind is RuleKind.custom and (component is None or rule.record in component.records))


def works_out(spec: AppSpec, rule: RuleSpec) -> bool:
    """Whether the rule says how a value comes about that nobody enters, the first of its fields. It refuses nothing."""
    first = rule.fields[0] if rule.fields else None
    return any(field.by_app for field in spec.record(rule.record).fields if field.name == first)


def function_of(rule: RuleSpec) -> str:
    """What the function is called that tells whether a record keeps the rule: as sentences say it, which small models turn round."""
    return f"keeps_{rule.name}"


def message_of(rule: RuleSpec) -> str:
    """What a person reads who breaks the rule."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", " ", rule.message).strip() or "This is not allowed."


def kept_in(spec: AppSpec, rule: RuleSpec) -> str:
    """The file in which the function stands."""
    return f"app/records/{spec.record(rule.record).plural}/rules.py"


def shown_in(spec: AppSpec, rule: RuleSpec) -> str:
    """The file in which its test stands, if a program wrote it."""
    return f"tests/test_{spec.record(rule.record).plural}_{rule.name}.py"


def named_test(rule: RuleSpec) -> str:
    """How its test is called, as those of the rules that programs write; the name may go on."""
    return f"test_rule_{rule.name}"


def function_in(text: str, rule: RuleSpec) -> str | None:
    """The whole function of the rule in the source `text`; None if there is none."""
    if (found := _definition(text, rule)) is None:
        return None
    return "\n".join(text.splitlines()[found.lineno - 1 : found.end_lineno])


def lines_of(text: str, rule: RuleSpec) -> range:
    """The numbers of the function's lines in the source `text`; none if it is not there."""
    found = _definition(text, rule)
    return range(found.lineno, (found.end_lineno or found.lineno) + 1) if found else range(0)


def is_unwritten(text: str, rule: RuleSpec) -> bool:
    """Whether the function of the rule is missing, or never refuses anything."""
    found = _definition(text, rule)
    return found is None or never_refuses(found)


def never_refuses(function: ast.FunctionDef) -> bool:
    """Whether all it returns is True."""
    returned = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    return all(isinstance(value, ast.Constant) and value.value is True for value in returned)


def unkept_rules(files: Mapping[str, str], spec: AppSpec) -> Iterator[tuple[RuleSpec, str]]:
    """The custom rules an app does not keep, or shows by no test, each with what is wrong."""
    tests = [text for path, text in files.items() if path.startswith("tests/")]
    for rule in custom_rules(spec):
        if works_out(spec, rule):
            if not any(_tests(rule, text) for text in tests):
                yield rule, f"no test called {named_test(rule)} shows what is worked out: “{message_of(rule)}”"
        elif is_unwritten(files.get(kept_in(spec, rule), ""), rule):
            yield rule, f"{function_of(rule)} refuses nothing, so the app does not keep the rule “{message_of(rule)}”"
        elif not any(_tests(rule, text) or message_of(rule) in text for text in tests):
            yield rule, f"no test shows that {function_of(rule)} keeps the rule “{message_of(rule)}”"


def _tests(rule: RuleSpec, text: str) -> bool:
    return re.search(rf"^(?:async )?def {named_test(rule)}(?:_\w*)?\(", text, re.MULTILINE) is not None


def _definition(text: str, rule: RuleSpec) -> ast.FunctionDef | None:
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return None
    return next((entry for entry in statements if isinstance(entry, ast.FunctionDef) and entry.name == function_of(rule)), None)
