from dataclasses import replace

import pytest

from nodes.agents.models import BUILTIN, AnswerForm, ChatModels, ModelName, ModelSettings, NoDefault, Provider, default_model
from nodes.errors import ModelNotConfigured

NOTHING = ModelSettings()
KEY = ModelSettings(openai_api_key="sk-test")
LOCAL = ModelSettings(openai_base_url="http://127.0.0.1:8080/v1")
AZURE = ModelSettings(azure_endpoint="https://example.invalid", azure_api_key="key")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("builtin", BUILTIN),
        ("openai:gpt-5.4", ModelName(Provider.openai, "gpt-5.4")),
        (" openai:qwen2.5-coder:7b ", ModelName(Provider.openai, "qwen2.5-coder:7b")),
        ("azure:our-deployment", ModelName(Provider.azure, "our-deployment")),
    ],
)
def test_names_are_read_and_written(text: str, name: ModelName) -> None:
    assert ModelName.parse(text) == name
    assert str(name) == text.strip()


@pytest.mark.parametrize("text", ["", "gpt-5.4", "openai:", "openai: ", "builtin:x", "anthropic:claude", "OPENAI:gpt"])
def test_a_bad_name_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(ModelNotConfigured, match="Use builtin, openai:<model> or azure:<deployment>"):
        ModelName.parse(text)


@pytest.mark.parametrize(
    ("settings", "configured", "name"),
    [
        (NOTHING, None, "builtin"),
        (NOTHING, " ", "builtin"),
        (KEY, None, "openai:gpt-5.4"),
        (KEY, "builtin", "builtin"),
        (LOCAL, "openai:qwen", "openai:qwen"),
    ],
)
def test_the_default_model_follows_from_what_is_configured(settings: ModelSettings, configured: str | None, name: str) -> None:
    assert str(default_model(settings, configured)) == name


@pytest.mark.parametrize("settings", [LOCAL, AZURE])
def test_an_endpoint_whose_models_nobody_can_guess_needs_a_name(settings: ModelSettings) -> None:
    default = default_model(settings)
    assert isinstance(default, NoDefault)
    assert "no model" in default.reason
    assert "--model" in default.reason
    assert "APPYARD_MODEL" in default.reason


@pytest.mark.parametrize(
    ("settings", "name", "missing"),
    [
        (NOTHING, "openai:gpt-5.4", "OPENAI_API_KEY, or OPENAI_BASE_URL"),
        (NOTHING, "azure:x", "AZURE_OPENAI_ENDPOINT and AZURE_OPENAI_API_KEY"),
        (replace(AZURE, azure_api_key=""), "azure:x", "AZURE_OPENAI_API_KEY, of"),
        (replace(AZURE, azure_endpoint=None), "azure:x", "AZURE_OPENAI_ENDPOINT, of"),
    ],
)
def test_missing_settings_are_named(settings: ModelSettings, name: str, missing: str) -> None:
    with pytest.raises(ModelNotConfigured, match=f"{name} needs {missing}"):
        ChatModels(settings).open(ModelName.parse(name))


def test_a_model_is_opened_once_with_one_retry_layer_and_told_usage() -> None:
    models, name = ChatModels(KEY), ModelName.parse("openai:gpt-5.4")
    opened = models.open(name)
    assert models.open(name) is opened
    chat = opened.chat
    assert (chat.max_retries, chat.stream_usage, chat.request_timeout) == (0, True, 300.0)  # type: ignore[attr-defined]  # of the concrete client
    assert (opened.answer_form, opened.max_output_tokens) == (AnswerForm.json_schema, 32_000)
    assert opened.context_tokens > 128_000


@pytest.mark.parametrize(("settings", "name"), [(KEY, "openai:gpt-5.4"), (LOCAL, "openai:qwen"), (AZURE, "azure:x")])
def test_a_slow_prompt_has_the_whole_time_of_a_call(settings: ModelSettings, name: str) -> None:
    """LangChain's client ends a stream whose first piece takes 120 seconds: a small machine reads a long prompt for longer.

    It does so by `asyncio.wait_for`, which on Python 3.11 drops a cancellation that comes together with a piece.
    """
    chat = ChatModels(replace(settings, request_timeout_seconds=1800.0)).open(ModelName.parse(name)).chat
    assert (chat.request_timeout, chat.stream_chunk_timeout) == (1800.0, None)  # type: ignore[attr-defined]  # of the concrete client


def test_other_endpoints_are_still_to_be_probed_and_have_no_output_limit() -> None:
    opened = ChatModels(LOCAL).open(ModelName.parse("openai:qwen"))
    assert (opened.answer_form, opened.max_output_tokens, opened.context_tokens) == (None, None, 128_000)
    held = ChatModels(replace(LOCAL, answer_form=AnswerForm.json_schema)).open(ModelName.parse("openai:qwen"))
    assert held.answer_form is AnswerForm.json_schema


@pytest.mark.parametrize(
    ("settings", "name", "limit", "form"),
    [
        (KEY, "openai:gpt-4o", 16_384, AnswerForm.json_schema),
        (AZURE, "azure:gpt-4o", 16_384, AnswerForm.json_schema),
        (KEY, "openai:gpt-4-turbo", 4_096, None),
        (replace(KEY, max_output_tokens=2_000), "openai:gpt-4o", 2_000, AnswerForm.json_schema),
    ],
)
def test_a_model_is_asked_for_nothing_it_cannot_give(settings: ModelSettings, name: str, limit: int, form: AnswerForm | None) -> None:
    """OpenAI answers 400 to a limit above the model's own, and to a schema for a model that keeps to none."""
    opened = ChatModels(settings).open(ModelName.parse(name))
    assert (opened.max_output_tokens, opened.answer_form) == (limit, form)


def test_azure_deployments_are_opened() -> None:
    opened = ChatModels(AZURE).open(ModelName.parse("azure:our-deployment"))
    assert (opened.chat.max_retries, opened.answer_form) == (0, AnswerForm.json_schema)  # type: ignore[attr-defined]  # of the concrete client


def test_settings_do_not_show_their_keys() -> None:
    assert "sk-test" not in repr(KEY)
    assert "'key'" not in repr(AZURE)
