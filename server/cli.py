"""The command line: arguments and exit codes. What a command does is in `server.commands`, imported when it is used."""

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    name="appyard",
    help="Describe an app; get one that was tested, run and packaged.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
templates = typer.Typer(help="Starting points for apps.", no_args_is_help=True)
app.add_typer(templates, name="templates")
builds = typer.Typer(help="Look at builds, decide, and fetch their packages.", no_args_is_help=True)
app.add_typer(builds, name="builds")
agents = typer.Typer(help="Look at the agents, also those of your own.", no_args_is_help=True)
app.add_typer(agents, name="agents")
cache = typer.Typer(help="Let a user's builds share the answers of models.", no_args_is_help=True)
app.add_typer(cache, name="cache")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of an error.")]
BuildId = Annotated[str, typer.Argument(help="The build's id, or its first characters.")]
Out = Annotated[Path, typer.Option("--out", help="Folder for the package: the zip and the unpacked app.")]
Budget = Annotated[float | None, typer.Option("--budget", min=0, help="A new limit for the build, in US dollars.")]
BudgetTokens = Annotated[int | None, typer.Option("--budget-tokens", min=0, help="A new limit for the build, in tokens.")]
CacheUser = Annotated[str, typer.Option("--user", help="Whose builds; `local` are those of this machine's command line.")]
By = Annotated[str, typer.Option("--by", help="Who decides; kept with the decision.")]


@app.command()
def build(  # noqa: PLR0917 - typer makes options of them
    description: Annotated[
        str, typer.Argument(help="The app in plain words; - reads it from standard input. With --template: what should be different.")
    ] = "",
    template: Annotated[str | None, typer.Option(help="Start from a template; `appyard templates list` names them.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Package without asking if every check passed.")] = False,
    out: Out = Path("build-output"),
    model: Annotated[str | None, typer.Option("--model", help="builtin, openai:<model> or azure:<deployment>.")] = None,
    requirements: Annotated[Path | None, typer.Option(help="A file with more requirements, one per line.")] = None,
    platform: Annotated[str, typer.Option(help="web, api, mobile, desktop or cli.")] = "web",
    prefer: Annotated[list[str] | None, typer.Option(help="A technology preference; may be repeated.")] = None,
    budget: Annotated[float | None, typer.Option(min=0, help="Most that may be spent on models, in US dollars.")] = None,
    budget_tokens: Annotated[int | None, typer.Option(min=0, help="Most tokens models may read and write together.")] = None,
    dashboard: Annotated[bool, typer.Option("--dashboard", help="Then show the build in the dashboard, until Ctrl-C.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Build an app from a description, here and now. Ctrl-C stops it; nothing is lost."""
    from server.commands.build import NewBuild, run_build
    from server.services.new_limits import NewLimits

    limits = NewLimits(budget, budget_tokens)
    asked = NewBuild(description, requirements, platform, tuple(prefer or ()), model, limits, yes, template, dashboard)
    _end(debug, as_json, lambda: run_build(asked, out, as_json=as_json))


@app.command()
def serve(
    config: Annotated[Path | None, typer.Option(help="A langgraph.json whose graphs are served too.")] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    worker: Annotated[bool, typer.Option("--worker/--no-worker", help="Work on builds in this process too.")] = True,
    studio: Annotated[bool, typer.Option("--studio", help="Let LangGraph Studio connect, and print its link.")] = False,
    debug: Debug = False,
) -> None:
    """Serve the HTTP API, with a worker in the same process."""
    from server.commands.serve import run_server

    _end(debug, False, lambda: run_server(config, host, port, with_worker=worker, studio=studio))


@app.command()
def worker(
    config: Annotated[Path | None, typer.Option(help="A langgraph.json whose graphs are run too.")] = None, debug: Debug = False
) -> None:
    """Work on builds until stopped. Any number of workers may share one database."""
    from server.commands.work import run_worker

    _end(debug, False, lambda: run_worker(config))


@app.command()
def migrate(debug: Debug = False) -> None:
    """Bring the database's schema up to this version."""
    from server.commands.work import run_migrations

    _end(debug, False, run_migrations)


@app.command()
def key(debug: Debug = False) -> None:
    """Make a key for the HTTP API, and the hash of it that the server is given."""
    from server.commands.key import print_new_key

    _end(debug, False, print_new_key)


@app.command()
def inbox(limit: Annotated[int, typer.Option(min=1, max=1000)] = 20, as_json: Json = False, debug: Debug = False) -> None:
    """List what waits for a decision, asked last first."""
    from server.commands.inbox import show_inbox

    _end(debug, as_json, lambda: show_inbox(limit, as_json=as_json))


@app.command()
def notify(as_json: Json = False, debug: Debug = False) -> None:
    """Send a test message to everybody who is told of builds, and say what each answered."""
    from server.commands.notify import send_test

    _end(debug, as_json, lambda: send_test(as_json=as_json))


@app.command()
def doctor(
    install: Annotated[bool, typer.Option("--install", help="Install what built apps need, if it is missing.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check what this machine offers: database, sandbox, tool chain, models."""
    from server.commands.doctor import run_doctor

    _end(debug, as_json, lambda: run_doctor(install=install, as_json=as_json))


@app.command()
def costs(
    by: Annotated[str, typer.Option(help="call, build, run, user, day, node, agent, component or model.")] = "build",
    user: Annotated[str | None, typer.Option(help="Only what this user's builds cost.")] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Only the last days.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Show what models cost so far, the dearest first."""
    from server.commands.costs import show_costs

    _end(debug, as_json, lambda: show_costs(by, user, days, limit, as_json=as_json))


@templates.command("list")
def list_templates(as_json: Json = False, debug: Debug = False) -> None:
    """List what can be started from."""
    from server.commands.templates import list_templates as run

    _end(debug, as_json, lambda: run(as_json=as_json))


@templates.command("show")
def show_template(name: Annotated[str, typer.Argument(help="The template's name.")], as_json: Json = False, debug: Debug = False) -> None:
    """Print a template's file, to be copied and changed."""
    from server.commands.templates import show_template as run

    _end(debug, as_json, lambda: run(name, as_json=as_json))


@agents.command("check")
def check_agents(
    folder: Annotated[Path | None, typer.Option(help="A folder with agents.yaml and tasks.yaml; else APPYARD_AGENTS_DIR.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Check agents.yaml and tasks.yaml: who does what with which model, and what is off."""
    from server.commands.agents import check_agents as run

    _end(debug, as_json, lambda: run(folder, as_json=as_json))


@cache.command("show")
def show_cache(
    user: Annotated[str | None, typer.Option(help="Only this user.")] = None, as_json: Json = False, debug: Debug = False
) -> None:
    """Show whose builds share answers, for how long, how many are kept, and what that saved."""
    from server.commands.cache import show as run

    _end(debug, as_json, lambda: run(user, as_json=as_json))


@cache.command("on")
def switch_cache_on(
    hours: Annotated[float, typer.Option(min=0.01, max=8760, help="How long an answer serves.")] = 24.0,
    user: CacheUser = "local",
    by: By = "local",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Let the answers of a user's builds serve that user's other builds that ask the very same."""
    from server.commands.cache import switch as run

    _end(debug, as_json, lambda: run(user, hours, by, as_json=as_json))


@cache.command("off")
def switch_cache_off(user: CacheUser = "local", by: By = "local", as_json: Json = False, debug: Debug = False) -> None:
    """Ask models anew for every build of a user. What is kept stays until it is cleared or expires."""
    from server.commands.cache import switch as run

    _end(debug, as_json, lambda: run(user, 0.0, by, as_json=as_json))


@cache.command("default")
def switch_cache_to_default(user: CacheUser = "local", as_json: Json = False, debug: Debug = False) -> None:
    """Let APPYARD_ANSWER_CACHE_HOURS decide for a user again."""
    from server.commands.cache import switch as run

    _end(debug, as_json, lambda: run(user, None, "local", as_json=as_json))


@cache.command("clear")
def clear_cache(
    user: Annotated[str | None, typer.Option(help="Whose answers are forgotten.")] = None,
    everybody: Annotated[bool, typer.Option("--all", help="Those of every user.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Forget the answers that are kept."""
    from server.commands.cache import clear as run

    _end(debug, as_json, lambda: run(user, everybody=everybody, as_json=as_json))


@builds.command("list")
def list_builds(limit: Annotated[int, typer.Option(min=1, max=100)] = 20, as_json: Json = False, debug: Debug = False) -> None:
    """List builds, newest first."""
    from server.commands.builds import list_builds as run

    _end(debug, as_json, lambda: run(limit, as_json=as_json))


@builds.command()
def show(build: BuildId, as_json: Json = False, debug: Debug = False) -> None:
    """Show how a build stands: what was understood, checked, spent, and what waits."""
    from server.commands.builds import show as run

    _end(debug, as_json, lambda: run(build, as_json=as_json))


@builds.command()
def approve(
    build: BuildId,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    out: Out = Path("build-output"),
    by: By = "local",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Approve what waits, and fetch the package. A build whose budget is used needs a new limit."""
    from server.commands.builds import DecisionGiven, decide
    from server.services.new_limits import NewLimits

    given = DecisionGiven("approved", by=by, limits=NewLimits(budget, budget_tokens))
    _end(debug, as_json, lambda: decide(build, given, out, as_json=as_json))


@builds.command()
def reject(
    build: BuildId, reason: Annotated[str, typer.Option(help="Why.")] = "", by: By = "local", as_json: Json = False, debug: Debug = False
) -> None:
    """Reject what waits. Everything is kept, but no package is made."""
    from server.commands.builds import DecisionGiven, decide

    given = DecisionGiven("rejected", reason, by=by)
    _end(debug, as_json, lambda: decide(build, given, Path("build-output"), as_json=as_json))


@builds.command("request-changes")
def request_changes(
    build: BuildId,
    feedback: Annotated[str, typer.Argument(help="What should be different.")],
    out: Out = Path("build-output"),
    by: By = "local",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Ask for changes; the build goes on with them."""
    from server.commands.builds import DecisionGiven, decide

    given = DecisionGiven("changes_requested", feedback, by=by)
    _end(debug, as_json, lambda: decide(build, given, out, as_json=as_json))


@builds.command()
def edit(
    build: BuildId,
    spec: Annotated[Path | None, typer.Option("--spec", help="The edited specification, as YAML or JSON; else $EDITOR opens it.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Print the specification as YAML, and do nothing else.")] = False,
    again: Annotated[bool, typer.Option("--look-again", help="Do not approve it yet: it is shown again.")] = False,
    out: Out = Path("build-output"),
    by: By = "local",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Edit what was understood, where the requirements are asked for, and go on with it."""
    from server.commands.edit import SpecEdit
    from server.commands.edit import edit as run

    _end(debug, as_json, lambda: run(build, SpecEdit(spec, show, again, by), out, as_json=as_json))


@builds.command()
def hint(
    build: BuildId,
    feedback: Annotated[str, typer.Argument(help="Where the fault lies, or how to mend it.")],
    budget: Budget = None,
    out: Out = Path("build-output"),
    by: By = "local",
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Give the engineers of the failing parts a hint; they try again with it."""
    from server.commands.builds import DecisionGiven, decide
    from server.services.new_limits import NewLimits

    given = DecisionGiven("hint", feedback, by=by, limits=NewLimits(budget))
    _end(debug, as_json, lambda: decide(build, given, out, as_json=as_json))


@builds.command("roll-back")
def roll_back(build: BuildId, out: Out = Path("build-output"), by: By = "local", as_json: Json = False, debug: Debug = False) -> None:
    """Go back to the last verified version, or drop the changes of the failing parts if there is none."""
    from server.commands.builds import DecisionGiven, decide

    given = DecisionGiven("roll_back", by=by)
    _end(debug, as_json, lambda: decide(build, given, out, as_json=as_json))


@builds.command()
def resume(
    build: BuildId,
    budget: Budget = None,
    budget_tokens: BudgetTokens = None,
    out: Out = Path("build-output"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Go on with a build that was interrupted, canceled, failed or expired, or that waits for a higher budget."""
    from server.commands.builds import resume as run
    from server.services.new_limits import NewLimits

    _end(debug, as_json, lambda: run(build, out, limits=NewLimits(budget, budget_tokens), as_json=as_json))


@builds.command()
def reopen(build: BuildId, by: By = "local", as_json: Json = False, debug: Debug = False) -> None:
    """Put the question of a parked build again, with a new deadline."""
    from server.commands.builds import reopen as run

    _end(debug, as_json, lambda: run(build, by, as_json=as_json))


@builds.command()
def pause(build: BuildId, by: By = "local", as_json: Json = False, debug: Debug = False) -> None:
    """Stop a build at once, to go on later with `resume`. Finished steps and answered model calls are kept."""
    from server.commands.builds import pause as run

    _end(debug, as_json, lambda: run(build, by, as_json=as_json))


@builds.command()
def cancel(build: BuildId, as_json: Json = False, debug: Debug = False) -> None:
    """Stop a build at once. What is finished is kept."""
    from server.commands.builds import cancel as run

    _end(debug, as_json, lambda: run(build, as_json=as_json))


@builds.command()
def download(
    build: BuildId,
    version: Annotated[int | None, typer.Option(min=1, help="An older version; without it, the newest delivered.")] = None,
    out: Out = Path("build-output"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Fetch the package of a finished build."""
    from server.commands.builds import download as run

    _end(debug, as_json, lambda: run(build, version, out, as_json=as_json))


@builds.command()
def change(
    build: BuildId,
    feedback: Annotated[str, typer.Argument(help="What should be different, in plain words.")] = "",
    folder: Annotated[Path | None, typer.Option("--from", help="A folder with the app as you edited it; your edits are merged.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first, even if stored data go.")] = False,
    by: By = "local",
    out: Out = Path("build-output"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Change a finished app: a new version beside the old one, with a migration that keeps the data."""
    from server.commands.versions import NewChange
    from server.commands.versions import change as run

    _end(debug, as_json, lambda: run(build, NewChange(feedback, folder, yes, by), out, as_json=as_json))


@builds.command()
def versions(build: BuildId, as_json: Json = False, debug: Debug = False) -> None:
    """List the versions of an app."""
    from server.commands.versions import versions as run

    _end(debug, as_json, lambda: run(build, as_json=as_json))


@builds.command()
def preview(
    build: BuildId,
    version: Annotated[int | None, typer.Option(help="Another version than the newest.", min=1)] = None,
    debug: Debug = False,
) -> None:
    """Run the app here in the sandbox, with sample data, and say where; Ctrl-C ends it."""
    from server.commands.preview import preview as run

    _end(debug, False, lambda: run(build, version))


@builds.command()
def compare(build: BuildId, before: int, after: int, as_json: Json = False, debug: Debug = False) -> None:
    """Show what differs between two versions."""
    from server.commands.versions import compare as run

    _end(debug, as_json, lambda: run(build, before, after, as_json=as_json))


@builds.command()
def restore(
    build: BuildId, version: int, by: By = "local", out: Out = Path("build-output"), as_json: Json = False, debug: Debug = False
) -> None:
    """Make an older version the next one."""
    from server.commands.versions import restore as run

    _end(debug, as_json, lambda: run(build, version, by, out, as_json=as_json))


def _end(debug: bool, as_json: bool, command: "object") -> NoReturn:
    """Run the command and exit with its code; say what went wrong in a sentence, unless it is a fault of ours."""
    from server.commands.failures import exit_code_of

    sys.exit(exit_code_of(command, debug=debug, as_json=as_json))  # type: ignore[arg-type]  # typer hides the callable


def main() -> None:
    """The program `appyard`."""
    app()


if __name__ == "__main__":
    main()
