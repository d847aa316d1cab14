"""Choose which model does a task: named for the agent, else for the build, else in agents.yaml, else the default."""

from collections.abc import Mapping

from nodes.agents.models import DefaultModel, ModelName, NoDefault
from nodes.agents.roster import Roster
from nodes.context import BuildOptions
from nodes.errors import ModelNotConfigured


def chosen_model(roster: Roster, task: str, options: BuildOptions, default: DefaultModel) -> ModelName:
    """Raises `ModelNotConfigured` for a malformed name, one given for an agent that does not exist, or where nobody names one."""
    chosen = named_model(roster, task, options) or default
    if isinstance(chosen, NoDefault):
        raise ModelNotConfigured(chosen.reason)
    return chosen


def named_model(roster: Roster, task: str, options: BuildOptions) -> ModelName | None:
    """The model somebody named for `task`, or None. Raises as `chosen_model`."""
    by_agent = _by_agent(roster, options.models_by_agent)
    name, agent = roster.agent_of(task)
    chosen = by_agent.get(name) or options.model or agent.llm
    return ModelName.parse(chosen) if chosen else None


def _by_agent(roster: Roster, chosen: Mapping[str, str]) -> dict[str, str]:
    """`models_by_agent` with agents named as in agents.yaml; people may also write the role."""
    names = {alias.casefold(): name for name, agent in roster.agents.items() for alias in (name, agent.role)}
    if unknown := [name for name in chosen if name.casefold() not in names]:
        raise ModelNotConfigured(f"There is no agent {unknown[0]!r}; there are {', '.join(roster.agents)}.")
    return {names[name.casefold()]: model for name, model in chosen.items()}
