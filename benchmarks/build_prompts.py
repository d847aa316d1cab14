"""Build apps from descriptions and templates through the command line, and print what came of each.

    python -m benchmarks.build_prompts [PROMPTS.json [GOLD.json]] [--only claims,clinic] [--templates] [--model builtin] [--out TABLE.md]

Without a file, our descriptions with the gold in them. Each build starts from an empty data directory, so the seconds are those of a
newcomer. What is printed of each:

* `complete`: every check passed, everything gold asks for is in the specification (`benchmarks/gold.py`), and all of that was used in
  the running app: every endpoint as every role, every field and relation given a value that was accepted, every state reached, every
  step taken, every role answered (`nodes/verification/exercised.py`).
* `named gap`: every check passed, and each thing that is missing is named to the user as a question, a non-goal or an unmet preference.
* `silent gap`: every check passed, but something is missing, or was not exercised, that nobody was told of.
* `declined`: the builder refused and said why. `failed`: anything else.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.gold import OURS, Prompt, prompts_of, stems, wanted_of
from nodes.artifacts import AppSpec, BuildRequest
from nodes.blueprint.reader import read_description
from server.services.templates import Templates

CHECKS = ("compile", "lint", "placeholders", "secrets", "tests", "boot", "contract", "probe", "restart")
HEADINGS = ("prompt", "result", "seconds", "tests", "endpoints × roles", "contract differences", "placeholders", "what is missing")

UNREAD_EXTRAS = {"local storage": "storage", "external API": "api", "cli": "", "filesystem": "", "game logic": ""}
"""What gold of the open prompts asks for that is no recipe: a word by which the user has to be told of it."""


@dataclass(frozen=True)
class Result:
    """One build, as a row of the table."""

    name: str
    result: str
    seconds: float
    answer: Mapping[str, Any]
    missing: tuple[str, ...] = ()

    def cells(self) -> tuple[str, ...]:
        """The row; what a declined build has no figure for stays empty."""
        counts = {check["check"]: check["counts"] for check in self.answer.get("checks", ())}
        found = {check["check"]: len(check["findings"]) for check in self.answer.get("checks", ())}
        files = counts.get("placeholders", {}).get("files", 0)
        return (
            self.name,
            self.result,
            f"{self.seconds:.1f}",
            str(counts.get("tests", {}).get("passed", "")),
            str(counts.get("probe", {}).get("endpoint_role_pairs", "")),
            str(found.get("contract", "")),
            f"{found.get('placeholders', 0) / files:.0%}" if files else "",
            ", ".join(self.missing)[:110] or str(self.answer.get("error") or "")[:110],
        )


def main(prompts: Sequence[Prompt], templates: Sequence[str], model: str, out: Path | None) -> int:
    """Print a row for each build and count them; answer 1 if one failed."""
    results = []
    print(_row(HEADINGS), flush=True)
    for prompt in prompts:
        results.append(built(prompt, model))
        print(_row(results[-1].cells()), flush=True)
    for name in templates:
        answer, seconds = run(["--template", name, "--model", model])
        whole = passed(answer) and exercised(answer)
        results.append(Result(f"template {name}", "complete" if whole else "failed", seconds, answer, troubles(answer)))
        print(_row(results[-1].cells()), flush=True)
    counted = Counter(result.result for result in results)
    total = f"{len(results)} builds: " + ", ".join(f"{number} {result}" for result, number in counted.items())
    print(f"\n{total}")
    if out is not None:
        out.write_text(_table(results, total), encoding="utf-8")
    return 1 if counted["failed"] else 0


def built(prompt: Prompt, model: str) -> Result:
    """Build a prompt and judge what came of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as more:
        more.write(prompt.requirements or "")
        more.flush()
        answer, seconds = run([prompt.description, "--model", model, *(["--requirements", more.name] if prompt.requirements else [])])
    if answer.get("declined"):
        return Result(prompt.id, "declined" if prompt.outside else "failed", seconds, answer)
    if not passed(answer):
        return Result(prompt.id, "failed", seconds, answer, troubles(answer))
    missing, told = gaps(prompt)
    if not exercised(answer):
        return Result(prompt.id, "silent gap", seconds, answer, (*missing, "not everything was used in the running app"))
    return Result(prompt.id, "complete" if not missing else "named gap" if told else "silent gap", seconds, answer, missing)


def run(arguments: Sequence[str]) -> tuple[dict[str, Any], float]:
    """What `appyard build --json` printed, and the seconds it took. `declined`: it refused the description, with exit code 2."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        command = ["env", f"APPYARD_DATA_DIR={folder}/data", sys.executable, "-m", "server.cli", "build", *arguments]
        options = ["--yes", "--json", "--out", f"{folder}/out"]
        ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=900, check=False)  # noqa: S603 - our own program
    seconds = time.monotonic() - began
    try:
        answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    except (ValueError, IndexError):
        answer = {"error": ended.stderr[-300:] or f"exit code {ended.returncode}"}
    refusals = ("DescriptionOutOfDomain", "DescriptionUnclear", "asks for something else", "names nothing an app could keep")
    answer["declined"] = any(words in str(answer.get("error")) for words in refusals)
    return answer, seconds


def passed(answer: Mapping[str, Any]) -> bool:
    """Whether the build was completed and every check ran and passed."""
    statuses = {check["check"]: check["status"] for check in answer.get("checks", ())}
    return answer.get("runtime_status") == "Completed" and all(statuses.get(name) == "passed" for name in CHECKS)


def troubles(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """The checks that did not pass, each with its first finding."""
    failing = [check for check in answer.get("checks", ()) if check["status"] != "passed"]
    return tuple(f"{check['check']}: {check['findings'][0]['message'] if check['findings'] else check['summary']}" for check in failing)


def exercised(answer: Mapping[str, Any]) -> bool:
    """Whether the probe called every endpoint as every role and signed out, and used every field, role, state and step."""
    probe: Mapping[str, int] = next((check["counts"] for check in answer.get("checks", ()) if check["check"] == "probe"), {})
    return probe.get("not_probed") == probe.get("not_used") == 0 and probe.get("endpoint_role_pairs", 0) > 0


def gaps(prompt: Prompt) -> tuple[tuple[str, ...], bool]:
    """What gold asks for and the specification lacks, and whether the user was told of all of it."""
    if prompt.gold is None:
        return (), True
    spec = read_description(BuildRequest(app_description=prompt.description, requirements=prompt.requirements))
    missing = [(entry.name, entry.name) for entry in wanted_of(spec, prompt.gold) if not entry.found]
    missing += [(extra, UNREAD_EXTRAS[extra]) for extra in prompt.gold.get("extras", ()) if extra in UNREAD_EXTRAS]
    told = stems(" ".join(re.findall(r"[\w-]+", said(spec))))
    return tuple(name for name, _ in missing), all(stems(word.replace(".", " ")) & told for _, word in missing)


def said(spec: AppSpec) -> str:
    """Everything the user is told that is not built, or built otherwise than asked."""
    texts = [f"{entry.name} {entry.question} {entry.default}" for entry in spec.open_questions]
    texts += [f"{wish.preference} {wish.reason}" for wish in spec.unmet_preferences]
    return " ".join([*texts, *spec.non_goals])


def _row(cells: Sequence[str]) -> str:
    widths = (26, 11, 8, 6, 18, 21, 13, 0)
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)).rstrip()


def _table(results: Sequence[Result], total: str) -> str:
    rows = [HEADINGS, tuple("---" for _ in HEADINGS), *(result.cells() for result in results)]
    return "\n".join([*("| " + " | ".join(row) + " |" for row in rows), "", f"{total}.", ""])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", type=Path, nargs="?", default=OURS)
    parser.add_argument("gold", type=Path, nargs="?")
    parser.add_argument("--only", default="")
    parser.add_argument("--templates", action="store_true", help="Build the templates instead of descriptions.")
    parser.add_argument("--model", default="builtin")
    parser.add_argument("--out", type=Path, help="Also write the table as Markdown.")
    arguments = parser.parse_args()
    only = set(filter(None, arguments.only.split(",")))
    chosen = [] if arguments.templates else prompts_of(arguments.prompts, arguments.gold)
    listed = [template.name for template in Templates().listed()] if arguments.templates else []
    sys.exit(
        main(
            [prompt for prompt in chosen if not only or prompt.id in only],
            [name for name in listed if not only or name in only],
            arguments.model,
            arguments.out,
        )
    )
