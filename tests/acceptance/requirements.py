"""What clients of the LangGraph API may rely on, one entry each. A test names the entries it shows with
`@pytest.mark.requirement("id")`; tests/project/test_requirements.py holds the two together in both directions.
"""

from typing import NamedTuple

SDK = "langgraph-sdk 0.4.14"
WIRE = "langgraph-api 0.16.7, observed"
OURS = "Appyard"


class Requirement(NamedTuple):
    """`behaviour` in a sentence; `deferred` is the reason why it is not there yet, and then no test shows it."""

    id: str
    source: str
    behaviour: str
    deferred: str | None = None


RUNS = (
    Requirement("run.wait", SDK, "POST /threads/{id}/runs/wait answers the values, with what is asked under __interrupt__."),
    Requirement("run.resume", SDK, "command.resume answers the interrupt; the decision is kept with the run that carries it."),
    Requirement("run.resume_by_id", SDK, "command.resume may be keyed by interrupt id."),
    Requirement("run.resume_once", OURS, "Of two answers to one interrupt at the same time, one is accepted and the other gets 409."),
    Requirement(
        "run.command", SDK, "command.update and command.goto write to the state and go to a node; a question left behind is dropped."
    ),
    Requirement("run.continue", SDK, "input null continues from where the thread stands."),
    Requirement("run.interrupt_before_after", SDK, "interrupt_before and interrupt_after stop the run at nodes."),
    Requirement("run.checkpoint_id", SDK, "checkpoint_id begins at an earlier checkpoint of the thread."),
    Requirement("run.error", WIRE, "An error is {error, message}: under __error__, as an event, and on the thread."),
    Requirement("run.durability", SDK, "durability sync, async (the default) and exit."),
    Requirement("run.join", SDK, "GET /join waits for the run and answers what it came to, also later."),
    Requirement("run.cancel", SDK, "cancel stops a run at once and keeps what it did; a run that has ended answers 404."),
    Requirement("run.cancel_rollback", SDK, "cancel?action=rollback deletes the run and its checkpoints."),
    Requirement("run.cancel_many", SDK, "POST /runs/cancel stops several runs, by id or by status."),
    Requirement("run.delete", SDK, "DELETE removes a run that has ended."),
    Requirement("run.after_seconds", SDK, "after_seconds begins a run later, and holds up no other run of the thread."),
    Requirement("run.if_not_exists", SDK, "A run on an unknown thread answers 404, or creates it with if_not_exists=create."),
    Requirement("run.fields", WIRE, "The run object has the fields of the wire."),
    Requirement("run.alone", SDK, "Runs without a thread get one of their own, which goes with them."),
    Requirement("run.batch", SDK, "POST /runs/batch begins several such runs."),
    Requirement(
        "run.bad_input",
        WIRE,
        'What cannot be understood answers 422 or 404 with {"detail"}; what the graph cannot do is an error of the run.',
    ),
    Requirement("run.on_disconnect", SDK, "on_disconnect=cancel stops the run when its only watcher goes."),
    Requirement("multitask.reject", WIRE, "reject answers 409 while the thread is busy, and leaves no run."),
    Requirement("multitask.enqueue", SDK, "enqueue, the default, runs after those before it."),
    Requirement("multitask.interrupt", SDK, "interrupt stops what is under way and keeps what it did."),
    Requirement("multitask.rollback", SDK, "rollback deletes what is under way with its checkpoints."),
    Requirement("stream.modes", WIRE, "values, updates, messages-tuple, custom, tasks, checkpoints, debug and events, several at once."),
    Requirement("stream.exact_modes", WIRE, "Only the modes asked for are sent; ids only when stream_resumable."),
    Requirement("stream.messages", WIRE, "messages sends metadata once, then partial and complete messages."),
    Requirement("stream.subgraphs", SDK, "stream_subgraphs sends the events of subgraphs with the namespace behind the name."),
    Requirement("stream.resumable", SDK, "A resumable stream replays exactly what comes after Last-Event-ID; ids are unique and grow."),
    Requirement("stream.join_modes", SDK, "join_stream may be limited to some modes."),
    Requirement("stream.headers", WIRE, "Location and Content-Location say where the run is."),
    Requirement("stream.heartbeat", WIRE, "A comment, or a newline before JSON, keeps a silent connection open every five seconds."),
    Requirement("stream.thread", SDK, "GET /threads/{id}/stream follows the thread's runs one after the other."),
    Requirement("run.webhook", SDK, "webhook is called when the run ends.", "Needs the outbox with SSRF checks and signatures of issue 5."),
    Requirement("run.feedback_keys", SDK, "feedback_keys sends feedback links.", "They belong to LangSmith; accepted and ignored."),
    Requirement(
        "cron.crud", SDK, "Crons are created, searched, changed and deleted.", "Not begun: the runs they start had to be right first."
    ),
    Requirement("stream.v2", SDK, "/threads/{id}/commands and /stream/events.", "The second step of issue 3; nothing of it is wired."),
)

REQUIREMENTS = (*RUNS,)
