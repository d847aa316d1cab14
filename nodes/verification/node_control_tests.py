"""Tests of our own at the end of each file of tests for Node.js, half of which have to fail: only an honest report shows just that.

Node runs each file in a process of its own, beside the app's code, which can end that process early or change `node:test` and
`node:assert`. Whatever does so changes what becomes of these tests too. Those that fail are marked `todo`, so that the run ends as it
would without them. Code that was written to recognise them is not found, as with `nodes.verification.control_tests`.
"""

import random
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

_CHOICE = random.SystemRandom()

_IMPORTS = """
import {{ test as {test} }} from "node:test";
import {strict} from "node:assert/strict";
import {loose} from "node:assert";
"""
_WAYS = (
    "{strict}.equal({product}, {told});",
    "{strict}.deepEqual({{ of: [{product}] }}, {{ of: [{told}] }});",
    "{strict}.match(String({product}), /^{told}$/);",
    "{strict}.throws(() => {{ if ({product} === {told}) throw new Error(); }});",
    "await {strict}.rejects(async () => {{ if ({product} === {told}) throw new Error(); }});",
    "{loose}.ok({product} === {told});",
    "if ({product} !== {told}) throw new Error();",
)
"""What a test says to fail unless `product` is `told`: the assertions people use, and none."""


@dataclass(frozen=True)
class NodeControlTests:
    """What is put behind a file of tests, and which of these tests have to fail."""

    fails: Mapping[str, bool]
    source: str

    def contradict(self, passed: Mapping[str, bool]) -> str | None:
        """Why the report of a file cannot be true, given what it tells of these tests; None: it can."""
        for name, fails in self.fails.items():
            if passed.get(name) is not (not fails):
                told = {True: "passed", False: "failed", None: "missing"}[passed.get(name)]
                return f"of the tests that were put behind its own, one that has to {'fail' if fails else 'pass'} is {told} in the report"
        return None


def node_control_tests() -> NodeControlTests:
    """A new set: each way to fail is there twice, as a test that passes and as one that fails."""
    test, strict, loose = (f"_{secrets.token_hex(6)}" for _ in range(3))
    imports = _IMPORTS.format(test=test, strict=strict, loose=loose)
    fails: dict[str, bool] = {}
    written = []
    for way, failing in _CHOICE.sample([(way, failing) for way in _WAYS for failing in (True, False)], len(_WAYS) * 2):
        name, first, second = secrets.token_hex(6), _CHOICE.randint(100, 999), _CHOICE.randint(100, 999)
        told = first * second + (_CHOICE.randint(1, 9) if failing else 0)
        body = way.format(strict=strict, loose=loose, product=f"{first} * {second}", told=told)
        options = "{ todo: true }" if failing else "{}"
        written.append(f'{test}("{name}", {options}, async () => {{ {body} }});\n')
        fails[name] = failing
    return NodeControlTests(fails, imports + "".join(written))
