"""Why our answers differ from LangGraph's own development server, where they do. What is not in this table is a fault."""

from fnmatch import fnmatchcase
from typing import NamedTuple

from tests.acceptance.oracle.differences import Difference


class Explained(NamedTuple):
    """A reason for the differences at `place` in the answers to `call`; `*` stands for anything.

    With `event` only for an event of this name that theirs does not send.
    """

    call: str
    place: str
    reason: str
    event: str | None = None

    def covers(self, difference: Difference) -> bool:
        """Whether this is the reason."""
        is_there = fnmatchcase(difference.call, self.call) and fnmatchcase(difference.place, self.place)
        return is_there and self.event in (None, difference.event_of_ours)


ERRORS = (
    Explained("*", "body.detail", "Our own sentence says what is wrong and what to do; status and form are the same."),
    Explained("a negative delay", "*", "A delay below zero is refused; theirs begins the run."),
    Explained("a run on no id", "status", "Whatever cannot be understood answers 422."),
    Explained("change the state as nobody", "status", "Whatever cannot be understood answers 422."),
    Explained("create one of no graph", "status", "A name that is no graph answers 422 wherever it is given, as theirs does for runs."),
    Explained("put under a namespace with a period", "*", "Errors have one form, also those of the store; theirs is bare text."),
)

HEADERS = (
    Explained("*", "headers.cache-control", "The answer of a run is not to be kept by a cache, also when it is JSON."),
    Explained("*", "headers.content-type", "FastAPI names a type on answers without a body."),
    Explained(
        "preflight", "headers.access-control-allow-origin", "Only the origins of langgraph.json may call; theirs allows all by default."
    ),
    Explained("stop it", "headers.location", "Who stops a run has its id; there is nothing to go back to."),
    Explained("*, without a thread", "headers.*location", "The way back to a broken stream works; theirs answers 404 there."),
)

THEIR_OWN = (
    "__after_seconds__ __request_start_time_ms__ langgraph_auth_permissions langgraph_auth_user langgraph_auth_user_id "
    "langgraph_request_id langgraph_api_url langgraph_api_version langgraph_host langgraph_plan langgraph_version user_id"
).split()

RECORDS = (
    Explained("*", "body*.kwargs*", "A server's own record of what a run was asked; ours keeps what was given."),
    Explained("*", "body*.langsmith_session_name", "Runs are not traced to LangSmith."),
    *(
        Explained("*", f"body*.{name}", "What their server hands to graphs and keeps with checkpoints: its own state.")
        for name in THEIR_OWN
    ),
    Explained("*", "body*.created_by", "The metadata of the assistant stays with it and its runs; theirs copies it into each checkpoint."),
    Explained("*", "body*metadata.thread_id", "A checkpoint says its thread in its key."),
    Explained("*", "body*metadata.more", "The metadata of the thread stays with it; theirs copies it into runs and checkpoints."),
    Explained("*", "body*metadata.project", "The same."),
    Explained("several, without a thread", "body.0.metadata.graph_id", "Every run says its graph."),
    Explained("state that was changed", "body.metadata.graph_id", "A change by hand is no run of the graph."),
)

THREADS = (
    Explained("*", "body*.interrupts", "A thread always says what it asks, also when that is nothing."),
    Explained("*", "body*.error", "A thread always says how its last run failed, also when it did not."),
    Explained("*", "body*.config.configurable", "Nothing is configured, so there is no empty entry either."),
    Explained("*", "body*.interrupts.0.response_schema", "Streams, values and states describe a question in the same way."),
    Explained("copy a thread", "body.status", "A copy has the status and values of its original at once; theirs only after a run."),
    Explained("copy a thread", "body.values", "The same."),
    Explained("state at a checkpoint", "body.checkpoint.checkpoint_ns", "The key of a checkpoint always has the same fields."),
)

GRAPHS = (
    Explained("draw *", "body.nodes.*.data.id", "As LangGraph draws it, with the class behind a node."),
    Explained(
        "schemas", "body.state_schema*", "The schema of the state as it is declared; theirs has defaults, and the input of `work` in it."
    ),
    Explained("graphs inside", "*", "An assistant is found by its graph's name at every path; theirs wants an id at this one."),
    Explained("its versions", "body.*.updated_at", "A version is told with the fields of its assistant."),
    Explained("ok", "body.services", "There are no other services."),
)

RUNS = (
    Explained("*", "body.*", "A last event says how the run ended, which saves clients from asking.", event="end"),
    Explained("wait for its end", "body.*", "Who joins gets all that the run came to; theirs answers only the question once it is over."),
    Explained("go elsewhere", "body.*", "Going elsewhere leaves the question behind; theirs asks it still, and does not come to the node."),
    Explained("state after going elsewhere", "body.*", "The same."),
    Explained("find items", "body.items.0.score", "A score belongs to a search by meaning."),
)

EXPLAINED = (*ERRORS, *HEADERS, *RECORDS, *THREADS, *GRAPHS, *RUNS)
