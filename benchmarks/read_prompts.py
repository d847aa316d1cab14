"""How well the built-in reader reads descriptions: recall and precision against a gold file, per prompt and in total.

    python -m benchmarks.read_prompts PROMPTS.json GOLD.json

Both files are lists with an `id` per entry, as in `open_prompts.json` and `open_gold.json`. Entities and roles are
compared by their last word; fields and states by any shared word. Fields a reader guesses for a gold record are not
counted as errors, because gold lists only what the text states. Prompts whose gold has no entity should be declined.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typing_extensions import override

from nodes.artifacts import AppSpec, BuildRequest
from nodes.blueprint.reader import read_description
from nodes.errors import BuildError

KINDS = ("entities", "fields", "roles", "states")


@dataclass
class Count:
    """Found of wanted, and how many were read in all."""

    found: int = 0
    wanted: int = 0
    read: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.found + other.found, self.wanted + other.wanted, self.read + other.read)

    @override
    def __str__(self) -> str:
        precision = f"{self.found / self.read:.2f}" if self.read else "  – "
        return f"{self.found:3}/{self.wanted:<3} {precision}"


def stem(word: str) -> str:
    """Enough of a word to survive its plural and its ending: `calories`, `calorie` → `calor`."""
    return word.lower().rstrip("s")[:6].rstrip("ei")


def stems(text: str) -> set[str]:
    """The stems of all words of a name."""
    return {stem(word) for word in text.replace("_", " ").replace("-", " ").split()}


def compare(spec: AppSpec, gold: dict[str, Any]) -> dict[str, Count]:
    """Count what of `gold` is in `spec`."""
    heads = {record.label.lower().split()[-1]: record for record in spec.records}
    known = {stem(head): record for head, record in heads.items()}
    counts = {kind: Count() for kind in KINDS}
    wanted_entities = [entity for entity in gold["entities"] if entity != "user"]
    counts["entities"] = Count(
        sum(stem(entity.split()[-1]) in known for entity in wanted_entities), len(wanted_entities), len(spec.records)
    )
    roles = {stem(role.label.split()[-1]) for role in spec.roles if role.source.quote}
    counts["roles"] = Count(sum(stem(role) in roles for role in gold["roles"]), len(gold["roles"]), len(roles))
    for entity, fields in gold["fields"].items():
        record = known.get(stem(entity.split()[-1]))
        named = [f"{part.name} {part.label}" for part in record.fields] if record else []
        named += [f"{part.name} {part.label}" for part in record.relations] if record else []
        parts = [stems(name) for name in named]
        counts["fields"] += Count(sum(any(stems(field) & part for part in parts) for field in fields), len(fields), len(fields))
    for entity, states in gold["workflow"].items():
        record = known.get(stem(entity.split()[-1]))
        read = {state.name.replace("_", "-") for state in record.workflow.states} if record and record.workflow else set()
        counts["states"] += Count(len(read & set(states)), len(states), len(read))
    return counts


def main(prompts: Path, gold: Path) -> int:
    """Print the table; answer 1 if the reader failed on a prompt it should have read."""
    wanted = {entry["id"]: entry for entry in json.loads(gold.read_text(encoding="utf-8"))}
    totals, failures = {kind: Count() for kind in KINDS}, 0
    print(f"{'prompt':<10}" + "".join(f"{kind + ' found precision':>28}" for kind in KINDS) + f"{'ms':>8}")
    for prompt in json.loads(prompts.read_text(encoding="utf-8")):
        started = time.perf_counter()
        try:
            spec = read_description(BuildRequest(app_description=prompt["description"]))
        except BuildError as error:
            outside = wanted[prompt["id"]].get("kind") not in {"crud", "workflow", "content"}
            failures += not outside
            print(f"{prompt['id']:<10}  declined ({type(error).__name__}){'' if outside else ', wrongly'}")
            continue
        elapsed = (time.perf_counter() - started) * 1000
        counts = compare(spec, wanted[prompt["id"]])
        for kind in KINDS:
            totals[kind] += counts[kind]
        print(f"{prompt['id']:<10}" + "".join(f"{counts[kind]!s:>28}" for kind in KINDS) + f"{elapsed:8.1f}")
    print(f"{'total':<10}" + "".join(f"{totals[kind]!s:>28}" for kind in KINDS))
    return 1 if failures else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        print(__doc__)
        sys.exit(0)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
