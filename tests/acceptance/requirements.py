"""What clients of the LangGraph API may rely on, one entry each. A test names the entries it shows with
`@pytest.mark.requirement("id")`; tests/project/test_requirements.py holds the two together in both directions.
"""

from typing import NamedTuple

SDK = "langgraph-sdk 0.4.14"
WIRE = "langgraph-api 0.16.7, observed"
PROTOCOL_TYPES = "langchain-protocol 0.0.20"
NPM = "@langchain/langgraph-sdk 1.15.0"
MCP = "Model Context Protocol, mcp 1.30.0"
A2A = "Agent2Agent 0.3.0, a2a-sdk 1.3.0"
WEBHOOK = "Standard Webhooks, standardwebhooks 1.1.0"
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
    Requirement("run.list", SDK, "The runs of a thread are listed, also by status."),
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
    Requirement("stream.thread", SDK, "GET /threads/{id}/stream follows the thread's runs one after the other; Last-Event-ID across runs."),
    Requirement("stream.survives", OURS, "A follower sees every event once, though worker and server are killed and replaced."),
    Requirement("replicas.follow", OURS, "What any server began is followed, joined, answered and cancelled at every other."),
    Requirement("replicas.order", OURS, "Runs of a thread are worked on one after the other, in order, by whichever worker."),
    Requirement("run.webhook", SDK, "webhook is called when the run ends, whichever way it ends."),
    Requirement("run.feedback_keys", SDK, "feedback_keys sends feedback links.", "They belong to LangSmith; accepted and ignored."),
)

THREADS = (
    Requirement("thread.crud", SDK, "Threads are created, read, changed and deleted; what is gone answers 404."),
    Requirement("thread.if_exists", SDK, "Creating one twice answers 409, or the existing one with if_exists=do_nothing."),
    Requirement("thread.search", SDK, "search filters by metadata, values, status and ids, sorts, and answers select and extract only."),
    Requirement("thread.pagination", WIRE, "X-Pagination-Total and X-Pagination-Next say how many there are and where to go on."),
    Requirement("thread.count", SDK, "count takes the filters of search."),
    Requirement("thread.copy", SDK, "copy gives state, history and questions to a new thread."),
    Requirement("thread.prune", SDK, "prune deletes threads, or keeps only their latest state."),
    Requirement("thread.ttl", SDK, "ttl is kept and told with include=ttl; threads whose time is over go."),
    Requirement("thread.supersteps", SDK, "supersteps give a new thread a state; if the graph refuses one, there is no thread."),
    Requirement("thread.storage", WIRE, "storage says how many bytes a thread's states take."),
    Requirement("thread.bad_input", WIRE, "What is not a UUID, or not of the type, answers 422."),
    Requirement("state.get", WIRE, "state answers values, next, tasks, checkpoint, metadata and interrupts; empty before the first run."),
    Requirement("state.select", SDK, "select reduces a state to its parts, or to some of its values."),
    Requirement("state.checkpoint", SDK, "A state is read at a checkpoint, by its id or its key."),
    Requirement("state.history", SDK, "history pages back with before, and filters by metadata."),
    Requirement("state.update", SDK, "update acts as a node; the next run goes on from there."),
    Requirement("state.update_supersedes", OURS, "After an update the old question cannot be answered any more; the next run asks anew."),
    Requirement("state.end", SDK, "update with None as __end__ leaves nothing to run, and the thread idle (agent-inbox's Ignore)."),
    Requirement("state.fork", SDK, "An update at an earlier checkpoint forks the thread."),
    Requirement("state.busy", WIRE, "A thread that runs is not updated: 409."),
    Requirement("state.subgraphs", SDK, "The state of a graph inside is read with its parent's, or by its own checkpoint."),
    Requirement("state.bad_input", WIRE, "An update the graph refuses answers 422 and changes nothing; an unknown checkpoint 404."),
)

PROTOCOL = (
    Requirement("protocol.commands", PROTOCOL_TYPES, "POST /threads/{id}/commands begins runs, answers interrupts, shows a run's graphs."),
    Requirement("protocol.errors", PROTOCOL_TYPES, "A refused command answers 200 with a code and why; what is no command answers 400."),
    Requirement("protocol.output", SDK, "client.threads.stream: a run is begun, answered and its output awaited; also over a socket."),
    Requirement(
        "protocol.channels", PROTOCOL_TYPES, "Every channel has its shape; interrupts are input.requested, with payload and value."
    ),
    Requirement("protocol.subgraphs", PROTOCOL_TYPES, "Graphs inside have namespaces and lifecycles; namespaces and depth select them."),
    Requirement("protocol.resume", OURS, "since tells exactly what comes after a position; positions grow across runs and restarts."),
    Requirement("protocol.failure", PROTOCOL_TYPES, "A run that fails says so with its error; one that is rolled back ends too."),
    Requirement("protocol.sockets", OURS, "A socket needs the server's key, and comes from no page that may not call the server."),
    Requirement(
        "protocol.event_id_in_request",
        PROTOCOL_TYPES,
        "A stream is resumed by the event_id of the last event.",
        "Events carry one, but no published version of the protocol takes it in a request; since and Last-Event-ID resume.",
    ),
    Requirement(
        "protocol.other_commands",
        PROTOCOL_TYPES,
        "input.inject, state.get, state.listCheckpoints and state.fork.",
        "Neither server that was observed has them; GET state, history and run.start with a checkpoint_id do the same.",
    ),
)

SERVER = (
    Requirement("assistant.of_graph", WIRE, "Every graph is an assistant, found by id or by the graph's name."),
    Requirement("assistant.versions", SDK, "update makes a version; latest goes back to one."),
    Requirement("assistant.search", SDK, "Assistants are searched and counted by graph, name and metadata."),
    Requirement("assistant.delete", SDK, "delete removes an assistant, and its threads if asked to; that of a graph stays (409)."),
    Requirement("assistant.graph", SDK, "graph, schemas and subgraphs describe what an assistant runs."),
    Requirement("store.items", SDK, "Items are put, read, found by filter and deleted; graphs see the same store."),
    Requirement("store.namespaces", SDK, "Namespaces are listed by prefix, suffix and depth."),
    Requirement("store.ttl", SDK, "An item goes when its ttl is over."),
    Requirement("store.bad_input", WIRE, "A namespace with an empty word or a period answers 422."),
    Requirement("store.query", SDK, "query finds items by meaning.", "Needs embeddings and pgvector; a query without an index is ignored."),
    Requirement("server.info", WIRE, "info names versions and flags; ok answers, with check_db after asking the database."),
    Requirement("server.metrics", WIRE, "metrics answers in the format of Prometheus, or as JSON."),
    Requirement(
        "server.keys", OURS, "Elsewhere than on loopback a server needs keys, of which it holds the hashes; appyard key makes one."
    ),
    Requirement("server.any_input", OURS, "Nothing that is sent, allowed or not, is answered with a fault of the server."),
    Requirement("server.deep", OURS, "JSON of more than a hundred levels is refused with a short answer."),
    Requirement("server.large", OURS, "A state of ten megabytes is kept; a body of more than thirty-two is refused with 413."),
    Requirement("server.docs", OURS, "docs and redoc are shown without a connection to any other host."),
    Requirement("server.cors", WIRE, "Pages of http.cors may call, also from a public network to this machine; others may not."),
    Requirement("server.studio", OURS, "Studio may call a server started with --studio, and finds a form with titles and labelled edges."),
    Requirement("server.broken_graph", OURS, "A graph that cannot be imported answers 503 with the reason; others are served."),
    Requirement("server.config", OURS, "Keys of langgraph.json that are not supported are named in a warning."),
    Requirement(
        "server.auth",
        SDK,
        "auth.path of langgraph.json decides who calls and what they reach; a route that cannot tell callers apart is closed.",
    ),
    Requirement(
        "server.http_app",
        SDK,
        "http.app of langgraph.json mounts routes of one's own beside ours.",
        "Not begun; the key is named in a warning. A server of one's own beside this one does until then.",
    ),
    Requirement(
        "server.auth_elsewhere",
        OURS,
        "MCP, Agent2Agent, sockets, the workflow API and the dashboard tell the callers of auth.path apart.",
        "They list and begin things of everybody; until they are taught, they are closed where auth.path is set.",
    ),
)

WEBHOOKS = (
    Requirement("webhook.signature", WEBHOOK, "What is sent is signed, with an id that stays and the time of the try."),
    Requirement("webhook.retries", WEBHOOK, "What did not arrive is sent again for two days, also when the sender died; 410 ends it."),
    Requirement("webhook.builds", OURS, "The server's webhook and chat are told of builds that wait, are finished, or failed."),
    Requirement("webhook.private", OURS, "No webhook reaches what only this machine or network may reach, unless a setting allows it."),
)

CRONS = (
    Requirement("cron.crud", SDK, "Crons are created, found, counted, changed and deleted, with the fields of the wire."),
    Requirement("cron.time", SDK, "A schedule is reckoned in its timezone, and ends with end_time, which null takes away."),
    Requirement("cron.once", OURS, "A due cron begins one run, however many workers look and however many times were missed."),
    Requirement("cron.thread", SDK, "Runs begin on the cron's thread, or each on its own that on_run_completed deletes or keeps."),
    Requirement("cron.rests", SDK, "A disabled or ended cron begins nothing; a refused run waits for the next time."),
    Requirement("cron.bad_input", OURS, "A cron that can never fire is refused with 422, one of an unknown thread with 404."),
)

AGENTS = (
    Requirement("mcp.tools", MCP, "Every assistant whose graph can be loaded is a tool that takes what the graph takes."),
    Requirement("mcp.call", MCP, "A call runs the graph on a thread of its own and answers its output, or what it asks."),
    Requirement("mcp.failure", MCP, "A run that fails, and a tool that does not exist, answer as the tool's error."),
    Requirement("mcp.stateless", WIRE, "There are no sessions: GET answers 405 and DELETE 404."),
    Requirement("mcp.disable", WIRE, "With http.disable_mcp in langgraph.json nothing answers at /mcp."),
    Requirement("a2a.build", A2A, "An agent has an app built: a description in, the questions of its gates, answers, its package."),
    Requirement("a2a.stream", A2A, "message/stream tells what the graph tells, then what it asks or came to; tasks/get tells the same."),
    Requirement("a2a.message", A2A, "Words go to the messages, or where the graph takes its one text; objects to the input or the answer."),
    Requirement("a2a.cancel", A2A, "tasks/cancel stops a task that works, and one that waits asks no more."),
    Requirement("a2a.bad_input", A2A, "What cannot be done is answered with the protocol's number, an unknown agent with 404."),
)

CLIENTS = (
    Requirement("oracle", WIRE, "Answers are those of LangGraph's own development server; every difference has a reason."),
    Requirement("clients.javascript", NPM, "The npm client streams, rejoins, stops, forks, copies, and speaks the thread protocol."),
    Requirement(
        "clients.chat", NPM, "React's useStream works as agent-chat-ui uses it: thread, question, history, once more, stop, rejoin."
    ),
    Requirement("clients.inbox", NPM, "agent-inbox's calls: lists with questions, pages, answers with and without following, ignore."),
)

REQUIREMENTS = (*CLIENTS, *RUNS, *WEBHOOKS, *CRONS, *AGENTS, *THREADS, *PROTOCOL, *SERVER)
