"""Sort what can go wrong at a model's endpoint: worth another try, refused for good, or an answer cut short."""

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
import openai
from langchain_core.exceptions import ContextOverflowError

from nodes.errors import ModelRefused


class NotACompletion(Exception):
    """The endpoint answered 200 with something that is no completion, such as a gateway's error page."""


ENDPOINT_ERRORS = (openai.OpenAIError, httpx.HTTPError, TimeoutError, NotACompletion, ContextOverflowError)
"""What a call raises because of the endpoint. The client passes httpx's errors of a stream through."""

CONFUSION = (AssertionError, AttributeError, LookupError, TypeError, ValueError)
"""What LangChain and the client raise inside themselves when a body is no completion; `calls` makes it `NotACompletion`."""

TRANSIENT_STATUSES = frozenset({408, 409, 429})
FILTERED = "the endpoint's content filter stopped it. Say it in other words, or choose another model."
_TOO_LONG = (
    "the prompt is longer than the model can read. Choose one with a larger context window, or say in "
    "APPYARD_MODEL_CONTEXT_TOKENS how much it reads, and prompts are made to fit."
)
_CONTEXT = re.compile(r"context[ _](?:length|size|window)", re.IGNORECASE)
_OUTPUT_LIMIT = re.compile(r"max_(?:completion_|output_)?tokens", re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>\s*(.*?)\s*</title>", re.IGNORECASE | re.DOTALL)
MAX_REASON_CHARACTERS = 300


@dataclass(frozen=True)
class _Variables:
    """Where a person sets how a provider is reached."""

    key: str
    address: str


_AZURE = _Variables("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT")
_OPENAI = _Variables("OPENAI_API_KEY", "OPENAI_BASE_URL")


@dataclass(frozen=True)
class Transient:
    """A failure that may pass. `retry_after_seconds` is what the endpoint asked for."""

    reason: str
    retry_after_seconds: float | None = None


def judge(error: Exception, model: str) -> Transient | ModelRefused:
    """What to do about `error`, one of `ENDPOINT_ERRORS`."""
    if isinstance(error, ContextOverflowError):
        return ModelRefused(f"{model}: {_TOO_LONG}")
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return ModelRefused(f"{model}: {FILTERED}")
    if isinstance(error, openai.APIStatusError):
        return _judge_status(error, model)
    if isinstance(error, TimeoutError | openai.APITimeoutError | httpx.TimeoutException):
        return Transient("it did not answer in time")
    if isinstance(error, openai.APIConnectionError | httpx.ConnectError):
        return _judge_connection(error, model)
    if isinstance(error, httpx.HTTPError):
        return Transient(f"the connection broke off ({type(error).__name__})")
    return Transient(_said(error))


def refused_its_form(error: Exception, model: str) -> bool:
    """True where the endpoint may dislike how the model was asked, rather than who asks or for what."""
    return isinstance(error, openai.APIStatusError) and error.status_code in (400, 422) and isinstance(judge(error, model), ModelRefused)


def _judge_connection(error: Exception, model: str) -> Transient | ModelRefused:
    """The client says "Connection error." of all of these; what happened lies below it."""
    variables = _variables(model)
    for cause in _causes(error):
        match cause:
            case NotACompletion():
                return Transient(str(cause))
            case ssl.SSLCertVerificationError():
                return ModelRefused(
                    f"{model}: the endpoint's certificate is not trusted ({cause.verify_message}). "
                    "Correct the address, or name the issuer's certificate in SSL_CERT_FILE."
                )
            case ssl.SSLError():
                return ModelRefused(f"{model}: the endpoint does not speak TLS as asked ({_said(cause)}). Is it http, not https?")
            case httpx.UnsupportedProtocol() | httpx.InvalidURL():
                return ModelRefused(f"{model}: {variables.address} is no address such as https://models.example.com/v1.")
            case socket.gaierror():
                return Transient(f"its name could not be found ({cause.strerror}); check {variables.address}")
            case ConnectionRefusedError():
                return Transient("nothing listens at its address")
            case _:
                pass
    return Transient(f"the connection failed ({_said(error)})")


def _variables(model: str) -> _Variables:
    return _AZURE if model.startswith("azure:") else _OPENAI


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what led to it, the nearest first; every layer of the client wraps the one below."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _judge_status(error: openai.APIStatusError, model: str) -> Transient | ModelRefused:
    status, said = error.status_code, _said(error)
    told = f"HTTP {status}: {said}" if error.body else f"HTTP {status}"
    if error.code == "insufficient_quota":
        return ModelRefused(f"{model}: the account's quota is used up ({said}). Raise it at the provider.")
    if error.code == "content_filter":
        return ModelRefused(f"{model}: {FILTERED}")
    if status in TRANSIENT_STATUSES or status >= 500:
        return Transient(told, _retry_after_seconds(error.response.headers))
    if status in (400, 413) and _CONTEXT.search(said):
        return ModelRefused(f"{model}: {_TOO_LONG}")
    return ModelRefused(f"{model}: {told.rstrip('.')}. {_advice(error, said, _variables(model))}".rstrip())


def _advice(error: openai.APIStatusError, said: str, variables: _Variables) -> str:
    """What a person can do about a status that stays."""
    match error.status_code:
        case 400 if _OUTPUT_LIMIT.search(said):
            return "Say in APPYARD_MODEL_OUTPUT_TOKENS how long an answer of this model may be."
        case 400:
            return "The request does not suit this model; choose another one."
        case 401:
            return f"The key in {variables.key} is wrong or has been withdrawn."
        case 403:
            return f"The key in {variables.key} may not use this model."
        case 404 if error.body is None or isinstance(error.body, str):
            return f"Is {variables.address} right? Addresses of compatible endpoints usually end in /v1."
        case 404:
            return "The endpoint has no such model or deployment."
        case 407:
            return "A proxy on the way wants to know who asks: see HTTPS_PROXY and NO_PROXY."
        case 413:
            return "The request is longer than the endpoint, or a proxy in front of it, takes."
        case status if 300 <= status < 400:
            place = error.response.headers.get("location", "nowhere")
            return f"It sends us on to {place}. Prompts go only where {variables.address} says: correct it, if the endpoint is there now."
        case _:
            return ""


def _retry_after_seconds(headers: httpx.Headers) -> float | None:
    """`retry-after-ms`, or `Retry-After` as seconds or as a date; a date counts from the endpoint's own `Date`."""
    try:
        if milliseconds := headers.get("retry-after-ms"):
            return max(0.0, float(milliseconds) / 1000)
        asked = headers.get("retry-after", "")
        if asked.replace(".", "", 1).isdigit():
            return float(asked)
        return max(0.0, (parsedate_to_datetime(asked) - parsedate_to_datetime(headers["date"])).total_seconds())
    except (ValueError, TypeError, KeyError):
        return None


def _said(error: BaseException) -> str:
    """The error's own words on one line: of an endpoint's error its message, of a proxy's page its title."""
    body = error.body if isinstance(error, openai.APIError) else None
    message = str(body["message"]) if isinstance(body, dict) and body.get("message") else str(error)
    return in_a_line(message) or type(error).__name__


def in_a_line(text: str) -> str:
    """A web page as its title, anything else as its first line."""
    if title := _TITLE.search(text):
        return f"a web page, “{' '.join(title.group(1).split())[:MAX_REASON_CHARACTERS]}”"
    return (text.strip().splitlines() or [""])[0][:MAX_REASON_CHARACTERS]
