"""`appyard builds preview`: run a built app here, with sample data that nobody keeps, until Ctrl-C."""

from rich.console import Console

from server.bootstrap import make_previews
from server.commands import event_loop
from server.commands.builds import found, opened_world
from server.commands.exit_codes import ExitCode
from server.commands.serve import listen_for_previews, preview_address
from server.preview.serve import serving_previews
from server.services.previews import Preview


def preview(prefix: str, version: int | None) -> ExitCode:
    """Show where the app is and who can sign in; failed if it does not start."""
    return event_loop.run(_preview(prefix, version))


async def _preview(prefix: str, version: int | None) -> ExitCode:
    async with opened_world(with_worker=False) as (world, settings):
        workflow_id = await found(world.builds, prefix)
        listening = listen_for_previews(settings, settings.host)
        previews = make_previews(world, preview_address(settings, listening))
        async with serving_previews(previews, listening):
            try:
                await previews.start(workflow_id, version=version)
                started = await previews.settled(workflow_id)
                _tell(started)
                if started.problem:
                    return ExitCode.failed
                await previews.ended(workflow_id)
            finally:
                await previews.close()
    return ExitCode.done


def _tell(started: Preview) -> None:
    console = Console()
    if started.problem:
        console.print(f"The app did not start. {started.problem}", style="red")
        return
    console.print(f"Version {started.version} runs at {started.url}")
    for account in started.accounts:
        console.print(f"  {account.label:16} {account.email}  {account.password}")
    console.print(f"Ctrl-C ends it; so do {started.idle_minutes:g} minutes without a look.")
