"""How well the built-in reader reads descriptions: found of wanted, and precision, against what a person wrote down.

    python -m benchmarks.read_prompts [PROMPTS.json [GOLD.json]] [--only vet,gym] [--missing]

Without a file, ours with the gold in it. `--missing` names what was not found, and the records and roles
nobody asked for. See `benchmarks/gold.py` for how things are compared.
"""

import argparse
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import override

from benchmarks.gold import KINDS, OURS, Prompt, extra_records, extra_roles, prompts_of, read_counts, wanted_of
from nodes.artifacts import BuildRequest
from nodes.blueprint.reader import read_description
from nodes.errors import BuildError


@dataclass
class Count:
    """Found of wanted, and how many were read in all."""

    found: int = 0
    wanted: int = 0
    read: int = 0

    def add(self, found: int, wanted: int, read: int) -> None:
        self.found, self.wanted, self.read = self.found + found, self.wanted + wanted, self.read + read

    @override
    def __str__(self) -> str:
        precision = f"{min(1.0, self.found / self.read):.2f}" if self.read else "  – "
        return f"{self.found:3}/{self.wanted:<3} {precision}" if self.wanted else f"{'–':>12}"


def main(prompts: Path, gold: Path | None, only: set[str], *, missing: bool) -> int:
    """Print the table; answer 1 if the reader declined a prompt it should have read."""
    totals, failures = {kind: Count() for kind in KINDS}, 0
    print(f"{'prompt':<16}" + "".join(f"{kind:>13}" for kind in KINDS) + f"{'ms':>8}")
    for prompt in prompts_of(prompts, gold):
        if not only or prompt.id in only:
            failures += not _read(prompt, totals, missing=missing)
    print(f"{'total':<16}" + "".join(f"{totals[kind]!s:>13}" for kind in KINDS))
    return 1 if failures else 0


def _read(prompt: Prompt, totals: dict[str, Count], *, missing: bool) -> bool:
    """Print a prompt's row; False if it was declined and should not have been."""
    started = time.perf_counter()
    try:
        spec = read_description(BuildRequest(app_description=prompt.description, requirements=prompt.requirements))
    except BuildError as error:
        print(f"{prompt.id:<16}  declined ({type(error).__name__}){'' if prompt.outside else ', wrongly'}")
        return prompt.outside
    elapsed_ms = (time.perf_counter() - started) * 1000
    gold = prompt.gold or {"entities": []}
    wanted, read, row = wanted_of(spec, gold), read_counts(spec, gold), ""
    for kind in KINDS:
        found = [entry.found for entry in wanted if entry.kind == kind]
        numbers = (sum(found), len(found), read[kind])
        totals[kind].add(*numbers)
        row += f"{Count(*numbers)!s:>13}"
    print(f"{prompt.id:<16}{row}{elapsed_ms:8.1f}")
    if missing and (absent := [entry.name for entry in wanted if not entry.found]):
        print(f"{'':<16}  missing: {', '.join(absent)}")
    if missing and (extra := [*extra_records(spec, gold), *(f"{role} (role)" for role in extra_roles(spec, gold))]):
        print(f"{'':<16}  extra: {', '.join(extra)}")
    return True


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("prompts", type=Path, nargs="?", default=OURS)
    parser.add_argument("gold", type=Path, nargs="?")
    parser.add_argument("--only", default="")
    parser.add_argument("--missing", action="store_true")
    arguments = parser.parse_args()
    sys.exit(main(arguments.prompts, arguments.gold, set(filter(None, arguments.only.split(","))), missing=arguments.missing))
