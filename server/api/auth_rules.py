"""What each route asks of the handlers in `auth.path`: one table. A route that is not in it is refused while there are handlers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

Resource: TypeAlias = Literal["threads", "assistants", "crons", "store"]


@dataclass(frozen=True)
class Rule:
    """Which handler is asked. Ids in the path, and a body's `thread_id`, are told to it, and what they name must pass its filter.

    `carries` are the keys of the body that the handler is told and may change, under its own names; the others go into
    `gathers`, if there is such a name. `begins_run`: the body names an assistant, and with `if_not_exists` a thread that may
    be new; `makes_thread`: there is a new one in any case, or may be. `may_be_missing`: the thread may be made later.
    `each`: the body's list of ids, about each of which the handler is asked. `beside`: what is asked besides, if there is
    `beside_if` only with this word in the query; its filter is then the one that counts.
    """

    resource: Resource
    action: str
    carries: Mapping[str, str]
    gathers: str | None = None
    begins_run: bool = False
    makes_thread: bool = False
    may_be_missing: bool = False
    each: str | None = None
    beside: "Rule | None" = None
    beside_if: str | None = None


def _rule(
    resource: Resource,
    action: str,
    carries: str = "",
    *,
    renamed: Mapping[str, str] | None = None,
    gathers: str | None = None,
    begins_run: bool = False,
    makes_thread: bool = False,
    may_be_missing: bool = False,
    each: str | None = None,
    beside: Rule | None = None,
    beside_if: str | None = None,
) -> Rule:
    names = {name: name for name in carries.split()} | dict(renamed or {})
    return Rule(resource, action, names, gathers, begins_run, makes_thread, may_be_missing, each, beside, beside_if)


READ = _rule("threads", "read")
UPDATE = _rule("threads", "update")
DELETE = _rule("threads", "delete")
FIND = _rule("threads", "search", "metadata values status limit offset")
RUN = _rule(
    "threads",
    "create_run",
    "assistant_id metadata multitask_strategy if_not_exists after_seconds",
    gathers="kwargs",
    begins_run=True,
    may_be_missing=True,
)
ALONE = _rule("threads", "create_run", "assistant_id metadata after_seconds", gathers="kwargs", begins_run=True, makes_thread=True)
RUN_OF_CRON = _rule("threads", "create_run")
READ_ASSISTANT = _rule("assistants", "read")
FIND_ASSISTANTS = _rule("assistants", "search", "graph_id metadata limit offset")
CHANGE_ASSISTANT = "graph_id config context metadata name"
FIND_CRONS = _rule("crons", "search", "metadata assistant_id thread_id limit offset")

COMMANDS: Mapping[str, Rule] = {
    "run.start": _rule(
        "threads",
        "create_run",
        "assistant_id metadata multitask_strategy",
        gathers="kwargs",
        begins_run=True,
        makes_thread=True,
        may_be_missing=True,
    ),
    "input.respond": _rule("threads", "create_run", "metadata", gathers="kwargs"),
    "agent.getTree": READ,
}
"""The protocol's commands, which all come to one route; they act on their params."""

THREAD = "/threads/{thread_id}"
RUN_OF_THREAD = THREAD + "/runs/{run_id}"
ASSISTANT = "/assistants/{assistant_id}"
CRON = "/runs/crons/{cron_id}"

RULES: Mapping[tuple[str, str], Rule] = {
    ("POST", "/threads"): _rule("threads", "create", "thread_id metadata if_exists ttl"),
    ("POST", "/threads/search"): FIND,
    ("POST", "/threads/count"): FIND,
    ("POST", "/threads/prune"): _rule("threads", "delete", each="thread_ids"),
    ("POST", THREAD + "/copy"): _rule("threads", "read", makes_thread=True),
    ("GET", THREAD + "/storage"): READ,
    ("GET", THREAD): READ,
    ("PATCH", THREAD): _rule("threads", "update", "metadata"),
    ("DELETE", THREAD): DELETE,
    ("GET", THREAD + "/state"): READ,
    ("GET", THREAD + "/state/{checkpoint_id}"): READ,
    ("POST", THREAD + "/state/checkpoint"): READ,
    ("POST", THREAD + "/state"): UPDATE,
    ("GET", THREAD + "/history"): READ,
    ("POST", THREAD + "/history"): READ,
    ("GET", THREAD + "/stream"): READ,
    ("POST", THREAD + "/stream/events"): _rule("threads", "read", may_be_missing=True),
    ("POST", THREAD + "/runs"): RUN,
    ("POST", THREAD + "/runs/stream"): RUN,
    ("POST", THREAD + "/runs/wait"): RUN,
    ("GET", THREAD + "/runs"): _rule("threads", "search"),
    ("GET", RUN_OF_THREAD): READ,
    ("GET", RUN_OF_THREAD + "/join"): READ,
    ("GET", RUN_OF_THREAD + "/stream"): READ,
    ("POST", RUN_OF_THREAD + "/cancel"): UPDATE,
    ("DELETE", RUN_OF_THREAD): DELETE,
    ("POST", "/runs"): ALONE,
    ("POST", "/runs/stream"): ALONE,
    ("POST", "/runs/wait"): ALONE,
    ("POST", "/runs/batch"): ALONE,
    ("POST", "/runs/cancel"): _rule("threads", "update", "thread_id"),
    ("POST", "/assistants"): _rule("assistants", "create", f"assistant_id if_exists {CHANGE_ASSISTANT}"),
    ("POST", "/assistants/search"): FIND_ASSISTANTS,
    ("POST", "/assistants/count"): FIND_ASSISTANTS,
    ("GET", ASSISTANT): READ_ASSISTANT,
    ("PATCH", ASSISTANT): _rule("assistants", "update", CHANGE_ASSISTANT),
    ("DELETE", ASSISTANT): _rule("assistants", "delete", beside=DELETE, beside_if="delete_threads"),
    ("POST", ASSISTANT + "/versions"): READ_ASSISTANT,
    ("POST", ASSISTANT + "/latest"): _rule("assistants", "update", "version"),
    ("GET", ASSISTANT + "/graph"): READ_ASSISTANT,
    ("GET", ASSISTANT + "/schemas"): READ_ASSISTANT,
    ("GET", ASSISTANT + "/subgraphs"): READ_ASSISTANT,
    ("GET", ASSISTANT + "/subgraphs/{namespace}"): READ_ASSISTANT,
    ("POST", THREAD + "/runs/crons"): _rule(
        "crons", "create", "schedule end_time metadata assistant_id", gathers="payload", begins_run=True, beside=RUN_OF_CRON
    ),
    ("POST", "/runs/crons"): _rule(
        "crons",
        "create",
        "schedule end_time metadata assistant_id",
        gathers="payload",
        begins_run=True,
        makes_thread=True,
        beside=RUN_OF_CRON,
    ),
    ("POST", "/runs/crons/search"): FIND_CRONS,
    ("POST", "/runs/crons/count"): FIND_CRONS,
    ("GET", CRON): _rule("crons", "read"),
    ("PATCH", CRON): _rule("crons", "update", "schedule end_time metadata", gathers="payload"),
    ("DELETE", CRON): _rule("crons", "delete"),
    ("PUT", "/store/items"): _rule("store", "put", "namespace key value index"),
    ("GET", "/store/items"): _rule("store", "get", "namespace key"),
    ("DELETE", "/store/items"): _rule("store", "delete", "namespace key"),
    ("POST", "/store/items/search"): _rule("store", "search", "filter limit offset query", renamed={"namespace": "namespace_prefix"}),
    ("POST", "/store/namespaces"): _rule("store", "list_namespaces", "suffix max_depth limit offset", renamed={"namespace": "prefix"}),
    ("POST", THREAD + "/commands"): READ,
}
"""By method and route. `/commands` is refined by COMMANDS. What other agents and people use is not here, so it is refused:
MCP, Agent2Agent, the workflow API, the dashboard and sockets know nobody's things from anybody else's yet."""


@dataclass(frozen=True)
class Asked:
    """The rule of a request, and what its path names."""

    rule: Rule
    template: str
    named: Mapping[str, str]


def rule_for(method: str, path: str) -> Asked | None:
    """The rule for a request; a route without a parameter goes before one with."""
    for template, pattern in _patterns(method):
        if found := pattern.fullmatch(path):
            return Asked(RULES[method, template], template, found.groupdict())
    return None


@cache
def _patterns(method: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    templates = sorted((template for known, template in RULES if known == method), key=lambda one: (one.count("{"), one))
    return tuple((one, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/\\n]+)", one))) for one in templates)
