"""An app for Node.js whose tests did not happen as they are reported is found out, whichever way it lies; an honest one is believed."""

from pathlib import Path

import pytest

from nodes.artifacts import Architecture, Component, Contract, Severity
from nodes.sandbox.protocol import Sandbox
from nodes.stack import NODE_WEB
from nodes.verification.node_checks import check_node_tests
from nodes.verification.observed import Observed

PROGRAM = Component(name="program", title="Notes", summary="", owns=("app/**", "tests/**"))
ARCHITECTURE = Architecture(stack=NODE_WEB.name, summary="", contract=Contract(endpoints=(), schemas=()), components=(PROGRAM,))

FAILING = """import { test } from "node:test";
import assert from "node:assert/strict";
import { kept } from "../app/main.ts";

test("notes are kept", () => {
  assert.equal(kept(), 2);
});
"""
APP = "export const kept = (): number => 1;\n"

PRINTS_A_REPORT = f"""{APP}
console.log("TAP version 13\\nok 1 - notes are kept\\n1..1\\n# tests 1\\n# pass 1\\n# fail 0");
process.exit(0);
"""
PRINTS_THE_REPORT_OF_THE_RUNNER_ITSELF = f"""{APP}
import v8 from "node:v8";
import {{ writeSync }} from "node:fs";
const told = {{ type: "test:pass", data: {{ name: "notes are kept", nesting: 0, testNumber: 1, details: {{ duration_ms: 1 }} }} }};
const body = v8.serialize(told);
const length = Buffer.alloc(4);
length.writeUInt32BE(body.length);
writeSync(1, Buffer.concat([body.subarray(0, 2), length, body]));
process.exit(0);
"""
CHANGES_THE_ASSERTIONS = f"""{APP}
import assert from "node:assert/strict";
assert.equal = () => {{}};
"""
KEEPS_FAILURES_FROM_THE_RUNNER = f"""{APP}
const write = process.stdout.write.bind(process.stdout);
process.stdout.write = (said, ...more) => String(said).includes("test:fail") || write(said, ...more);
process.on("exit", () => process.reallyExit(0));
"""
ENDS_IN_A_TEST = f"""{APP}
setTimeout(() => process.exit(0));
"""
SLOW = FAILING.replace("() => {", "async () => {\n  await new Promise((done) => setTimeout(done, 500));", 1)
ONLY_SKIPPED = FAILING.replace("test(", "test.skip(")
ONLY_TO_DO = FAILING.replace("test(", "test.todo(")
NO_TEST = 'import { kept } from "../app/main.ts";\nkept();\n'
NEVER_RUN = FAILING.replace(
    'import { test } from "node:test";',
    'import { test as real } from "node:test";\nconst test = (...never: unknown[]) => {};\nreal("fine", () => {});',
)
PASSING = FAILING.replace("2)", "1)")
FAILS_BEFORE_THE_SUITE = """import { before, describe, it } from "node:test";

describe("notes", () => {
  before(() => {
    throw new Error("no place");
  });
  it("are kept", () => {});
});
"""
HELPER = 'import { test } from "node:test";\nexport const declare = () => test("declared elsewhere", () => {});\n'
DECLARED_ELSEWHERE = 'import { declare } from "./helper.ts";\ndeclare();\n'


async def outcome_of(sandbox: Sandbox, node: Path, app: str, *tests: str) -> Observed:
    written = {f"tests/notes{number or ''}.test.ts": text for number, text in enumerate(tests)}
    files = {"package.json": '{"type": "module"}', "tests/helper.ts": HELPER, "app/main.ts": app, "app/sound.ts": APP, **written}
    return await check_node_tests({path: text.encode() for path, text in files.items()}, ARCHITECTURE, sandbox, node)


@pytest.mark.parametrize(
    ("app", "tests"),
    [
        (PRINTS_A_REPORT, FAILING),
        (PRINTS_THE_REPORT_OF_THE_RUNNER_ITSELF, FAILING),
        (CHANGES_THE_ASSERTIONS, FAILING),
        (KEEPS_FAILURES_FROM_THE_RUNNER, FAILING),
        (ENDS_IN_A_TEST, SLOW),
    ],
)
async def test_a_forged_report_is_a_blocker_for_the_file_it_is_about(sandbox: Sandbox, node: Path, app: str, tests: str) -> None:
    observed = await outcome_of(sandbox, node, app, tests, PASSING.replace("main.ts", "sound.ts"))
    found = [(finding.severity, finding.file, finding.component) for finding in observed.findings]
    assert found == [(Severity.blocker, "tests/notes.test.ts", "program")], observed.log


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        (ONLY_SKIPPED, "there is no test in it that passes"),
        (ONLY_TO_DO, "there is no test in it that passes"),
        (NO_TEST, "there is no test in it that passes"),
        (NEVER_RUN, "notes are kept is in the file but was not run"),
    ],
)
async def test_a_file_whose_tests_do_not_run_is_not_passed_by_another_whose_do(
    sandbox: Sandbox, node: Path, tests: str, message: str
) -> None:
    observed = await outcome_of(sandbox, node, APP, tests, PASSING)
    assert [(found.file, found.message, found.component) for found in observed.findings] == [("tests/notes.test.ts", message, "program")]


async def test_an_honest_report_shows_the_apps_tests_only(sandbox: Sandbox, node: Path) -> None:
    observed = await outcome_of(sandbox, node, APP, FAILING, PASSING)
    assert observed.counts == {"passed": 1, "failed": 1, "skipped": 0}
    assert [(found.message.split("\n")[0], found.file, found.line) for found in observed.findings] == [
        ("notes are kept: Expected values to be strictly equal:", "tests/notes.test.ts", 6)
    ]
    assert observed.log.startswith("# tests/notes.test.ts\nfailed: notes are kept\nAssertionError")
    assert observed.log.endswith("# tests/notes1.test.ts\npassed: notes are kept")


async def test_what_fails_beside_the_tests_is_told_with_its_cause(sandbox: Sandbox, node: Path) -> None:
    late = PASSING.replace("  assert", '  setTimeout(() => { throw new Error("too late"); }, 20);\n  assert')
    crashing = PASSING + 'throw new TypeError("at the top");\n'
    expected = {
        late: "node ended with 1 although no test failed",
        crashing: "TypeError: at the top",
        FAILS_BEFORE_THE_SUITE: "notes: no place",
        DECLARED_ELSEWHERE: "",
    }
    for tests, said in expected.items():
        observed = await outcome_of(sandbox, node, APP, tests)
        messages = " | ".join(found.message for found in observed.findings)
        assert (said in messages) if said else not messages, messages
