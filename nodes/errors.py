"""What can go wrong while a build runs, named for the situation. The docstring is the message and the way out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the sandboxes run where no package is installed, and raise from here
    from datetime import datetime

    from pydantic import BaseModel

    from nodes.artifacts import AgentResult, BudgetLimit


class BuildError(Exception):
    """The build cannot go on."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.__doc__} {detail}".strip())


class DescriptionOutOfDomain(BuildError):
    """The built-in builder makes data-centred web apps, and this description asks for something else."""


class DescriptionUnclear(BuildError):
    """The description names nothing an app could keep track of. Say who uses it and what it keeps, in English."""


class TemplateInconsistent(BuildError):
    """The template does not hold together. Correct it, then start again."""


class AgentOutputInvalid(BuildError):
    """An agent did not give a usable answer within its attempts. Try again, or choose a stronger model."""

    result: "AgentResult | None" = None
    """What the attempts used, if they were made."""

    answer: "BaseModel | None" = None
    """The last answer that fitted its schema and was refused for what it says: parts of it may be of use."""


class ModelUnavailable(BuildError):
    """The model could not be reached within the allowed attempts. Check the endpoint, then resume the build."""


class ModelRefused(BuildError):
    """The model's endpoint rejected the request, and repeating it would not help. Mend what it says, then resume the build."""


class ModelNotConfigured(BuildError):
    """The model is unknown or lacks its settings. Use builtin, openai:<model> or azure:<deployment>."""


class CrewIncompatible(BuildError):
    """The installed CrewAI does not work as Appyard needs it to. Run `make setup` to get the tested version."""


class RosterInvalid(BuildError):
    """The agents cannot be used as they are written. Correct them; `appyard agents check` looks again."""


class OwnCodeFailed(BuildError):
    """Code in the folder of your agents stopped the build. Correct it, restart the workers, then resume the build."""


class VersionNotKept(BuildError):
    """There is no such version of this app. Look at the build to see which there are."""


class ChangesetRefused(BuildError):
    """An engineer's change breaks a rule."""


class EmptyArchitecture(BuildError):
    """The architecture has no component, so there is nothing to write. Correct the specification and start again."""


class SandboxUnavailable(BuildError):
    """There is no sandbox on this machine, so generated code is not run. Run `appyard doctor` for the reasons."""


class ToolchainMissing(BuildError):
    """The tool chain of the built apps is not installed. Run `make setup`, or `appyard doctor --install`."""


class NodeMissing(ToolchainMissing):
    """Apps for Node.js need Node.js 22.18 or newer. Install it, or say where it is in APPYARD_NODE_DIR."""


class BudgetNotKeepable(BuildError):
    """The budget cannot be kept with this model."""


class TokensExhausted(BuildError):
    """The next model call could exceed the budget of tokens. Raise the limit to go on; nothing is lost."""

    def __init__(self, spent_tokens: int, budget_tokens: int, next_call_tokens: int) -> None:
        self.spent_tokens = spent_tokens
        self.budget_tokens = budget_tokens
        self.next_call_tokens = next_call_tokens
        super().__init__(f"Used {spent_tokens:,} of {budget_tokens:,} tokens; the next call can use up to {next_call_tokens:,}.")


class BudgetExhausted(BuildError):
    """The next model call could exceed the budget. Raise the limit to go on; nothing is lost."""

    limit: "BudgetLimit | None" = None
    """Which limit of a day it is; None if it is the build's own."""
    resumes_at: "datetime | None" = None
    """When there is money again without anybody raising the limit."""

    def __init__(self, spent_usd: float, budget_usd: float, next_call_usd: float) -> None:
        self.spent_usd = spent_usd
        self.budget_usd = budget_usd
        self.next_call_usd = next_call_usd
        super().__init__(f"Spent ${spent_usd:.4f} of ${budget_usd:.4f}; the next call can cost up to ${next_call_usd:.4f}.")
