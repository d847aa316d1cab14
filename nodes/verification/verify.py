"""Verify one version of an app: run every check there is, side by side where they do not need one another."""

import asyncio
import functools
import re
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from nodes.artifacts import (
    REVISION_CHECKS,
    AppSpec,
    Architecture,
    CheckName,
    CheckResult,
    CheckStatus,
    EvidenceReport,
    Finding,
    RuleSpec,
    Severity,
    StackName,
)
from nodes.context import ArtifactStore, Delivered, OnCheck
from nodes.errors import SandboxUnavailable, ToolchainMissing
from nodes.ownership import owner_of, owner_of_record
from nodes.rule_functions import custom_rules, kept_in, unkept_rules
from nodes.sandbox.choose import SandboxAbsent
from nodes.sandbox.protocol import Sandbox, SandboxLimits
from nodes.stack import STACKS, StackProfile, Toolchain
from nodes.verification.browser.check import BrowsedApp, check_browser, demo_data
from nodes.verification.browser.program_check import check_pages
from nodes.verification.code_checks import check_lint, check_tests
from nodes.verification.contract_diff import diff_contract
from nodes.verification.contract_seen import look_at_contract
from nodes.verification.examples import check_examples, check_requests, start_finding
from nodes.verification.exchange import Exchange, Json
from nodes.verification.node_checks import check_node_compiles, check_node_tests
from nodes.verification.node_toolchain import NODE_LIMITS, require_node
from nodes.verification.observed import CheckImpossible, Observed, not_run, result_of
from nodes.verification.probe import probe_app
from nodes.verification.program_upgrade import check_program_upgrade
from nodes.verification.regression_check import check_regression
from nodes.verification.running_app import SERVING_LIMITS, AppUnderTest, DidNotStart, compare_records, look_at_records
from nodes.verification.source_checks import SOURCE_CHECKS
from nodes.verification.toolchain import require_toolchain
from nodes.verification.upgrade_check import check_upgrade
from nodes.verification.upgrade_seen import check_upgrade_seen

LIVE_CHECKS = (CheckName.boot, CheckName.contract, CheckName.probe, CheckName.restart, CheckName.browser)

SERVICE_CHECKS = (CheckName.boot, CheckName.examples, CheckName.browser)

COMPARING_CHECKS = (CheckName.upgrade, CheckName.regression)

_NAMED_FILE = re.compile(r"\bapp/[\w/.-]+\.\w+")
"""A module that cannot be imported is named without a line."""

_TRACE_PLACE = re.compile(r'File "/sandbox/([^"]+\.py)", line (\d+)')


class AppVerifier:
    """A `nodes.context.Verifier`. Logs go to `artifacts`; what was running is gone when `verify` returns or is cancelled.

    `browser`: the Chromium that looks at apps, if one does. `node`: the folder with `bin/node`, for apps that need it.
    """

    def __init__(
        self,
        sandbox: Sandbox | SandboxAbsent,
        toolchain: Path,
        artifacts: ArtifactStore,
        *,
        browser: Path | None = None,
        node: Path | None = None,
    ) -> None:
        self._node = node
        self._sandbox, self._toolchain, self._artifacts, self._browser = sandbox, toolchain, artifacts, browser

    async def verify(
        self,
        files: Mapping[str, bytes],
        spec: AppSpec,
        architecture: Architecture,
        *,
        version: int,
        tree_sha256: str,
        on_check: OnCheck,
        delivered: Delivered | None = None,
    ) -> EvidenceReport:
        """Run every check. The checks of the report are in the order of `CheckName`; `on_check` hears them as they end."""
        verification = _Verification(files, spec, architecture, self._artifacts, on_check, {}, delivered, self._browser, self._toolchain)
        await verification.source()
        try:
            sandbox, toolchain = await self._workplace(architecture)
        except (CheckImpossible, ToolchainMissing) as missing:
            verification.skip(str(missing))
        else:
            await verification.run(sandbox, toolchain)
        checks = tuple(verification.results[check] for check in CheckName if check in verification.results)
        name = "none" if isinstance(self._sandbox, SandboxAbsent) else self._sandbox.name
        return EvidenceReport(version=version, tree_sha256=tree_sha256, sandbox=name, checks=checks)

    async def _workplace(self, architecture: Architecture) -> tuple[Sandbox, Path]:
        """Where the app can be run, and with what. Raises `CheckImpossible`, `ToolchainMissing`."""
        if isinstance(self._sandbox, SandboxAbsent):
            raise CheckImpossible(f"no sandbox: {'; '.join(self._sandbox.reasons)}")
        if architecture.stack not in STACKS:
            raise CheckImpossible(f"there is no tool chain for the stack {architecture.stack}")
        if STACKS[architecture.stack].toolchain is Toolchain.node:
            return self._sandbox, (await require_node(self._node))[0]
        return self._sandbox, require_toolchain(self._toolchain)


@dataclass
class _Verification:
    """One version being verified; `results` fills as checks end."""

    files: Mapping[str, bytes]
    spec: AppSpec
    architecture: Architecture
    artifacts: ArtifactStore
    on_check: OnCheck
    results: dict[CheckName, CheckResult]
    delivered: Delivered | None = None
    browser: Path | None = None
    python: Path | None = None

    async def source(self) -> None:
        for check, look in SOURCE_CHECKS.items():
            if check is CheckName.compile and self._is_for_node:
                continue  # only Node itself can tell
            await self._conclude(check, functools.partial(asyncio.to_thread, self._read, check, look))

    def _read(self, check: CheckName, look: Callable[[Mapping[str, bytes], Architecture], Observed]) -> Observed:
        """What the source tells; a rule nobody has written is left out like a body that is empty."""
        observed = look(self.files, self.architecture)
        if check is not CheckName.placeholders or self.architecture.stack is not StackName.python_web or not custom_rules(self.spec):
            return observed
        texts = {path: content.decode(errors="replace") for path, content in self.files.items() if path.endswith(".py")}
        return replace(observed, findings=(*observed.findings, *(self._unkept(*found) for found in unkept_rules(texts, self.spec))))

    def _unkept(self, rule: RuleSpec, message: str) -> Finding:
        path = kept_in(self.spec, rule)
        owner = owner_of(self.architecture, path)
        component = owner.name if owner else None
        return Finding(check=CheckName.placeholders, severity=Severity.major, message=message, file=path, component=component)

    def why_not(self) -> str | None:
        """Why nothing of the app can be run, as far as its source tells."""
        compiled = self.results.get(CheckName.compile)
        return "the code does not compile" if compiled and compiled.status is CheckStatus.failed else None

    @property
    def _is_for_node(self) -> bool:
        return self.architecture.stack in STACKS and STACKS[self.architecture.stack].toolchain is Toolchain.node

    def skip(self, reason: str, checks: tuple[CheckName, ...] = tuple(CheckName)) -> None:
        """Whatever is due and has no result yet could not run."""
        due = STACKS[self.architecture.stack].checks if self.architecture.stack in STACKS else frozenset(CheckName)
        due -= REVISION_CHECKS if not self.delivered else REVISION_CHECKS - set(COMPARING_CHECKS)
        for check in checks:
            if check in due and check not in self.results:
                self._add(not_run(check, reason))

    async def run(self, sandbox: Sandbox, toolchain: Path) -> None:
        stack = STACKS[self.architecture.stack]
        if self._is_for_node:
            await self._conclude(CheckName.compile, lambda: check_node_compiles(self.files, self.architecture, sandbox, toolchain))
        if reason := self.why_not():
            self.skip(reason)
            return
        if self._is_for_node:
            async with asyncio.TaskGroup() as group:
                tests = functools.partial(check_node_tests, self.files, self.architecture, sandbox, toolchain)
                group.create_task(self._conclude(CheckName.tests, tests))
                group.create_task(self._live(sandbox, toolchain) if stack.keeps_records else self._asked(sandbox, stack, toolchain))
                if self.delivered and not stack.keeps_records:
                    group.create_task(self._compare(self.delivered, stack, sandbox, toolchain))
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self._conclude(CheckName.lint, lambda: check_lint(self.files, self.architecture, sandbox, toolchain)))
            group.create_task(
                self._conclude(CheckName.tests, lambda: check_tests(self.files, self.architecture, stack, sandbox, toolchain))
            )
            if CheckName.examples in stack.checks:
                examples = functools.partial(check_examples, self.files, self.spec, self.architecture, stack, sandbox, toolchain)
                group.create_task(self._conclude(CheckName.examples, examples))
            if CheckName.boot in stack.checks:
                group.create_task(self._live(sandbox, toolchain))
            if self.delivered and CheckName.upgrade in stack.checks:
                group.create_task(self._compare(self.delivered, stack, sandbox, toolchain))

    async def _compare(self, delivered: Delivered, stack: StackProfile, sandbox: Sandbox, toolchain: Path) -> None:
        """What the version in use has must not be lost: its data, and what its tests promise. Programs promise by their examples."""
        if not stack.keeps_records:
            goes_on = functools.partial(check_program_upgrade, stack=stack, sandbox=sandbox, toolchain=toolchain)
            await self._conclude(CheckName.upgrade, lambda: goes_on(self.files, self.architecture, delivered))
            return
        upgrade = functools.partial(check_upgrade, stack=stack, sandbox=sandbox, toolchain=toolchain)
        regression = functools.partial(check_regression, stack=stack, sandbox=sandbox, toolchain=toolchain)
        await self._conclude(CheckName.upgrade, lambda: upgrade(self.files, self.spec, self.architecture, delivered))
        await self._conclude(CheckName.regression, lambda: regression(self.files, self.architecture, delivered))

    async def _asked(self, sandbox: Sandbox, stack: StackProfile, node: Path) -> None:
        """Start the service, and ask it what the examples show."""
        if not sandbox.can_serve:
            self.skip(f"the sandbox {sandbox.name} cannot run a server", SERVICE_CHECKS)
            return
        try:
            async with sandbox.workspace(self.files, NODE_LIMITS) as workspace:
                app = AppUnderTest(workspace, stack, node, limits=NODE_LIMITS)
                await self._conclude(CheckName.boot, lambda: self._starts(app))
                if self.results[CheckName.boot].status is not CheckStatus.passed:
                    self.skip("the app did not start", SERVICE_CHECKS)
                    return
                asked = functools.partial(check_requests, app, self.files, self.spec, self.architecture, sandbox)
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._conclude(CheckName.examples, asked))
                    group.create_task(self._conclude(CheckName.browser, lambda: self._browse_program(app, sandbox)))
        except SandboxUnavailable as error:
            self.skip(str(error), SERVICE_CHECKS)

    def _python(self) -> Path:
        """What runs our own programs beside an app for Node.js. Raises `CheckImpossible`."""
        try:
            return require_toolchain(self.python) if self.browser and self.python else Path()
        except ToolchainMissing as missing:
            raise CheckImpossible(str(missing)) from missing

    async def _browse_program(self, app: AppUnderTest, sandbox: Sandbox) -> Observed:
        return await check_pages(
            self.files,
            self.spec,
            self.architecture,
            stack=app.stack,
            browser=self.browser,
            sandbox=sandbox,
            python=self._python(),
            toolchain=app.toolchain,
            artifacts=self.artifacts,
        )

    async def _starts(self, app: AppUnderTest) -> Observed:
        try:
            async with app.running() as (_, log_path):
                return Observed(f"GET {app.stack.health_path} answers", log=log_path.read_text(errors="replace"))
        except DidNotStart as problem:
            finding = start_finding(CheckName.boot, problem, self.architecture, app.stack)
            return Observed("the app did not start", [finding], log=problem.log)

    async def _live(self, sandbox: Sandbox, toolchain: Path) -> None:
        """Boot, contract, probe, browser, restart: each needs the one before to have left a running app."""
        stack = STACKS[self.architecture.stack]
        checks = LIVE_CHECKS if stack.migrate_argv else (*LIVE_CHECKS, CheckName.upgrade)
        if not sandbox.can_serve:
            self.skip(f"the sandbox {sandbox.name} cannot run a server", checks)
            return
        try:
            reserved = NODE_LIMITS.reserved_bytes if self._is_for_node else SERVING_LIMITS.reserved_bytes
            limits = replace(SERVING_LIMITS, reserved_bytes=reserved)
            async with sandbox.workspace(self.files, SandboxLimits()) as workspace:
                await self._exercise(AppUnderTest(workspace, stack, toolchain, limits=limits), sandbox)
            self.skip("the app did not start", checks)
        except SandboxUnavailable as error:
            self.skip(str(error), checks)

    async def _exercise(self, app: AppUnderTest, sandbox: Sandbox) -> None:
        contract, stack = self.architecture.contract, app.stack
        async with AsyncExitStack() as running:
            exchanges: list[Exchange] = []
            await self._conclude(CheckName.boot, lambda: self._boot(app, running, exchanges))
            if not exchanges:
                return
            exchange = exchanges[0]
            described, seen = functools.partial(self._contract, exchange, stack), functools.partial(self._contract_seen, app, sandbox)
            await self._conclude(CheckName.contract, described if stack.openapi_path else seen)
            database = await self._demo_data(app)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._conclude(CheckName.probe, lambda: self._probe(app, exchange)))
                if self.delivered and CheckName.upgrade in stack.checks and not stack.migrate_argv:
                    upgrade = functools.partial(check_upgrade_seen, app, self.files, self.spec, self.architecture, self.delivered, sandbox)
                    group.create_task(self._conclude(CheckName.upgrade, upgrade))
                group.create_task(self._conclude(CheckName.browser, lambda: self._browse(app, sandbox, database)))
            before = await look_at_records(exchange, self.spec, contract, stack, app.password)
        await self._conclude(CheckName.restart, lambda: self._restart(app, before))

    async def _boot(self, app: AppUnderTest, running: AsyncExitStack, exchanges: list[Exchange]) -> Observed:
        try:
            prepared = await app.prepare()
            exchange, log_path = await running.enter_async_context(app.running())
        except DidNotStart as problem:
            return Observed("the app did not start", [self._start_finding(CheckName.boot, problem)], log=problem.log)
        exchanges.append(exchange)
        return Observed("the demo data is written, and GET /health answers", log=f"{prepared}\n{log_path.read_text(errors='replace')}")

    async def _probe(self, app: AppUnderTest, exchange: Exchange) -> Observed:
        return await probe_app(exchange, self.spec, self.architecture, app.stack, app.password)

    async def _demo_data(self, app: AppUnderTest) -> bytes:
        """For the browser, if there is one; read by Python."""
        try:
            return (
                await demo_data(app.workspace, app.stack, self._python() if self._is_for_node else app.toolchain) if self.browser else b""
            )
        except CheckImpossible:
            return b""

    async def _browse(self, app: AppUnderTest, sandbox: Sandbox, database: bytes) -> Observed:
        python, also = (self._python(), app.toolchain) if self._is_for_node else (app.toolchain, None)
        given = BrowsedApp(self.files, database, self.spec, app.stack, app.password, also)
        seen = await check_browser(given, self.browser, sandbox, python, self.artifacts)
        return replace(seen, findings=[self._by_page(found) for found in seen.findings])

    def _by_page(self, found: Finding) -> Finding:
        """What is wrong with a page of a record concerns whoever writes that record, where there is no frame."""
        record = next((entry.name for entry in self.spec.records if f"/{entry.plural}" in f"{found.request}/".split("?")[0]), None)
        owner = owner_of_record(self.architecture, record) if record and STACKS[self.architecture.stack].record_page else None
        return found.model_copy(update={"component": owner.name}) if owner else found

    async def _contract(self, exchange: Exchange, stack: StackProfile) -> Observed:
        openapi = await exchange.call("GET", stack.openapi_path)
        return diff_contract(openapi.body, self.spec, self.architecture, stack)

    async def _contract_seen(self, app: AppUnderTest, sandbox: Sandbox) -> Observed:
        """On data of its own: what it makes and deletes is no business of the probe's."""
        async with sandbox.workspace(self.files, SandboxLimits()) as workspace:
            trial = replace(app, workspace=workspace)
            try:
                await trial.prepare()
                async with trial.running() as (exchange, _):
                    return await look_at_contract(exchange, self.spec, self.architecture, app.stack, app.password)
            except DidNotStart as problem:
                return Observed("the app did not start", [self._start_finding(CheckName.contract, problem)], log=problem.log)

    async def _restart(self, app: AppUnderTest, before: dict[str, Json]) -> Observed:
        if not before:
            raise CheckImpossible("no record could be read before the restart")
        try:
            async with app.running() as (exchange, _):
                after = await look_at_records(exchange, self.spec, self.architecture.contract, app.stack, app.password)
        except DidNotStart as problem:
            return Observed("the app did not start again", [self._start_finding(CheckName.restart, problem)], log=problem.log)
        return compare_records(before, after, self.architecture, "\n".join(exchange.log))

    def _start_finding(self, check: CheckName, problem: DidNotStart) -> Finding:
        """Located by the last of the app's own files in the trace."""
        stack = STACKS[self.architecture.stack]
        if stack.is_written_whole:
            found = start_finding(check, problem, self.architecture, stack)
            named = (owner_of(self.architecture, path) for path in _NAMED_FILE.findall(problem.log))
            owner = next((part for part in named if part), None)
            return found if found.component or not owner else found.model_copy(update={"component": owner.name})
        places = [(path, int(line)) for path, line in _TRACE_PLACE.findall(problem.log)]
        path, line = places[-1] if places else (None, None)
        owner = owner_of(self.architecture, path) if path else None
        return Finding(
            check=check, severity=Severity.blocker, message=str(problem), file=path, line=line, component=owner.name if owner else None
        )

    async def _conclude(self, check: CheckName, look: Callable[[], Awaitable[Observed]]) -> None:
        started = time.monotonic()
        try:
            observed = await look()
        except (CheckImpossible, SandboxUnavailable) as error:
            self._add(not_run(check, str(error)))
            return
        observed = self._blaming_somebody(observed)
        log = await self.artifacts.put(observed.log.encode(), "text/plain; charset=utf-8") if observed.log else None
        self._add(result_of(check, observed, time.monotonic() - started, log))

    def _blaming_somebody(self, observed: Observed) -> Observed:
        """Where there is no frame, every failure is an engineer's: without a better idea, of whoever wrote the beginning,
        or the first part.
        """
        stack, parts = STACKS.get(self.architecture.stack), self.architecture.components
        if stack is None or not stack.is_written_whole or not parts:
            return observed
        owner = owner_of(self.architecture, stack.main_file) or parts[0]
        findings = [found if found.component else found.model_copy(update={"component": owner.name}) for found in observed.findings]
        return replace(observed, findings=findings)

    def _add(self, result: CheckResult) -> None:
        self.results[result.check] = result
        self.on_check(result)
