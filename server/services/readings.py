"""Read a description while it is being written: what the built-in reader understands, or what it says instead."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from nodes.artifacts import UNCHANGED, AppSpec, BuildRequest
from nodes.errors import BuildError


class Reader(Protocol):
    """Plain English → specification, by rules, in milliseconds. Raises `DescriptionOutOfDomain`, `DescriptionUnclear`."""

    def __call__(self, request: BuildRequest, *, feedback: str = "", previous: AppSpec | None = None) -> AppSpec: ...


@dataclass(frozen=True)
class Reading:
    """What was understood, or why nothing was."""

    spec: AppSpec | None = None
    refusal: str | None = None


class Readings:
    """Reads without starting anything. `reader` is handed in, because what reads belongs to the other half of the program."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def read(self, request: BuildRequest, template: AppSpec | None = None) -> Reading:
        """What the built-in builder would build; with a template the description says what should be different."""
        if template and request.app_description == UNCHANGED:
            return Reading(spec=template)
        try:
            # In a thread: a description of ten pages takes a tenth of a second, in which other requests want answers.
            return Reading(spec=await asyncio.to_thread(self._read, request, template))
        except BuildError as error:
            return Reading(refusal=str(error))

    def _read(self, request: BuildRequest, template: AppSpec | None) -> AppSpec:
        return self._reader(request, feedback=request.app_description, previous=template) if template else self._reader(request)
