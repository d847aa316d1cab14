"""What an endpoint can do to us, over real HTTP through ChatOpenAI and AzureChatOpenAI: each with its bounded number of requests."""

import asyncio
import socket
import ssl
from pathlib import Path

import httpx
import openai
import pytest

from nodes.agents.failures import Transient, judge
from nodes.agents.models import AnswerForm, ModelName
from nodes.artifacts import QaReview
from nodes.context import AgentTask, BuildOptions
from nodes.errors import AgentOutputInvalid, ModelRefused, ModelUnavailable
from tests.integration.agents.fault_server import DEPLOYMENT, MODEL, USAGE, Answer, Hang, Raw, Reply, Status, fault_server

GOOD = Answer('{"summary": "fine", "concerns": [], "components_to_repair": []}')
WAYS = [(MODEL, AnswerForm.json_schema), (MODEL, AnswerForm.prompt), (DEPLOYMENT, AnswerForm.json_schema)]
"""Through ChatOpenAI held to a schema and in words, and through AzureChatOpenAI."""

Review = AgentTask[QaReview]


@pytest.mark.parametrize(("model", "form"), WAYS)
async def test_a_good_answer_is_one_request_and_its_use_is_told(
    model: ModelName, form: AnswerForm, review_task: Review, storage: Path
) -> None:
    async with fault_server(GOOD) as server:
        answer = await server.crew(storage, model=model, form=form).perform(review_task, BuildOptions())
    result = answer.result
    assert answer.value == QaReview(summary="fine")
    assert (result.calls, result.input_tokens, result.output_tokens, result.cached_tokens) == (1, 1000, 200, 400)
    assert not result.tokens_estimated
    [request] = server.requests
    limits = {name: request[name] for name in ("max_tokens", "max_completion_tokens") if name in request}
    assert limits == {"max_completion_tokens" if model == DEPLOYMENT else "max_tokens": 1000}
    assert ("response_format" in request) is (form is AnswerForm.json_schema)


@pytest.mark.parametrize(
    "failure",
    [
        Status(429, retry_after="0"),
        Status(408),
        Status(409),
        Status(500),
        Status(503),
        Raw("gateway"),
        Raw('{"id": "c1", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'),
        Raw('{"error": {"message": "overloaded"}}'),
    ],
)
@pytest.mark.parametrize("model", [MODEL, DEPLOYMENT])
async def test_what_may_pass_is_tried_again_once(failure: Reply, model: ModelName, review_task: Review, storage: Path) -> None:
    async with fault_server(failure, GOOD) as server:
        result = (await server.crew(storage, model=model).perform(review_task, BuildOptions())).result
    assert len(server.requests) == 2
    assert (result.calls, result.input_tokens) == (1, 1000)


async def test_a_failure_that_stays_is_given_up_after_the_permitted_tries(review_task: Review, storage: Path) -> None:
    async with fault_server(Status(500, message="on fire")) as server:
        with pytest.raises(ModelUnavailable, match=r"openai:gpt-5-mini: HTTP 500: on fire \(3 of 3 tries\)"):
            await server.crew(storage, tries=3).perform(review_task, BuildOptions())
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        (
            Raw("<html>\n<title>Sign in</title></html>", kind="text/html; charset=utf-8"),
            "instead of a completion it sent: a web page, “Sign in”",
        ),
        (Raw('{"error": {"message": "overloaded"}}'), "instead of a completion it sent: overloaded"),
        (Raw('{"hello": "world"}'), 'instead of a completion it sent: {"hello": "world"}'),
        (Raw("<html>\r\n<head><title>502 Bad Gateway</title></head></html>", 502, "text/html"), "HTTP 502: a web page, “502 Bad Gateway”"),
        (Raw("", 503), "HTTP 503"),
    ],
)
@pytest.mark.parametrize("model", [MODEL, DEPLOYMENT])
async def test_what_came_instead_of_a_completion_is_told_in_its_own_words(
    instead: Raw, told: str, model: ModelName, review_task: Review, storage: Path
) -> None:
    async with fault_server(instead) as server:
        with pytest.raises(ModelUnavailable) as failed:
            await server.crew(storage, tries=2, model=model).perform(review_task, BuildOptions())
    assert failed.value.detail == f"{model}: {told} (2 of 2 tries)."


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("model", [MODEL, DEPLOYMENT])
async def test_prompts_follow_no_redirect(status: int, model: ModelName, review_task: Review, storage: Path) -> None:
    async with fault_server(GOOD) as elsewhere, fault_server(Status(status, location=f"{elsewhere.url}/chat/completions")) as server:
        elsewhere_url = elsewhere.url
        with pytest.raises(ModelRefused, match=f"It sends us on to {elsewhere_url}.*correct it"):
            await server.crew(storage, model=model).perform(review_task, BuildOptions())
    assert (len(server.requests), elsewhere.requests) == (1, [])


async def test_an_endpoint_that_asks_to_wait_long_is_not_waited_for(review_task: Review, storage: Path) -> None:
    async with fault_server(Status(429, retry_after="3600")) as server:
        with pytest.raises(ModelUnavailable, match="asks to wait 3600 seconds"):
            await server.crew(storage).perform(review_task, BuildOptions())
    assert len(server.requests) == 1


async def test_an_endpoint_that_hangs_is_left_and_asked_again(review_task: Review, storage: Path) -> None:
    async with fault_server(Hang(), GOOD) as server:
        answer = await server.crew(storage, seconds=0.3).perform(review_task, BuildOptions())
        await server.hung_up.wait()
    assert answer.value == QaReview(summary="fine")
    assert len(server.requests) == 2


async def test_nothing_listens(review_task: Review, storage: Path) -> None:
    async with fault_server(GOOD) as server:
        crew = server.crew(storage)
    with pytest.raises(ModelUnavailable, match="nothing listens at its address"):
        await crew.perform(review_task, BuildOptions())


def caused_by(*causes: Exception) -> openai.APIConnectionError:
    """As the client raises it: the outermost error, each led to by the next."""
    error = openai.APIConnectionError(request=httpx.Request("POST", "https://endpoint.test"))
    outer: Exception = error
    for cause in causes:
        outer.__cause__ = cause
        outer = cause
    return error


def test_a_connection_that_fails_is_told_by_its_cause() -> None:
    untrusted = ssl.SSLCertVerificationError(1, "certificate verify failed")
    untrusted.verify_message = "self-signed certificate"
    refused = judge(caused_by(httpx.ConnectError("x"), untrusted), "openai:m")
    plain = judge(caused_by(httpx.ConnectError("x"), ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")), "openai:m")
    unknown = judge(caused_by(httpx.ConnectError("x"), socket.gaierror(-2, "Name or service not known")), "openai:m")
    assert isinstance(refused, ModelRefused)
    assert "certificate is not trusted (self-signed certificate)" in str(refused)
    assert isinstance(plain, ModelRefused)
    assert "does not speak TLS as asked" in str(plain)
    assert unknown == Transient("its name could not be found (Name or service not known); check OPENAI_BASE_URL")


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (Status(400), "The request does not suit this model"),
        (Status(400, message="max_tokens is too large: 32000."), "APPYARD_MODEL_OUTPUT_TOKENS"),
        (Status(400, code="content_filter"), "content filter"),
        (Status(400, message="the request exceeds the available context size"), "APPYARD_MODEL_CONTEXT_TOKENS"),
        (Status(401), "OPENAI_API_KEY is wrong or has been withdrawn"),
        (Status(403), "OPENAI_API_KEY may not use this model"),
        (Status(404), "no such model or deployment"),
        (Raw("<html><title>404 Not Found</title></html>", 404, "text/html"), "usually end in /v1"),
        (Status(413), "longer than the endpoint, or a proxy in front of it, takes"),
        (Status(422), "HTTP 422: scripted failure"),
        (Status(429, code="insufficient_quota"), "quota is used up"),
        (
            Status(400, code="context_length_exceeded", message="This model's maximum context length is 8192 tokens."),
            "larger context window",
        ),
        (Answer("", finish="content_filter"), "content filter"),
    ],
)
@pytest.mark.parametrize(("model", "form"), WAYS)
async def test_what_repeating_would_not_help_is_refused_at_once(
    failure: Reply, advice: str, model: ModelName, form: AnswerForm, review_task: Review, storage: Path
) -> None:
    async with fault_server(failure) as server:
        with pytest.raises(ModelRefused, match=advice):
            await server.crew(storage, model=model, form=form).perform(review_task, BuildOptions())
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "unusable",
    [
        Answer(""),
        Answer("", refusal="I cannot help with that."),
        Answer("I think it is fine."),
        Answer('{"verdict": "fine"}'),
        Answer('{"summary": "fi', finish="length"),
        Answer("x" * 10_000_000),
    ],
    ids=["empty", "refusal", "prose", "wrong schema", "cut", "10 MB"],
)
@pytest.mark.parametrize(("model", "form"), WAYS)
async def test_an_unusable_answer_is_paid_for_and_asked_again(
    unusable: Answer, model: ModelName, form: AnswerForm, review_task: Review, storage: Path
) -> None:
    async with fault_server(unusable, GOOD) as server:
        result = (await server.crew(storage, model=model, form=form).perform(review_task, BuildOptions())).result
    assert (result.calls, result.input_tokens, result.cached_tokens) == (2, 2000, 800)
    assert len(server.requests) == 2
    assert len(str(server.requests[1])) < 400_000


async def test_answers_that_stay_unusable_end_after_three(review_task: Review, storage: Path) -> None:
    async with fault_server(*(Answer(f'{{"verdict": "{word}"}}') for word in ("fine", "good", "well"))) as server:
        with pytest.raises(AgentOutputInvalid, match="after 3 answers"):
            await server.crew(storage).perform(review_task, BuildOptions())
    assert len(server.requests) == 3


async def test_an_answer_without_use_is_estimated(review_task: Review, storage: Path) -> None:
    async with fault_server(Answer(GOOD.text, usage=None)) as server:
        result = (await server.crew(storage).perform(review_task, BuildOptions())).result
    assert result.tokens_estimated
    assert result.input_tokens > 100


@pytest.mark.parametrize(
    "told",
    [
        {"prompt_tokens": -1000, "completion_tokens": -200, "total_tokens": -1200},
        {"prompt_tokens": None, "completion_tokens": None, "total_tokens": None},
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"prompt_tokens": 1000, "completion_tokens": -1, "total_tokens": 999},
    ],
)
async def test_a_use_that_cannot_be_is_estimated_instead(told: dict[str, int | None], review_task: Review, storage: Path) -> None:
    async with fault_server(Answer(GOOD.text, usage=told)) as server:
        result = (await server.crew(storage).perform(review_task, BuildOptions())).result
    assert result.tokens_estimated
    assert result.input_tokens > 100
    assert result.output_tokens > 0
    assert result.cost_usd is not None
    assert result.cost_usd > 0


async def test_more_tokens_from_a_cache_than_were_asked_give_no_money_back(review_task: Review, storage: Path) -> None:
    told = {**USAGE, "prompt_tokens_details": {"cached_tokens": 100_000}}
    async with fault_server(Answer(GOOD.text, usage=told)) as server:
        result = (await server.crew(storage).perform(review_task, BuildOptions())).result
    assert (result.input_tokens, result.cached_tokens) == (1000, 1000)


async def test_a_refusal_is_told_in_the_models_words(review_task: Review, storage: Path) -> None:
    async with fault_server(Answer("", refusal="I'm sorry, I cannot help with that.")) as server:
        with pytest.raises(AgentOutputInvalid, match=r"it begins “I'm sorry, I cannot help with that\.”"):
            await server.crew(storage).perform(review_task, BuildOptions())


async def test_cancelling_hangs_up_on_the_endpoint(review_task: Review, storage: Path) -> None:
    async with fault_server(Hang()) as server:
        task = asyncio.create_task(server.crew(storage).perform(review_task, BuildOptions()))
        await server.hanging.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.hung_up.wait()
    assert len(server.requests) == 1
