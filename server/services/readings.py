"""Read a description while it is being written: what the built-in reader understands, or what it says instead."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from nodes.artifacts import AppSpec, BuildRequest
from nodes.errors import BuildError

Reader = Callable[[BuildRequest], AppSpec]
"""Plain English → specification, by rules, in milliseconds. Raises `DescriptionOutOfDomain`, `DescriptionUnclear`."""


@dataclass(frozen=True)
class Reading:
    """What was understood, or why nothing was."""

    spec: AppSpec | None = None
    refusal: str | None = None


class Readings:
    """Reads without starting anything. `reader` is handed in, because what reads belongs to the other half of the program."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def read(self, request: BuildRequest) -> Reading:
        """What the built-in builder would build."""
        try:
            # In a thread: a description of ten pages takes a tenth of a second, in which other requests want answers.
            return Reading(spec=await asyncio.to_thread(self._reader, request))
        except BuildError as error:
            return Reading(refusal=str(error))
