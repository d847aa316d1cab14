"""`appyard builds edit`: the specification in an editor, checked, and sent as the decision. What was typed is never lost."""

import asyncio
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError
from rich.console import Console

from nodes.artifacts import AppSpec, Decision, ReviewAnswer
from server.bootstrap import model_of
from server.commands.build import Watch
from server.commands.builds import found, opened_world
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.commands.packages import check_writable
from server.services.errors import SpecificationRefused


@dataclass(frozen=True)
class SpecEdit:
    """What was asked for on the command line; without a file an editor opens."""

    file: Path | None
    show_only: bool
    look_again: bool
    by: str


def edit(prefix: str, wanted: SpecEdit, out: Path, *, as_json: bool) -> ExitCode:
    """Edit, decide, and follow the build to its end. Raises `BadInput` with the place of what cannot be read."""
    check_writable(out)

    async def run() -> ExitCode:
        async with opened_world(with_worker=not wanted.show_only) as (world, settings):
            build = await found(world.builds, prefix)
            spec = await world.builds.spec(build)
            if wanted.show_only:
                sys.stdout.write(as_yaml(spec))
                return ExitCode.done
            file = wanted.file
            if file is None:
                file = await asyncio.to_thread(_in_editor, as_yaml(spec), settings.editor)
            decision = Decision.changes_requested if wanted.look_again else Decision.approved
            try:
                answer = ReviewAnswer(decision=decision, spec=read_spec(file), decided_by=wanted.by)
                await world.builds.decide(build, answer)
            except (BadInput, SpecificationRefused) as error:
                raise BadInput(
                    f"{error} Your text is kept in {file}; correct it, then: appyard builds edit {prefix} --spec {file}"
                ) from error
            watch = Watch(world, Console(quiet=as_json), model=str(model_of(settings)), ask=False)
            return await watch.to_the_end(build, out, as_json=as_json)

    return asyncio.run(run())


def as_yaml(spec: AppSpec) -> str:
    """The specification as people edit it: what is as usual is left out."""
    return yaml.safe_dump(spec.model_dump(mode="json", exclude_defaults=True), sort_keys=False, allow_unicode=True, width=120)


def read_spec(file: Path) -> AppSpec:
    """The specification in a file. Raises `BadInput`."""
    try:
        return AppSpec.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except ValidationError as error:
        places = [f"{'.'.join(map(str, found['loc'])) or 'specification'}: {found['msg']}" for found in error.errors()[:5]]
        raise BadInput(f"{'; '.join(places)}.") from error
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise BadInput(f"{file}: {error}.") from error


def _in_editor(text: str, editor: str) -> Path:
    """What the editor left, in a file that stays. Raises `BadInput` if nothing was changed."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="appyard-", delete=False, encoding="utf-8") as kept:
        kept.write(text)
    file = Path(kept.name)
    if subprocess.run([*shlex.split(editor), str(file)], check=False).returncode != 0:  # noqa: S603 - the person's own editor
        raise BadInput(f"The editor {editor!r} failed. Set EDITOR, or edit a file and give it with --spec.")
    if file.read_text(encoding="utf-8") == text:
        file.unlink()
        raise BadInput("Nothing was edited, so nothing was decided. Approve with: appyard builds approve")
    return file
