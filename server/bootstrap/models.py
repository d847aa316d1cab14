"""How models are reached, and the workshop of the build graph: what agents, sandbox and checks of this machine there are."""

from typing import TYPE_CHECKING

from nodes.agents.models import DefaultModel, ModelName, ModelSettings, default_model
from nodes.context import BuildOptions
from server.services.builds import Ledger
from server.settings import Settings

if TYPE_CHECKING:
    from nodes.agents.pace import RateLimit
    from nodes.context import Workshop


async def crewai_workshop(settings: Settings, ledger: Ledger) -> "Workshop":
    """The live things of the build graph: CrewAI agents, this machine's sandbox, artifacts and journal in the database."""
    from nodes.agents.crew import CrewAICrew
    from nodes.agents.models import ChatModels
    from nodes.agents.pace import Pace
    from nodes.agents.pricing import load_prices
    from nodes.agents.roster import load_roster
    from nodes.blueprint.app_frames import app_frame
    from nodes.context import Workshop
    from nodes.sandbox.choose import choose_sandbox
    from nodes.verification.browser.check import chromium
    from nodes.verification.node_toolchain import find_node
    from nodes.verification.toolchain import default_toolchain
    from nodes.verification.verify import AppVerifier
    from server.worker.durable_workshop import DurableCache, DurableDayBudgets, DurableJournal, ThreadArtifacts

    artifacts = ThreadArtifacts(ledger.artifacts)
    crew = CrewAICrew(
        ChatModels(model_settings(settings)),
        model_of(settings),
        settings.root / "crewai",
        roster=load_roster(settings.agents_dir) if settings.agents_dir else load_roster(),
        journal=DurableJournal(ledger.model_calls),
        capabilities=ledger.models,
        pace=Pace(ledger.models, rate_limits(settings)),
        cache=DurableCache(ledger.cached_answers),
        days=DurableDayBudgets(ledger.day_budgets) if ledger.day_budgets.limits else None,
        prices=load_prices(settings.prices_file),
    )
    sandbox = await choose_sandbox(allow_unconfined=settings.unsafe_local)
    toolchain = settings.toolchain_dir or default_toolchain()
    await crew.warm()
    verifier = AppVerifier(
        sandbox, toolchain, artifacts, browser=chromium() if settings.browser else None, node=settings.node_dir or find_node()
    )
    return Workshop(crew=crew, artifacts=artifacts, verifier=verifier, frame=app_frame, four_eyes=settings.four_eyes)


def rate_limits(settings: Settings) -> "dict[str, RateLimit]":
    """The rates of models. Raises `ModelNotConfigured` for a malformed name, pydantic's ValidationError for a malformed rate."""
    from nodes.agents.pace import RateLimit

    return {str(ModelName.parse(name)): RateLimit.model_validate(rate) for name, rate in settings.model_rate_limits.items()}


def model_settings(settings: Settings) -> ModelSettings:
    """How model endpoints are reached."""
    return ModelSettings(
        openai_api_key=settings.openai_api_key.get_secret_value() if settings.openai_api_key else None,
        openai_base_url=settings.openai_base_url,
        azure_endpoint=settings.azure_openai_endpoint,
        azure_api_key=settings.azure_openai_api_key.get_secret_value() if settings.azure_openai_api_key else None,
        azure_api_version=settings.azure_openai_api_version,
        request_timeout_seconds=settings.model_timeout_seconds,
        context_tokens=settings.model_context_tokens,
        max_output_tokens=settings.model_output_tokens,
    )


def model_of(settings: Settings) -> DefaultModel:
    """The model used unless a build says otherwise. Raises `ModelNotConfigured` for a malformed APPYARD_MODEL."""
    return default_model(model_settings(settings), settings.model)


def default_options(settings: Settings) -> BuildOptions:
    """What a build does unless it says otherwise. Only what was set is passed on."""
    given = {
        "models_by_agent": settings.models_by_agent or None,
        "repair_rounds": settings.repair_rounds,
        "budget_usd": settings.budget_usd,
        "budget_tokens": settings.budget_tokens,
        "four_eyes": settings.four_eyes or None,
        "review_expiry_hours": settings.review_expiry_hours,
    }
    return BuildOptions.model_validate({name: value for name, value in given.items() if value is not None})
