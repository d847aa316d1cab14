"""`appyard agents check`: whether agents.yaml and tasks.yaml can be used, who does what with which model, and what is off."""

import json
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodes.agents.choice import chosen_model
from nodes.agents.models import ModelName
from nodes.agents.roster import REFUSED_AGENT_KEYS, REFUSED_TASK_KEYS, Roster, RosterInvalid, load_roster
from nodes.context import BuildOptions
from server.bootstrap import default_options, model_of
from server.commands.exit_codes import ExitCode
from server.commands.failures import BadInput
from server.settings import Settings


def check_agents(folder: Path | None, *, as_json: bool) -> ExitCode:
    """Read the files as a worker would. Raises `BadInput` naming the file, the entry and the key that cannot be used."""
    settings = Settings()
    try:
        roster = load_roster(folder or settings.agents_dir)
    except (RosterInvalid, OSError) as error:
        raise BadInput(str(error)) from error
    models = _models(roster, default_options(settings), model_of(settings))
    if as_json:
        print(json.dumps({task: {"agent": roster.agent_of(task)[0], "model": model} for task, model in models.items()}))
        return ExitCode.done
    console = Console()
    console.print(_as_table(roster, models))
    console.print("Keys of CrewAI that are refused here, and why:", style="bold")
    for key, reason in sorted({**REFUSED_AGENT_KEYS, **REFUSED_TASK_KEYS}.items()):
        console.print(Text.assemble((f"  {key:<22}", "dim"), reason), soft_wrap=True)
    return ExitCode.done


def _models(roster: Roster, options: BuildOptions, default: ModelName) -> dict[str, str]:
    """The model of each task; parsing the fallbacks shows a malformed one now instead of when it is needed."""
    for agent in roster.agents.values():
        if agent.fallback_llm:
            ModelName.parse(agent.fallback_llm)
    return {task: str(chosen_model(roster, task, options, default)) for task in roster.tasks}


def _as_table(roster: Roster, models: dict[str, str]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("Task", "Agent", "Model", "Fallback"):
        table.add_column(heading)
    for task, model in models.items():
        _, agent = roster.agent_of(task)
        table.add_row(task, agent.role, model, agent.fallback_llm or "-")
    return table
