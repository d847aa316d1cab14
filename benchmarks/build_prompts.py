"""Build apps from descriptions through the command line and print what came of each.

    python -m benchmarks.build_prompts [prompts.json] [--only claims,clinic] [--model builtin]

`prompts.json` is a list of {"id", "description"}; without one, ours. Each build starts from an empty data directory, so the seconds are
those of a newcomer. A build counts as complete only if `appyard build` exited with 0: every check passed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

OURS = Path(__file__).parent / "descriptions.json"
HEADINGS = f"{'prompt':<10} {'result':<16} {'seconds':>7} {'tests':>6} {'requests':>8}  what it is"


def main(prompts: Path, only: set[str], model: str) -> None:
    """One line for each prompt, and a count."""
    print(HEADINGS)
    complete = 0
    chosen = [prompt for prompt in json.loads(prompts.read_text()) if not only or prompt["id"] in only]
    for prompt in chosen:
        began = time.monotonic()
        answer = build(prompt["description"], model)
        seconds = time.monotonic() - began
        complete += answer.get("runtime_status") == "Completed"
        print(line(prompt["id"], answer, seconds), flush=True)
    print(f"\ncomplete: {complete} of {len(chosen)}")


def build(description: str, model: str) -> dict[str, Any]:
    """What `appyard build --json` printed."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["env", f"APPYARD_DATA_DIR={folder}/data", sys.executable, "-m", "server.cli", "build", description]
        options = ["--yes", "--json", "--model", model, "--out", f"{folder}/out"]
        ended = subprocess.run([*command, *options], capture_output=True, text=True, timeout=600, check=False)  # noqa: S603 - our own program
    try:
        answer: dict[str, Any] = json.loads(ended.stdout)
    except ValueError:
        return {"error": ended.stderr[-300:] or f"exit code {ended.returncode}"}
    return answer


def line(name: str, answer: dict[str, Any], seconds: float) -> str:
    """The prompt's result; for one that was not completed, why."""
    counts = {check["check"]: check["counts"] for check in answer.get("checks", ())}
    failed = [check["check"] for check in answer.get("checks", ()) if check["status"] != "passed"]
    said = answer.get("title") if answer.get("runtime_status") == "Completed" else answer.get("error") or answer.get("detail")
    tests, requests = counts.get("tests", {}).get("passed", ""), counts.get("probe", {}).get("requests", "")
    about = f"{said or answer.get('title')} {' '.join(failed)}"
    return f"{name:<10} {answer.get('runtime_status', 'refused'):<16} {seconds:>7.1f} {tests:>6} {requests:>8}  {about[:90]}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", type=Path, nargs="?", default=OURS)
    parser.add_argument("--only", default="")
    parser.add_argument("--model", default="builtin")
    arguments = parser.parse_args()
    main(arguments.prompts, set(filter(None, arguments.only.split(","))), arguments.model)
