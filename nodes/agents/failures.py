"""Sort what can go wrong at a model's endpoint: worth another try, refused for good, or an answer cut short."""

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
_ADVICE = {
    400: "The request does not suit this model; another model, or answers held to the schema in words, may do.",
    401: "The key is wrong or has been withdrawn.",
    403: "The key may not use this model.",
    404: "The endpoint has no such model or deployment.",
}


@dataclass(frozen=True)
class Transient:
    """A failure that may pass. `retry_after_seconds` is what the endpoint asked for."""

    reason: str
    retry_after_seconds: float | None = None


def judge(error: Exception, model: str) -> Transient | ModelRefused:
    """What to do about `error`, one of `ENDPOINT_ERRORS`."""
    if isinstance(error, ContextOverflowError):
        return ModelRefused(f"{model}: the prompt is longer than the model can read. Choose one with a larger context window.")
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return ModelRefused(f"{model}: the endpoint's content filter stopped the answer.")
    if isinstance(error, openai.APIStatusError):
        return _judge_status(error, model)
    if isinstance(error, TimeoutError | openai.APITimeoutError | httpx.TimeoutException):
        return Transient("it did not answer in time")
    if isinstance(error, openai.APIConnectionError | httpx.ConnectError):
        return _judge_connection(error, model)
    if isinstance(error, httpx.HTTPError):
        return Transient(f"the connection broke off ({type(error).__name__})")
    return Transient(_first_line(error))


def _judge_connection(error: Exception, model: str) -> Transient | ModelRefused:
    """The client says "Connection error." of all of these; what happened lies below it."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return ModelRefused(
                    f"{model}: the endpoint's certificate is not trusted ({cause.verify_message}). "
                    "Correct the address, or name the issuer's certificate in SSL_CERT_FILE."
                )
            case ssl.SSLError():
                return ModelRefused(f"{model}: the endpoint does not speak TLS as asked ({_first_line(cause)}). Is it http, not https?")
            case socket.gaierror():
                return Transient(f"its name could not be found ({cause.strerror}); check the address")
            case ConnectionRefusedError():
                return Transient("nothing listens at its address")
            case _:
                pass
    return Transient(f"the connection failed ({_first_line(error)})")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what led to it, the nearest first; every layer of the client wraps the one below."""
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _judge_status(error: openai.APIStatusError, model: str) -> Transient | ModelRefused:
    status = error.status_code
    if error.code == "insufficient_quota":
        return ModelRefused(f"{model}: the account's quota is used up ({_first_line(error)}).")
    if status in TRANSIENT_STATUSES or status >= 500:
        return Transient(f"HTTP {status}: {_first_line(error)}", _retry_after_seconds(error.response.headers))
    return ModelRefused(f"{model}: HTTP {status}: {_first_line(error).rstrip('.')}. {_ADVICE.get(status, '')}".rstrip())


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


def _first_line(error: Exception) -> str:
    body = error.body if isinstance(error, openai.APIError) else None
    message = str(body["message"]) if isinstance(body, dict) and body.get("message") else str(error)
    return (message.strip().splitlines() or [type(error).__name__])[0][:300]
