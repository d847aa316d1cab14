import pytest
from typing_extensions import override

from nodes.errors import SandboxUnavailable
from nodes.sandbox import choose
from nodes.sandbox.choose import SandboxAbsent, choose_sandbox
from nodes.sandbox.protocol import Command, ExecResult
from nodes.sandbox.unconfined import UnconfinedSandbox


def refuse() -> UnconfinedSandbox:
    raise SandboxUnavailable("not installed")


class Pretender(UnconfinedSandbox):
    """Starts, but does not run what it is given."""

    @override
    async def run(self, command: Command) -> ExecResult:
        return await super().run(Command(argv=("false",)))


async def test_without_a_sandbox_the_reasons_are_given_and_nothing_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "CANDIDATES", (("bubblewrap", refuse), ("landlock", Pretender)))
    chosen = await choose_sandbox()
    assert chosen == SandboxAbsent(("bubblewrap: not installed", "landlock: a trial run ended with exit code 1: "))


async def test_code_runs_unconfined_only_where_a_person_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choose, "CANDIDATES", (("bubblewrap", refuse),))
    assert isinstance(await choose_sandbox(allow_unconfined=True), UnconfinedSandbox)
