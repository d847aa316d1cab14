"""Rules of kind `custom` in the generated app: what their code may use, and where it goes with the test that shows it. Pure.

The code is read, never run: what it does is for the app's tests to find out.
"""

import ast
import builtins
import difflib
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence

from nodes.artifacts import (
    ACCOUNT,
    AppSpec,
    FieldSpec,
    FieldType,
    RecordSpec,
    Relation,
    RelationKind,
    RuleCode,
    RuleSpec,
)
from nodes.blueprint.frame import names
from nodes.blueprint.frame.members import PYTHON_TYPES
from nodes.blueprint.rule_examples import RuleUnusable, test_of
from nodes.completion import given_fields
from nodes.contract import relation_property
from nodes.rule_functions import function_in, function_of, kept_in, message_of, shown_in

IMPORTS = {
    "dt": "import datetime as dt",
    "sa": "import sqlalchemy as sa",
    "math": "import math",
    "re": "import re",
    "Decimal": "from decimal import Decimal",
    "date": "from datetime import date",
    "time": "from datetime import time",
    "timedelta": "from datetime import timedelta",
    "records": "from app.records import record as records",
    "Account": "from app.accounts.model import Account",
}
"""What the code may name besides its arguments; `datetime` is both a module and a class, see `_import_of`."""

_FENCE = re.compile(r"\A\s*```\w*\n(.*?)\n?```\s*\Z", re.DOTALL)


def usable(spec: AppSpec, rule: RuleSpec) -> str:
    """The names the code of the rule may need, with types, one a line: what its sentence does not touch misleads small models."""
    record, said = spec.record(rule.record), _words(message_of(rule))
    var, cls = names.variable(record.name), names.model_class(record.name)
    lines = [f"{var}: {cls}, the {record.label.lower()} that somebody wants to store", *_attributes(record, var)]
    for relation in _single(record):
        if said & _words_of(spec, relation):
            target, key = relation.target, relation_property(relation)
            other = "Account" if target == ACCOUNT else names.model_class(target)
            told = ["x.name: str", "x.role: str"] if target == ACCOUNT else _attributes(spec.record(target), "x")
            lines += [f"session.get({other}, {var}.{key}): {other}, what {var}.{key} refers to; it has", *(f"  {line}" for line in told)]
    if said & _OTHERS or record.plural in said:
        same = f"{cls}.created_by_id == {var}.created_by_id"
        lines.append(f"{var}.created_by_id: int, the account of who stores it")
        lines.append(f"records.count_others(session, {var}, {same}): int, how many other {record.plural} there are of which this is true")
    return "\n".join([*lines, "dt: the module datetime; Decimal"])


def sent(spec: AppSpec, rule: RuleSpec) -> str:
    """The values of a request that stores a record of the rule, one a line; a reference only where the sentence touches it."""
    record, said = spec.record(rule.record), _words(message_of(rule))
    lines = [f"{field.name}: {_json_type(field)}" for field in given_fields(record)]
    touched = (relation for relation in record.relations if said & _words_of(spec, relation))
    return "\n".join([*lines, *(f'{relation_property(relation)}: "#1", a stored {relation.target}' for relation in touched)])


def written(files: Mapping[str, str], spec: AppSpec, rule: RuleSpec, code: RuleCode) -> dict[str, str]:
    """`files` with the function of the rule and its test. Raises `RuleUnusable`."""
    path = kept_in(spec, rule)
    body = _decided(_body(code.code, spec.record(rule.record)), rule)
    function = _checked(_function(body, rule), spec, rule)
    return {**files, path: _with_function(files[path], spec, rule, body, function), shown_in(spec, rule): test_of(spec, rule, code)}


_OTHERS = frozenset("other others another already same each per once twice together total sum".split())
"""Words of a sentence that compares a record with others of its kind."""


def _single(record: RecordSpec) -> tuple[Relation, ...]:
    return tuple(relation for relation in record.relations if relation.kind is RelationKind.many_to_one)


def _words(text: str) -> set[str]:
    words = set(re.findall(r"[a-z]+", text.lower()))
    return words | {word.removesuffix("s") for word in words}


def _words_of(spec: AppSpec, relation: Relation) -> set[str]:
    """What a sentence calls the thing a relation refers to, and what that alone has: its own name says only that there is one."""
    if relation.target == ACCOUNT:
        return _words(relation.name) | {role.name for role in spec.roles}
    target = spec.record(relation.target)
    return _words(f"{relation.name} {target.name} {target.plural}") | {field.name for field in target.fields} - {"name", "title"}


def _attributes(record: RecordSpec, var: str) -> list[str]:
    fields = [f"{var}.{names.attribute(field.name)}: {_python_type(field)}" for field in record.fields]
    relations = [
        f"{var}.{relation_property(relation)}: int{'' if relation.required else ' | None'}, the id of a {relation.target}"
        for relation in _single(record)
    ]
    states = [f"{var}.state: str, one of {', '.join(state.name for state in record.workflow.states)}"] if record.workflow else []
    return [*fields, *relations, *states]


def _python_type(field: FieldSpec) -> str:
    plain = PYTHON_TYPES.get(field.type, "str")
    kind = plain if field.required else f"{plain} | None"
    return f"{kind}, one of {', '.join(field.choices)}" if field.choices else kind


def _json_type(field: FieldSpec) -> str:
    if field.choices:
        return f"one of {', '.join(json.dumps(choice) for choice in field.choices)}"
    return _EXAMPLES.get(field.type, '"text"')


_EXAMPLES = {
    FieldType.integer: "7",
    FieldType.decimal: '"2.5"',
    FieldType.money: '"12.50"',
    FieldType.boolean: "true",
    FieldType.date: '"YYYY-MM-DD"',
    FieldType.time: '"HH:MM:SS"',
    FieldType.datetime: '"YYYY-MM-DDTHH:MM:SSZ"',
}

# ---------------------------------------------------------------------------------------------- the code


def _body(code: str, record: RecordSpec) -> str:
    """The lines of the function, however they were given: fenced, indented, with the first line, or as one expression."""
    fenced = _FENCE.match(code)
    text = textwrap.dedent(fenced.group(1) if fenced else code).strip("\n")
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text  # a `return` outside of a function is none; what is wrong otherwise shows when it is checked
    functions = [entry for entry in tree.body if isinstance(entry, ast.FunctionDef)]
    if len(functions) == 1:
        return _inside(text, tree, functions[0], record)
    if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
        return f"return {text.strip()}"
    return text


def _inside(text: str, tree: ast.Module, function: ast.FunctionDef, record: RecordSpec) -> str:
    """The body of a function that was given whole, with the imports before it."""
    given = [argument.arg for argument in function.args.args]
    if set(given) - {"session", names.variable(record.name)}:
        raise RuleUnusable(
            f"The arguments are `session` and `{names.variable(record.name)}`, not {', '.join(given)}. Give the lines of the body only."
        )
    lines = text.splitlines()
    imports = [ast.unparse(entry) for entry in tree.body if isinstance(entry, ast.Import | ast.ImportFrom)]
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return "\n".join([*imports, textwrap.dedent("\n".join(lines[body[0].lineno - 1 : function.end_lineno]))])


def _function(body: str, rule: RuleSpec) -> ast.FunctionDef:
    """The function as Python will read it."""
    try:
        function = ast.parse(f"def {function_of(rule)}():\n{textwrap.indent(body, '    ')}\n").body[0]
    except SyntaxError as error:
        wrong = (error.text or "").strip()
        raise RuleUnusable(f"`code` is no Python, line {(error.lineno or 2) - 1}: {error.msg}: {wrong}") from error
    assert isinstance(function, ast.FunctionDef)
    return function


def _decided(body: str, rule: RuleSpec) -> str:
    """`body` with what it leaves undecided, such as a record without the dates it compares: what nothing speaks against is kept."""
    return body if _always_ends(_function(body, rule).body) else f"{body}\nreturn True"


def _always_ends(statements: Sequence[ast.stmt]) -> bool:
    last = statements[-1] if statements else None
    if isinstance(last, ast.If):
        return _always_ends(last.body) and _always_ends(last.orelse)
    return isinstance(last, ast.Return | ast.Raise)


def _checked(function: ast.FunctionDef, spec: AppSpec, rule: RuleSpec) -> ast.FunctionDef:
    """The function, if it names only what there is and can both refuse and accept."""
    if unknown := next(_unknown(function, spec, rule), None):
        raise RuleUnusable(unknown)
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    constant = all(value is None or isinstance(value, ast.Constant) for value in returned)
    if constant and len({ast.dump(value) for value in returned if value}) < 2:
        raise RuleUnusable("`code` has to return True where the record keeps the rule and False where it breaks it.")
    if missing := _number_left_out(function, message_of(rule)):
        raise RuleUnusable(f"The rule says {missing}, and `code` does not. Compare with {missing}.")
    return function


def _unknown(function: ast.FunctionDef, spec: AppSpec, rule: RuleSpec) -> Iterator[str]:
    """What is named and is not there, or cannot be compared."""
    record = spec.record(rule.record)
    var = names.variable(record.name)
    models = {names.model_class(entry.name): entry for entry in spec.records}
    bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    bound |= {
        alias.asname or alias.name for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names
    }
    known = {"session", var, "datetime", *IMPORTS, *models, *bound, *dir(builtins)}
    members = {var: _members(record), **{cls: _members(entry) for cls, entry in models.items()}}
    for node in ast.walk(function):
        if isinstance(node, ast.Return) and (absent := _refused_when_absent(node.value, var)):
            yield f"A record without `{absent}` is refused, and the rule says nothing of it. Return True where `{absent} is None`."
        if isinstance(node, ast.Compare) and (span := _span_against_number(node, record, var)):
            yield f"`{span}` is a time span, not a number of days. Write `({span}).days`."
        if isinstance(node, ast.Name) and node.id not in known:
            yield f"There is no `{node.id}` here. Use only what `usable` lists.{_meant(node.id, _members(record), var)}"
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr not in members.get(node.value.id, {node.attr})
        ):
            there = sorted(members[node.value.id])
            yield f"`{node.value.id}` has no `{node.attr}`. It has {', '.join(there)}."


_NUMBER_WORDS = dict(zip("two three four five six seven eight nine ten twelve".split(), (2, 3, 4, 5, 6, 7, 8, 9, 10, 12), strict=True))


def _number_left_out(function: ast.FunctionDef, message: str) -> int | None:
    """The first number of the sentence if the code has none of its numbers, nor one beside them (`< 15` for at most 14).

    A small model wrote another rule than it was asked for, with two requests that agreed with it: its own test was green.
    """
    words = re.findall(r"\d{1,9}|[a-z]+", message.lower())
    said = [int(word) if word.isdigit() else _NUMBER_WORDS[word] for word in words if word.isdigit() or word in _NUMBER_WORDS]
    constants = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
    written = {value for value in constants if isinstance(value, int | float)}
    written |= {int(value) for value in constants if isinstance(value, str) and value.isdecimal()}
    near = {number + step for number in said for step in (-1, 0, 1)}
    return said[0] if said and not near & written else None


def _refused_when_absent(value: ast.expr | None, var: str) -> str | None:
    """Of `x is not None and …`, what has to be there: small models write it so, and the app then refuses every record without it."""
    parts = value.values if isinstance(value, ast.BoolOp) and isinstance(value.op, ast.And) else []
    asked = (part for part in parts if isinstance(part, ast.Compare) and len(part.ops) == 1 and isinstance(part.ops[0], ast.IsNot))
    return next((text for part in asked if (text := ast.unparse(part.left)).startswith(f"{var}.")), None)


def _span_against_number(node: ast.Compare, record: RecordSpec, var: str) -> str | None:
    """The difference of two dates that is compared with a number, which Python refuses as soon as it is tried."""
    moments = {f"{var}.{names.attribute(field.name)}" for field in record.fields if field.type in (FieldType.date, FieldType.datetime)}
    sides = [node.left, *node.comparators]
    differences = [side for side in sides if isinstance(side, ast.BinOp) and isinstance(side.op, ast.Sub)]
    spans = [ast.unparse(side) for side in differences if {ast.unparse(side.left), ast.unparse(side.right)} <= moments]
    numbers = [side for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, int)]
    return spans[0] if spans and numbers else None


def _meant(name: str, members: set[str], var: str) -> str:
    """Small models forget the record before its values, or take its kind's name from the example."""
    close = difflib.get_close_matches(name, members, n=1)
    return f" Do you mean `{var}.{close[0]}`?" if close else f" The record is `{var}`."


def _members(record: RecordSpec) -> set[str]:
    """Attributes of the record's class; the objects it refers to are there only once it is stored."""
    found = {names.attribute(field.name) for field in record.fields} | {relation_property(relation) for relation in _single(record)}
    return found | {"id", "created_at", "created_by_id"} | ({"state"} if record.workflow else set())


def _with_function(text: str, spec: AppSpec, rule: RuleSpec, body: str, function: ast.FunctionDef) -> str:
    """The source with the function in place of the one that was there, and with what it imports."""
    record = spec.record(rule.record)
    first = f"def {function_of(rule)}(session: Session, {names.variable(record.name)}: {names.model_class(record.name)}) -> bool:"
    written = f"{first}\n{textwrap.indent(body, '    ')}"
    there = function_in(text, rule)
    text = text.replace(there, written) if there else f"{text.rstrip()}\n\n\n{written}\n"
    return _with_imports(text, {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}, function, spec)


def _with_imports(text: str, used: set[str], function: ast.FunctionDef, spec: AppSpec) -> str:
    models = {names.model_class(entry.name): entry.plural for entry in spec.records}
    lines = text.splitlines()
    wanted = [f"from app.records.{models[name]}.model import {name}" for name in sorted(used & models.keys())]
    wanted += [IMPORTS[name] for name in sorted(used & IMPORTS.keys())]
    if "datetime" in used:
        wanted.append(_import_of_datetime(function))
    missing = [line for line in wanted if line not in lines and not _is_imported(line, lines)]
    if not missing:
        return text
    last = max((number for number, line in enumerate(lines) if line.startswith(("import ", "from "))), default=0)
    return "\n".join([*lines[: last + 1], *missing, *lines[last + 1 :]]) + "\n"


def _is_imported(wanted: str, lines: list[str]) -> bool:
    """`from app.accounts.model import Account` is there where `import Account, Role` is."""
    module, _, name = wanted.partition(" import ")
    return any(line.startswith(f"{module} import ") and name in re.split(r"[ ,]+", line.partition(" import ")[2]) for line in lines)


def _import_of_datetime(function: ast.FunctionDef) -> str:
    of_module = {"timedelta", "date", "time", "datetime", "UTC", "timezone"}
    attributes = {
        node.attr
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "datetime"
    }
    return "import datetime" if attributes & of_module else "from datetime import datetime"
