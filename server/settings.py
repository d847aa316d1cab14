"""Read the environment, once. The only module that does; everything else receives arguments."""

import os
from base64 import b64decode
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Self, TypeAlias
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    Field,
    PositiveFloat,
    SecretStr,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from server.mail import SmtpSecurity

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


MailAddress: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9.-]+$", max_length=254)]


def _as_sent(key: str) -> str:
    """A key goes into a header: a line break at its end is cut off, and one inside it is found at the start, not as a lost connection."""
    if not (key := key.strip()).isascii() or not key.isprintable():
        raise ValueError("holds a line break, a quotation mark of a text, or another character that keys do not have; copy it again")
    return key


def _address_of_models(address: str) -> str:
    """The address to which `/chat/completions` is added. Raises ValueError."""
    address = address.strip().rstrip("/").removesuffix("/chat/completions")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or not address.isprintable():
        raise ValueError("write an address such as https://models.example.com/v1")
    if parts.username is not None:
        raise ValueError("an address is shown in many places, so it holds no password; give the key of the endpoint in its own variable")
    return address


ModelKey: TypeAlias = Annotated[SecretStr, BeforeValidator(lambda given: _as_sent(given) if isinstance(given, str) else given)]
ModelAddress: TypeAlias = Annotated[str, AfterValidator(_address_of_models)]
ApiKeyHash: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{64}$")]


def default_data_dir() -> Path:
    """Where everything local is kept unless APPYARD_DATA_DIR says otherwise."""
    return Path("~/.local/share/appyard")


class Settings(BaseSettings):
    """Every setting with its default. Names are environment variables; `.env.example` lists them all."""

    model_config = SettingsConfigDict(env_prefix="APPYARD_", env_ignore_empty=True, extra="ignore", frozen=True, populate_by_name=True)

    data_dir: Path = Field(default_factory=default_data_dir, description="Everything kept locally: database, logs, tool state.")
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DATABASE_URL", "database_url"),
        description="PostgreSQL to use. Empty: an embedded PostgreSQL in APPYARD_DATA_DIR.",
    )
    host: str = Field(
        default="127.0.0.1", description="Address to listen on. Any other than loopback needs APPYARD_API_KEY_HASHES or APPYARD_API_KEY."
    )
    port: int = Field(default=8123, ge=0, le=65535, description="Port to listen on.")
    preview_port: int = Field(default=8124, ge=0, le=65535, description="Port of previewed apps; a free one if it is taken.")
    preview_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s*]*\*[^/\s*]*/?$",
        description="Where previews are reached, * being the name of each: https://*.preview.example.com. Empty: *.localhost.",
    )
    preview_idle_minutes: float = Field(default=15.0, gt=0, description="A preview that nobody looks at for this long is stopped.")
    preview_limit: int = Field(
        default=3, ge=1, le=50, description="Previews one server runs at once; one more stops the one looked at longest ago."
    )
    api_key: SecretStr | None = Field(default=None, description="If set, every request carries it, or another key, as x-api-key.")
    api_key_hashes: tuple[ApiKeyHash, ...] = Field(
        default=(), description='SHA-256 of keys requests may carry, as JSON: ["…"]. `appyard key` makes a key and its hash.'
    )

    model: str | None = Field(
        default=None,
        description="builtin, openai:<model> or azure:<deployment>. Empty: a model of OpenAI if OPENAI_API_KEY is set, else builtin.",
    )
    models_by_agent: dict[str, str] = Field(default={}, description='Other models for single agents, as JSON: {"qa_engineer": "openai:…"}.')
    openai_api_key: ModelKey | None = Field(
        default=None, validation_alias=AliasChoices("OPENAI_API_KEY", "openai_api_key"), description="Key for openai:<model>."
    )
    openai_base_url: ModelAddress | None = Field(
        default=None,
        validation_alias=AliasChoices("OPENAI_BASE_URL", "openai_base_url"),
        description="Any OpenAI-compatible endpoint for openai:<model>.",
    )
    azure_openai_endpoint: ModelAddress | None = Field(
        default=None, validation_alias=AliasChoices("AZURE_OPENAI_ENDPOINT", "azure_openai_endpoint"), description="For azure:<deployment>."
    )
    azure_openai_api_key: ModelKey | None = Field(
        default=None, validation_alias=AliasChoices("AZURE_OPENAI_API_KEY", "azure_openai_api_key"), description="For azure:<deployment>."
    )
    azure_openai_api_version: str = Field(
        default="2024-10-21",
        validation_alias=AliasChoices("OPENAI_API_VERSION", "azure_openai_api_version"),
        description="For azure:<deployment>.",
    )
    model_timeout_seconds: float = Field(default=180.0, gt=0, description="Longest wait for one model call.")
    model_context_tokens: int | None = Field(
        default=None, gt=0, description="What models read at once. Empty: as known of the model, else 128,000."
    )
    model_output_tokens: int | None = Field(
        default=None, gt=0, description="Longest answer of a model. Empty: 32,000 at OpenAI and Azure, no limit elsewhere."
    )
    answer_cache_hours: float = Field(
        default=0.0,
        ge=0,
        description="How long a model's answers serve other builds of the same user that ask the very same; `appyard cache` sets it "
        "for one user. 0: never.",
    )
    model_rate_limits: dict[str, dict[str, float]] = Field(
        default={},
        description='Rates all workers keep to together, as JSON: {"openai:…": {"calls_per_minute": 60, "tokens_per_minute": 90000}}.',
    )
    agents_dir: Path | None = Field(
        default=None,
        description="A folder with your own agents.yaml, tasks.yaml, and code for them: guardrails.py, tools.py, hooks.py, listeners.py.",
    )

    templates_dir: Path | None = Field(default=None, description="A folder with templates of your own: specifications as NAME.yaml.")

    langsmith_tracing: bool = Field(
        default=False,
        validation_alias=AliasChoices("LANGSMITH_TRACING", "langsmith_tracing"),
        description="Trace every run in LangSmith: prompts and answers are sent there.",
    )
    langsmith_api_key: ModelKey | None = Field(
        default=None, validation_alias=AliasChoices("LANGSMITH_API_KEY", "langsmith_api_key"), description="Key for LangSmith."
    )
    langsmith_endpoint: str = Field(
        default="https://api.smith.langchain.com",
        validation_alias=AliasChoices("LANGSMITH_ENDPOINT", "langsmith_endpoint"),
        description="Where LangSmith is reached.",
    )
    langsmith_project: str = Field(
        default="appyard", validation_alias=AliasChoices("LANGSMITH_PROJECT", "langsmith_project"), description="Project of the traces."
    )
    langsmith_hide_inputs: bool = Field(
        default=False,
        validation_alias=AliasChoices("LANGSMITH_HIDE_INPUTS", "langsmith_hide_inputs"),
        description="Leave inputs, such as prompts, out of traces.",
    )
    langsmith_hide_outputs: bool = Field(
        default=False,
        validation_alias=AliasChoices("LANGSMITH_HIDE_OUTPUTS", "langsmith_hide_outputs"),
        description="Leave outputs, such as answers, out of traces.",
    )

    repair_rounds: int = Field(default=3, ge=0, le=10, description="Repair rounds at most, unless a build says otherwise.")
    budget_usd: float | None = Field(default=None, ge=0, description="Money a build may spend, unless it says otherwise.")
    budget_tokens: int | None = Field(
        default=None, ge=0, description="Tokens a build may read and write, unless it says otherwise; for models without a price."
    )
    budget_per_user_day_usd: float | None = Field(
        default=None, ge=0, description="Money the builds of each user may spend in a day (UTC); at the limit they pause until the next."
    )
    budget_per_day_usd: float | None = Field(default=None, ge=0, description="The same for the builds of all users together.")
    prices_file: Path | None = Field(
        default=None, description="Your own prices of models, in the form of nodes/agents/prices.yaml; they go before ours."
    )
    review_expiry_hours: float = Field(
        default=24.0, gt=0, description="How long a build waits for a person before it is parked; reopening asks again."
    )
    review_reminder_hours: tuple[PositiveFloat, ...] = Field(
        default=(4.0, 20.0), description="When people are reminded of what waits, in hours since it was asked, as JSON: [4, 20]."
    )
    review_escalation_hours: float = Field(
        default=12.0, gt=0, description="When APPYARD_ESCALATION_MAIL_TO and APPYARD_ESCALATION_WEBHOOK_URL are told of what waits."
    )

    four_eyes: bool = Field(default=False, description="Whoever asks for a build may not approve it; a build can also ask for this itself.")

    webhook_url: SecretStr | None = Field(default=None, description="Told of builds that wait for a person, are finished, or failed.")
    slack_webhook_url: SecretStr | None = Field(
        default=None, description="The same as a chat shows it: an incoming webhook of Slack, Mattermost or Rocket.Chat."
    )
    escalation_webhook_url: SecretStr | None = Field(default=None, description="Told of builds that have waited for long, as JSON.")
    public_url: str | None = Field(
        default=None,
        description="Where people reach the dashboard, for links: https://appyard.example.com. Empty: APPYARD_HOST, if loopback.",
    )
    mail_to: tuple[MailAddress, ...] = Field(default=(), description='Who is told by e-mail, as JSON: ["team@example.com"].')
    escalation_mail_to: tuple[MailAddress, ...] = Field(
        default=(), description="Who is told by e-mail of builds that have waited for long, as JSON."
    )
    mail_from: MailAddress | None = Field(default=None, description="Sender of e-mails. Empty: the first of APPYARD_MAIL_TO.")
    smtp_host: str | None = Field(default=None, description="Mail server (SMTP) that takes e-mails. Empty: none are sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server: 587 for STARTTLS, 465 for TLS.")
    smtp_security: SmtpSecurity = Field(
        default=SmtpSecurity.starttls, description="starttls, tls, or none for a mail server on this machine."
    )
    smtp_user: str | None = Field(default=None, description="User at the mail server, if it asks for one.")
    smtp_password: SecretStr | None = Field(default=None, description="Password of that user.")
    webhook_secret: SecretStr | None = Field(default=None, description="whsec_…; signs what is sent to webhooks (Standard Webhooks).")
    webhooks_to_private_addresses: bool = Field(
        default=False, description="Also call webhooks on this machine and network, by http and on any port."
    )

    editor: str = Field(
        default="vi", validation_alias=AliasChoices("VISUAL", "EDITOR", "editor"), description="Editor that `appyard builds edit` opens."
    )

    worker_concurrency: int = Field(default=4, ge=1, le=64, description="Runs one worker drives at once.")
    lease_seconds: float = Field(default=10.0, ge=2, description="A run whose worker is silent for this long is taken over.")
    toolchain_dir: Path | None = Field(default=None, description="Where the packages of built apps are. Empty: beside Appyard's own.")
    node_dir: Path | None = Field(default=None, description="The folder whose bin holds node, for apps on Node.js. Empty: as on the PATH.")
    browser: bool = Field(default=True, description="Look at built apps in Chromium, in the sandbox, where there is one below /usr.")
    unsafe_local: bool = Field(default=False, description="Run generated code WITHOUT a sandbox if there is none. Loopback only.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_key(cls, given: SecretStr | None) -> SecretStr | None:
        """Standard Webhooks asks for 24 to 64 bytes; found out at the start rather than with the first webhook."""
        if given and not 24 <= len(_webhook_key(given.get_secret_value())) <= 64:
            raise ValueError("write whsec_ and 24 to 64 random bytes in base64, such as of `openssl rand -base64 32`")
        return given

    @model_validator(mode="after")
    def _mail_has_a_server(self) -> Self:
        if (self.mail_to or self.escalation_mail_to) and not self.smtp_host:
            raise ValueError("e-mail needs a mail server: set APPYARD_SMTP_HOST, or leave out the addresses")
        return self

    @field_validator("webhook_url", "slack_webhook_url", "escalation_webhook_url")
    @classmethod
    def _is_an_address(cls, given: SecretStr | None) -> SecretStr | None:
        if given and not given.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("write an address such as https://example.com/hook")
        return given

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, given: str | None) -> str | None:
        if given and not given.startswith(("https://", "http://")):
            raise ValueError("write an address such as https://appyard.example.com")
        return given.rstrip("/") if given else None

    @property
    def base_url(self) -> str | None:
        """What links to the dashboard begin with; None where nobody could follow them."""
        if self.public_url or self.host not in LOOPBACK or not self.port:
            return self.public_url
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    @property
    def has_keys(self) -> bool:
        """Whether requests need a key."""
        return bool(self.api_key or self.api_key_hashes)

    @property
    def root(self) -> Path:
        """`data_dir` with `~` resolved."""
        return self.data_dir.expanduser().absolute()


def _webhook_key(secret: str) -> bytes:
    """The bytes of `whsec_…`; none if it is no base64."""
    try:
        return b64decode(secret.removeprefix("whsec_") + "==")
    except ValueError:
        return b""


def shown_settings(settings: Settings) -> Iterator[tuple[str, str, bool, str]]:
    """Each setting in effect: variable, value (of a secret only whether it is set), whether it is the default, what it decides."""
    for name, field in Settings.model_fields.items():
        value = getattr(settings, name)
        default = field.get_default(call_default_factory=True, validated_data={})
        shown = "set" if isinstance(value, SecretStr) else "" if value in (None, {}) else str(value)
        yield variable_of(name, field), shown, value == default, field.description or ""


def variable_of(name: str, field: FieldInfo) -> str:
    """The environment variable a setting is read from."""
    match field.validation_alias:
        case AliasChoices(choices=[str(first), *_]):
            return first
        case str(alias):
            return alias
        case _:
            return f"{Settings.model_config.get('env_prefix', '')}{name}".upper()


def add_to_environment(given: Mapping[str, str]) -> None:
    """Give a langgraph.json's `env` to the graphs, which read the environment themselves. What is set already stays."""
    for name, value in given.items():
        os.environ.setdefault(name, value)
