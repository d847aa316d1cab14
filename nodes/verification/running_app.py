"""Start the app in the sandbox with its demo data, and observe it from outside until it is stopped."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from nodes.artifacts import AppSpec, Architecture, CheckName, Contract, Finding, Operation, Scope, Severity
from nodes.ownership import owner_of_record
from nodes.sandbox.protocol import Command, SandboxLimits, ServedApp, Workspace
from nodes.stack import StackProfile
from nodes.verification.exchange import Answer, Exchange, Json, exchange_with
from nodes.verification.observed import Observed, counted
from nodes.verification.stock import People, Permissions

HEALTHY_WITHIN_SECONDS = 30.0
SERVING_LIMITS = SandboxLimits(wall_seconds=300, cpu_seconds=200)


class DidNotStart(Exception):
    """The app gave no healthy answer; the message says what came instead, `log` what it printed."""

    def __init__(self, message: str, log: str) -> None:
        super().__init__(message)
        self.log = log


@dataclass(frozen=True)
class AppUnderTest:
    """One app in its work folder, with the secrets this verification gave it."""

    workspace: Workspace
    stack: StackProfile
    toolchain: Path
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    secret_key: str = field(default_factory=secrets.token_hex)
    limits: SandboxLimits = SERVING_LIMITS

    async def prepare(self) -> str:
        """Migrate and write demo data; return what was printed. Raises `DidNotStart`."""
        result = await self.workspace.run(self._command(self.stack.demo_argv))
        log = f"$ {' '.join(self.stack.demo_argv)}\n{result.stdout}{result.stderr}"
        if not result.ok:
            reason = result.limit or f"exit code {result.exit_code}: {_last_lines(result.stderr or result.stdout)}"
            raise DidNotStart(f"preparing the demo data failed: {reason}", log)
        return log

    @asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[Exchange, Path]]:
        """Serve until the context ends; yields the connection, and the log of the server. Raises `DidNotStart`."""
        async with self.served() as served, exchange_with(served.socket_path) as exchange:
            yield exchange, served.log_path

    @asynccontextmanager
    async def served(self) -> AsyncIterator[ServedApp]:
        """Serve until the context ends, from the first healthy answer on. Raises `DidNotStart`."""
        async with self.workspace.serve(self._command(self.stack.serve_argv)) as served:
            async with exchange_with(served.socket_path) as exchange:
                problem = await self._why_unhealthy(exchange)
            if problem is None:
                yield served
        if problem is not None:
            log = _read(served.log_path)  # complete only now that the server is gone
            raise DidNotStart(f"{problem}: {_last_lines(log)}", log)

    async def _why_unhealthy(self, exchange: Exchange) -> str | None:
        deadline = time.monotonic() + HEALTHY_WITHIN_SECONDS
        while True:
            # The socket is open before the app is: the first request waits in its queue until the app accepts.
            answer = await exchange.call("GET", self.stack.health_path)
            if answer.status == 200 and answer.object.get("status") == "ok":
                return None
            if time.monotonic() > deadline or _hung_up(answer):
                return f"GET {self.stack.health_path} answered {answer.status or answer.text}"
            await asyncio.sleep(0.05)

    def _command(self, argv: tuple[str, ...]) -> Command:
        environment = {**dict(self.stack.trial_environment), "DEMO_PASSWORD": self.password, "SECRET_KEY": self.secret_key}
        return Command(argv=argv, toolchain=self.toolchain, environment=environment, limits=self.limits)


def _hung_up(answer: Answer) -> bool:
    """Nobody holds the listening socket any more: the server has ended."""
    return answer.status == 0 and answer.text.startswith(("ConnectError", "RemoteProtocolError", "ReadError"))


def _read(log_path: Path) -> str:
    return log_path.read_text(errors="replace")


def _last_lines(log: str) -> str:
    return " | ".join(line.strip() for line in log.strip().splitlines()[-4:])[-600:]


async def look_at_records(exchange: Exchange, spec: AppSpec, contract: Contract, stack: StackProfile, password: str) -> dict[str, Json]:
    """The first page of every record, as a role that sees all of them: what has to be there after a restart."""
    people, permissions, seen = People(), Permissions(contract), dict[str, Json]()
    await people.sign_in(exchange, spec, stack, password)
    for record in spec.records:
        endpoint = permissions.endpoint(record.name, Operation.list)
        everybody = sorted(people.tokens, key=lambda person: permissions.scope(person, endpoint) is not Scope.all)
        person = next((person for person in everybody if permissions.scope(person, endpoint)), None)
        if endpoint and person:
            seen[record.name] = (await exchange.call("GET", endpoint.path, who=str(person), token=people.tokens[person])).body
    return seen


def compare_records(before: dict[str, Json], after: dict[str, Json], architecture: Architecture, log: str) -> Observed:
    """What was there before the restart and after it."""
    findings = []
    for record, page in before.items():
        if page != after.get(record):
            owner = owner_of_record(architecture, record)
            message = f"{record}: {_shortened(page)} before the restart, {_shortened(after.get(record))} after it"
            findings.append(
                Finding(check=CheckName.restart, severity=Severity.blocker, message=message, component=owner.name if owner else None)
            )
    total = sum(_total(page) for page in before.values())
    subject = f"{counted(total, 'record')} of {counted(len(before), 'kind')} after a restart"
    return Observed(subject, findings, {"kinds": len(before), "records": total}, log, sound="all as before")


def _total(page: Json) -> int:
    total = page.get("total") if isinstance(page, dict) else None
    return total if isinstance(total, int) else 0


def _shortened(page: Json) -> str:
    if isinstance(page, dict) and isinstance(page.get("items"), list):
        return f"{counted(_total(page), 'record')}, the first {str(page['items'])[:120]}"
    return str(page)[:120]
