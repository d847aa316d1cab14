"""Turn a model's name into a chat model: `builtin`, `openai:<model>` or `azure:<deployment>`. Makes no call.

`openai:` also covers every endpoint that speaks OpenAI's chat completions: set the base URL.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, assert_never

from typing_extensions import override

from nodes.errors import ModelNotConfigured

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

OPENAI_URL = "https://api.openai.com/v1"
DEFAULT_OPENAI_MODEL = "gpt-5.4"
"""What a key alone means: OpenAI's middle price class of mid-2026, half the price of its flagship."""

DEFAULT_CONTEXT_TOKENS = 128_000
DEFAULT_OUTPUT_TOKENS = 32_000
"""About 2,500 lines of code; the largest component we ask for is a fifth of it. It bounds what one call can cost."""


class Provider(StrEnum):
    """Who answers. `builtin` is the program that comes with Appyard, not a language model."""

    builtin = "builtin"
    openai = "openai"
    azure = "azure"


class AnswerForm(StrEnum):
    """How the model is held to the answer's schema: by the endpoint (`json_schema`, or the parameters of a tool), or in words."""

    json_schema = "json_schema"
    tools = "tools"
    prompt = "prompt"


@dataclass(frozen=True)
class ModelName:
    """A model as a person names it. `model` is empty exactly for `builtin`."""

    provider: Provider
    model: str = ""

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """Read `builtin`, `openai:<model>` or `azure:<deployment>`; raises `ModelNotConfigured`."""
        provider, colon, model = text.strip().partition(":")
        if provider == Provider.builtin and not colon:
            return cls(Provider.builtin)
        if provider in (Provider.openai, Provider.azure) and model.strip():
            return cls(Provider(provider), model.strip())
        raise ModelNotConfigured(f"{text!r} is not a model name.")

    @override
    def __str__(self) -> str:
        return f"{self.provider}:{self.model}" if self.model else str(self.provider)


BUILTIN = ModelName(Provider.builtin)


@dataclass(frozen=True)
class NoDefault:
    """Where nobody names a model, none is used: `reason` says why, and what to do."""

    reason: str

    @override
    def __str__(self) -> str:
        return "no default"


DefaultModel: TypeAlias = ModelName | NoDefault


@dataclass(frozen=True)
class ModelSettings:
    """How endpoints are reached. `request_timeout_seconds` runs from sending to the last byte of an answer.

    `max_output_tokens` is sent with each call; None means 32,000 at OpenAI and Azure, or less where the model gives less,
    and no limit at other endpoints, whose models may be smaller. `answer_form` None means: by schema at OpenAI and Azure,
    found out by a probe elsewhere.
    """

    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    azure_endpoint: str | None = None
    azure_api_key: str | None = field(default=None, repr=False)
    azure_api_version: str = "2024-10-21"
    request_timeout_seconds: float = 300.0
    temperature: float | None = None
    max_output_tokens: int | None = None
    context_tokens: int | None = None
    answer_form: AnswerForm | None = None

    @property
    def is_openai(self) -> bool:
        """Whether `openai:` means OpenAI itself."""
        return self.openai_base_url in (None, OPENAI_URL)

    def limits_answers_of(self, name: ModelName) -> bool:
        """Whether an answer of this model has a longest length."""
        return self.max_output_tokens is not None or name.provider is Provider.azure or self.is_openai


@dataclass(frozen=True)
class ChatModel:
    """A chat model ready to be called, and what has to be known to call it well. `answer_form` None: to be found out."""

    name: ModelName
    chat: "BaseChatModel"
    answer_form: AnswerForm | None = AnswerForm.prompt
    endpoint: str = ""
    context_tokens: int = DEFAULT_CONTEXT_TOKENS
    max_output_tokens: int | None = None
    request_timeout_seconds: float = 300.0
    options: Mapping[str, object] = field(default_factory=dict)
    """What else is sent with each call and decides its answer, such as the temperature."""

    @property
    def can_call_tools(self) -> bool:
        """Whether tools may be offered: where the endpoint keeps to schemas only in words, it was found not to take tools."""
        return self.answer_form in (AnswerForm.json_schema, AnswerForm.tools)


class ModelSource(Protocol):
    """Where a crew gets its chat models."""

    def open(self, name: ModelName) -> ChatModel:
        """The chat model called `name`, the same one each time; raises `ModelNotConfigured`."""


class ChatModels:
    """The chat models of one process. Each name is opened once, so that all its agents share one connection pool."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._opened: dict[ModelName, ChatModel] = {}

    def open(self, name: ModelName) -> ChatModel:
        """The chat model called `name`; raises `ModelNotConfigured` if its settings are missing."""
        if name not in self._opened:
            self._opened[name] = self._create(name)
        return self._opened[name]

    def _create(self, name: ModelName) -> ChatModel:
        match name.provider:
            case Provider.builtin:
                from nodes.blueprint.chat_model import BlueprintChatModel

                return ChatModel(name, BlueprintChatModel())
            case Provider.openai:
                return self._openai(name)
            case Provider.azure:
                return self._azure(name)
            case _:
                assert_never(name.provider)

    def _openai(self, name: ModelName) -> ChatModel:
        from langchain_openai import ChatOpenAI
        from pydantic import SecretStr

        from nodes.agents.endpoint_client import endpoint_client

        settings = self._settings
        if not settings.openai_api_key and not settings.openai_base_url:
            raise ModelNotConfigured(f"{name} needs OPENAI_API_KEY, or OPENAI_BASE_URL for a compatible endpoint.")
        limit = settings.max_output_tokens or (longest_answer(name.model) if settings.is_openai else None)
        chat = ChatOpenAI(
            model=name.model,
            http_async_client=endpoint_client(),
            api_key=SecretStr(settings.openai_api_key or "none"),  # local endpoints ask for none, the client for some
            base_url=settings.openai_base_url or OPENAI_URL,
            stream_usage=True,  # otherwise a streamed answer does not tell what it used
            max_retries=0,  # calls.py is the one retry layer
            timeout=settings.request_timeout_seconds,
            stream_chunk_timeout=None,  # calls.py bounds the whole try, and cancelling gets lost in this one on Python 3.11
            temperature=settings.temperature,
            **_limited(limit, is_openai=settings.is_openai),
        )
        holds_to_schemas = settings.is_openai and (chat.profile or {}).get("structured_output", True)
        form = AnswerForm.json_schema if holds_to_schemas else None
        return self._opened_model(name, chat, limit, form, settings.openai_base_url or OPENAI_URL)

    def _azure(self, name: ModelName) -> ChatModel:
        from langchain_openai import AzureChatOpenAI
        from pydantic import SecretStr

        from nodes.agents.endpoint_client import endpoint_client

        settings = self._settings
        needed = {"AZURE_OPENAI_ENDPOINT": settings.azure_endpoint, "AZURE_OPENAI_API_KEY": settings.azure_api_key}
        if not settings.azure_endpoint or not settings.azure_api_key:
            missing = " and ".join(variable for variable, value in needed.items() if not value)
            raise ModelNotConfigured(f"{name} needs {missing}, of an Azure OpenAI resource.")
        limit = settings.max_output_tokens or longest_answer(name.model)
        chat = AzureChatOpenAI(
            azure_deployment=name.model,
            http_async_client=endpoint_client(),
            azure_endpoint=settings.azure_endpoint,
            api_key=SecretStr(settings.azure_api_key),
            api_version=settings.azure_api_version,
            stream_usage=True,
            max_retries=0,
            timeout=settings.request_timeout_seconds,
            stream_chunk_timeout=None,  # calls.py bounds the whole try, and cancelling gets lost in this one on Python 3.11
            temperature=settings.temperature,
            max_completion_tokens=limit,
        )
        return self._opened_model(name, chat, limit, AnswerForm.json_schema, settings.azure_endpoint)

    def _opened_model(self, name: ModelName, chat: "BaseChatModel", limit: int | None, form: AnswerForm | None, endpoint: str) -> ChatModel:
        profile = chat.profile or {}
        return ChatModel(
            name=name,
            chat=chat,
            answer_form=self._settings.answer_form or form,
            endpoint=endpoint,
            context_tokens=self._settings.context_tokens or profile.get("max_input_tokens") or DEFAULT_CONTEXT_TOKENS,
            max_output_tokens=limit,
            request_timeout_seconds=self._settings.request_timeout_seconds,
            options=_options(chat, limit),
        )


def _limited(limit: int | None, *, is_openai: bool) -> dict[str, Any]:
    """OpenAI's newer models know only the newer name of an answer's limit; of other endpoints some refuse it, some leave it aside."""
    if is_openai or limit is None:
        return {"max_completion_tokens": limit}
    return {"extra_body": {"max_tokens": limit}}


def _options(chat: "BaseChatModel", limit: int | None) -> dict[str, object]:
    told = {name: getattr(chat, name, None) for name in ("temperature", "seed", "top_p", "reasoning_effort", "openai_api_version")}
    return {**told, "max_completion_tokens": limit}


def longest_answer(model: str) -> int:
    """What to allow a model of OpenAI by default: an endpoint refuses every call that asks for more than its model can give."""
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    profile = ChatOpenAI(model=model, api_key=SecretStr("none")).profile or {}
    return min(DEFAULT_OUTPUT_TOKENS, profile.get("max_output_tokens") or DEFAULT_OUTPUT_TOKENS)


def default_model(settings: ModelSettings, configured: str | None = None) -> DefaultModel:
    """The model of agents for which nobody named one; none where an endpoint is set but its models cannot be guessed.

    `configured` is the operator's choice. Without it an OpenAI key means OpenAI's middle class; no key, `builtin`.
    Raises `ModelNotConfigured` for a malformed choice.
    """
    if configured and configured.strip():
        return ModelName.parse(configured)
    if not settings.is_openai:
        return NoDefault(f"OPENAI_BASE_URL is set but no model. {_name_one('openai:<model>, one that the endpoint serves')}")
    if settings.openai_api_key:
        return ModelName(Provider.openai, DEFAULT_OPENAI_MODEL)
    if settings.azure_api_key:
        return NoDefault(f"AZURE_OPENAI_API_KEY is set but no model. {_name_one('azure:<deployment>')}")
    return BUILTIN


def _name_one(model: str) -> str:
    return f"Name {model}: for one build with --model (`model` in its options), or for all with APPYARD_MODEL."
