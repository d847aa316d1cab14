"""Which web pages may call the server. By default those of this machine: anybody's page could otherwise use it unasked."""

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from server.langgraph_json import CorsRules

THIS_MACHINE = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"
STUDIO_ORIGINS = ("https://smith.langchain.com", "https://eu.smith.langchain.com")
READ_BY_CLIENTS = ("X-Pagination-Total", "X-Pagination-Next", "Content-Location", "Location", "Retry-After")


def default_rules() -> CorsRules:
    """Pages served from this machine, whatever their port."""
    return CorsRules(allow_origin_regex=THIS_MACHINE)


def with_studio(rules: CorsRules) -> CorsRules:
    """The rules, and LangGraph Studio."""
    return rules.model_copy(update={"allow_origins": (*rules.allow_origins, *STUDIO_ORIGINS)})


def allow_pages(app: ASGIApp, rules: CorsRules) -> ASGIApp:
    """`app` with the headers browsers ask for, also from a public page to this machine (private network access)."""
    return CORSMiddleware(
        app,
        allow_origins=rules.allow_origins,
        allow_origin_regex=rules.allow_origin_regex,
        allow_methods=rules.allow_methods,
        allow_headers=rules.allow_headers,
        allow_credentials=rules.allow_credentials,
        expose_headers=(*READ_BY_CLIENTS, *rules.expose_headers),
        max_age=rules.max_age,
        allow_private_network=True,
    )
