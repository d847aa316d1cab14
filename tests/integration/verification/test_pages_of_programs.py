"""The pages of a program for Node.js are looked at in Chromium: a sound game gives pictures, a broken one is found, part by part."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from nodes.artifacts import (
    AppSpec,
    Architecture,
    ArchitecturePlan,
    BuildRequest,
    Changeset,
    CheckName,
    CheckStatus,
    Component,
    Contract,
    Example,
    FileChange,
    FileOperation,
    RequestStep,
    Severity,
    StackName,
    Verdict,
)
from nodes.blueprint.programs.surroundings import surroundings
from nodes.context import AgentTask
from nodes.program_spec import ProgramSpec
from nodes.sandbox.protocol import Sandbox
from nodes.stack import NODE_WEB
from nodes.verification.browser.check import chromium
from nodes.verification.browser.program_check import check_pages
from nodes.verification.observed import CheckImpossible, Observed
from tests.factories import InMemoryArtifacts
from tests.scripted_builds import Build, adding

SPEC = AppSpec(
    name="catch",
    title="Catch",
    summary="A game.",
    stack=StackName.node_web,
    features=("It counts.",),
    examples=(
        Example(
            name="kept",
            says="A score is kept",
            requests=(
                RequestStep(method="POST", path="/api/scores", body='{"points": 7}', status=201),
                RequestStep(path="/api/scores", output=("7",)),
            ),
        ),
    ),
    records=(),
    roles=(),
    permissions=(),
)
RULES = Component(name="rules", title="Rules", summary="", owns=("app/browser/**",))
SERVICE = Component(name="service", title="Service", summary="", owns=("app/main.ts", "tests/**"))
ARCHITECTURE = Architecture(stack=NODE_WEB.name, summary="", contract=Contract(endpoints=(), schemas=()), components=(RULES, SERVICE))

MAIN = """import type { IncomingMessage, ServerResponse } from "node:http";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";

const points: number[] = existsSync("data/points.json") ? JSON.parse(readFileSync("data/points.json", "utf8")) : [];
const page = (title: string, rest: string) =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${title}</title>
<link rel="icon" href="data:,"><h1>${title}</h1>
<nav><a href="/">Play</a> <a href="/scores">Scores</a> <a href="/scores.csv">As a table</a></nav>${rest}`;

export async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const html = (text: string) => response.writeHead(200, { "Content-Type": "text/html; charset=utf-8" }).end(text);
  const json = (status: number, value: unknown) =>
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
  if (request.method === "POST") {
    let body = "";
    for await (const chunk of request) body += chunk;
    points.push(JSON.parse(body).points);
    mkdirSync("data", { recursive: true });
    writeFileSync("data/points.json", JSON.stringify(points));
    return void json(201, {});
  }
  if (request.url === "/") {
    return void html(page("Catch", '<canvas></canvas><button>Start</button><script type="module" src="/game.js"></script>'));
  }
  if (request.url === "/scores") {
    const rows = points.map((each) => `<li>${each}</li>`).join("");
    const find = '<form action="/scores"><input aria-label="Find" autofocus></form>';
    const back = `<button onclick="location.href='/'">Back</button>`;
    return void html(page("Scores", `${find}<ol>${rows}</ol>${back}`));
  }
  if (request.url === "/scores.csv") {
    const headers = { "Content-Type": "text/csv", "Content-Disposition": "attachment" };
    return void response.writeHead(200, headers).end(points.join("\\n"));
  }
  if (request.url === "/game.js") {
    const text = readFileSync("app/browser/game.js", "utf8");
    return void response.writeHead(200, { "Content-Type": "text/javascript" }).end(text);
  }
  json(request.url === "/api/scores" ? 200 : 404, points);
}
"""
GAME = """const canvas = document.querySelector("canvas");
const brush = canvas.getContext("2d");
let place = 10;
function draw() {
  brush.fillRect(place, 10, 40, 40);
}
addEventListener("keydown", (event) => {
  place += event.key === "ArrowRight" ? 5 : 0;
  draw();
});
document.querySelector("button").addEventListener("click", draw);
draw();
fetch("/api/best");
"""

needs_chromium = pytest.mark.skipif(chromium() is None, reason="needs Chromium")


async def seen(sandbox: Sandbox, node: Path, toolchain: Path, changes: Mapping[str, tuple[str, str]]) -> Observed:
    files = {**surroundings(SPEC), "app/main.ts": MAIN, "app/browser/game.js": GAME}
    for path, (old, new) in changes.items():
        assert old in files[path]
        files[path] = files[path].replace(old, new)
    return await check_pages(
        {path: text.encode() for path, text in files.items()},
        SPEC,
        ARCHITECTURE,
        stack=NODE_WEB,
        browser=chromium(),
        sandbox=sandbox,
        python=toolchain,
        toolchain=node,
        artifacts=InMemoryArtifacts(),
    )


@needs_chromium
async def test_a_sound_game_has_nothing_to_complain_of_and_gives_pictures(sandbox: Sandbox, node: Path, toolchain: Path) -> None:
    observed = await seen(sandbox, node, toolchain, {})
    assert list(observed.findings) == []
    assert [(picture.caption, picture.path) for picture in observed.screenshots] == [
        ("First page at a desk", "/"),
        ("First page on a phone", "/"),
        ("Page at a desk", "/scores"),
    ]
    assert observed.counts == {"pages": 2, "pictures": 3}


BROKEN: dict[str, tuple[Mapping[str, tuple[str, str]], str, str, str | None, int | None]] = {
    "a script that throws at load": (
        {"app/browser/game.js": ('querySelector("canvas")', 'querySelector("#board")')},
        "a script failed: TypeError: Cannot read properties of null",
        "rules",
        "app/browser/game.js",
        2,
    ),
    "a script that throws when a key is pressed": (
        {"app/browser/game.js": ("  place +=", "  places +=")},
        "after keys and buttons were pressed: a script failed: ReferenceError: places is not defined",
        "rules",
        "app/browser/game.js",
        8,
    ),
    "a script that is not there": (
        {"app/main.ts": ('src="/game.js"', 'src="/gone.js"')},
        "/gone.js answered 404",
        "service",
        "app/main.ts",
        None,
    ),
    "a link that leads nowhere": (
        {"app/main.ts": ('<a href="/scores">Scores</a>', '<a href="/scores">Scores</a> <a href="/rules">Rules</a>')},
        "/rules answered 404",
        "",
        None,
        None,
    ),
    "another machine": (
        {"app/main.ts": ('src="/game.js"', 'src="https://cdn.example.com/game.js"')},
        "it asks another machine: https://cdn.example.com/game.js",
        "service",
        "app/main.ts",
        None,
    ),
    "a blank page": ({"app/main.ts": ("${rest}`;", '${rest}`.replace(/<h1.*/s, "");')}, "the page is blank", "", None, None),
    "a script without an end": (
        {"app/browser/game.js": ("draw();\n", "while (true) draw();\n")},
        "it did not load, or a script has no end: no answer for 15 s",
        "",
        None,
        None,
    ),
    "a page that fails with data": (
        {"app/main.ts": ("`<li>${each}</li>`", "`<li>${(each as any).gone.name}</li>`")},
        "/scores answered 500",
        "",
        None,
        None,
    ),
}


TESTS = """import { test } from "node:test";
import { handle } from "../app/main.ts";

test("there is a handler", () => {
  handle.call;
});
"""


def write_game(task: AgentTask[Changeset]) -> Changeset:
    """Engineers whose game throws when it is loaded, until they are shown that."""
    if task.component == "service":
        return adding("service", {"app/main.ts": MAIN, "tests/game.test.ts": TESTS})
    if task.attempt == 1:
        return adding("rules", {"app/browser/game.js": GAME.replace("canvas.getContext", "board.getContext")})
    assert "board is not defined" in task.inputs["findings"]
    repair = FileChange(path="app/browser/game.js", operation=FileOperation.edit, search="board.get", content="canvas.get")
    return Changeset(component="rules", changes=(repair,))


@needs_chromium
async def test_a_game_whose_script_throws_at_load_is_not_delivered_before_that_is_repaired(
    sandbox: Sandbox, node: Path, toolchain: Path
) -> None:
    program = ProgramSpec.model_validate(SPEC.model_dump(include=set(ProgramSpec.model_fields)))
    build = Build(
        {
            "specify_program": [program],
            "divide_program": [ArchitecturePlan(summary="Two.", components=(RULES, SERVICE))],
            "write_program": [write_game],
        },
        sandbox,
        toolchain,
        node,
        chromium(),
    )
    state = await build.run(BuildRequest(app_description="A game in the browser.", tech_stack_preferences=("Node.js",)))
    assert build.crew.names()[-2:] == ["write_program(rules#2)", "review_app"]
    assert state["qa"].tried[0].failed_checks == (CheckName.browser,)
    browser = next(check for check in state["qa"].report.checks if check.check is CheckName.browser)
    assert (browser.status, len(browser.screenshots), state["qa"].report.verdict) == (CheckStatus.passed, 3, Verdict.verified)


@needs_chromium
@pytest.mark.parametrize("what", BROKEN)
async def test_what_is_broken_is_found_and_goes_to_the_part_concerned(sandbox: Sandbox, node: Path, toolchain: Path, what: str) -> None:
    changes, message, component, file, line = BROKEN[what]
    observed = await seen(sandbox, node, toolchain, changes)
    major = [found for found in observed.findings if found.severity is Severity.major]
    found = next((each for each in major if each.message.startswith(message)), None)
    assert found, [each.message for each in observed.findings]
    assert ((found.component or ""), found.file, found.line) == (component, file, line)


async def test_without_a_browser_it_is_said_that_nobody_looked(sandbox: Sandbox, node: Path, toolchain: Path) -> None:
    with pytest.raises(CheckImpossible, match="no Chromium below"):
        await check_pages(
            {},
            SPEC,
            ARCHITECTURE,
            stack=NODE_WEB,
            browser=None,
            sandbox=sandbox,
            python=toolchain,
            toolchain=node,
            artifacts=InMemoryArtifacts(),
        )
