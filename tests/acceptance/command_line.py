"""Run the real `appyard` program, as a person at a terminal does."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ended:
    """How the program ended."""

    code: int
    output: str
    errors: str

    @property
    def answer(self) -> dict[str, Any]:
        """What `--json` printed: one object and nothing else."""
        parsed: dict[str, Any] = json.loads(self.output)
        return parsed


async def appyard(*arguments: str, **environment: str) -> Ended:
    """Run `appyard` with these arguments and settings to its end."""
    settings = [f"{name}={value}" for name, value in environment.items()]
    command = ["env", *settings, sys.executable, "-m", "server.cli", *arguments]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    output, errors = await process.communicate()
    return Ended(process.returncode or 0, output.decode(), errors.decode())
