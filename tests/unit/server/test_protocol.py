"""The protocol's own arithmetic: positions, subscriptions, messages put together from pieces that come mixed."""

from datetime import UTC, datetime
from itertools import chain
from uuid import UUID

import pytest
from langchain_core.messages import AIMessageChunk, HumanMessage, ToolMessage

from checkpoints.records import MultitaskStrategy, Run, RunStatus
from server.services.protocol import Namespace, ProtocolEvent, Subscription, moment, position
from server.services.protocol_messages import MessageTeller

BEGUN = datetime(2026, 11, 22, 7, 35, 32, 638672, tzinfo=UTC)


def begun(at: datetime) -> Run:
    return Run(
        run_id=UUID(int=1),
        thread_id=UUID(int=2),
        assistant_id=UUID(int=3),
        status=RunStatus.running,
        multitask_strategy=MultitaskStrategy.enqueue,
        attempt=1,
        lease_token=1,
        last_event_seq=0,
        created_at=at,
        updated_at=at,
        started_at=at,
    )


def event(method: str, *namespace: str, **data: object) -> ProtocolEvent:
    return ProtocolEvent(1, "1", method, namespace, BEGUN, data)


def test_a_position_says_when_its_run_began_to_the_microsecond() -> None:
    assert moment(position(begun(BEGUN), 0)) == BEGUN
    assert position(begun(datetime(2255, 1, 1, tzinfo=UTC)), 0) < 2**53


@pytest.mark.parametrize(
    ("namespaces", "depth", "wanted"),
    [
        ((), None, True),
        ((("a",),), None, True),
        ((("a:1",),), None, True),
        ((("a:2",),), None, False),
        ((("a",),), 0, False),
        ((("a",),), 1, True),
        ((("b",), ("a", "b:2")), 0, True),
        ((("a", "b", "c"),), None, False),
        (((),), 1, False),
    ],
)
def test_a_subscription_reaches_what_is_below_its_namespaces(namespaces: tuple[Namespace, ...], depth: int | None, *, wanted: bool) -> None:
    assert Subscription(frozenset({"values"}), namespaces, depth).wants(event("values", "a:1", "b:2")) is wanted


@pytest.mark.parametrize(
    ("channel", "heard", "wanted"),
    [
        ("custom", event("custom", name="x", payload=1), True),
        ("custom:x", event("custom", name="x", payload=1), True),
        ("custom:y", event("custom", name="x", payload=1), False),
        ("custom:x", event("custom", payload=1), False),
        ("input", event("input.requested"), True),
        ("values", event("updates"), False),
    ],
)
def test_a_subscription_wants_its_channels(channel: str, heard: ProtocolEvent, *, wanted: bool) -> None:
    assert Subscription(frozenset({channel})).wants(heard) is wanted


def piece(message_id: str, content: str = "", *, last: bool = False, **more: object) -> AIMessageChunk:
    return AIMessageChunk(id=message_id, content=content, chunk_position="last" if last else None, **more)  # type: ignore[arg-type]  # a few fields of many


def test_pieces_of_two_messages_become_two_messages() -> None:
    teller = MessageTeller()
    pieces = [piece("a", "Hel"), piece("b", "One"), piece("a", "lo"), piece("a", last=True), piece("b", " two")]
    told = [*chain.from_iterable(teller.of(one.model_dump(), {"langgraph_node": "talk"}) for one in pieces), *teller.rest()]
    whole = {"a": "Hello", "b": "One two"}
    for message_id, text in whole.items():
        own = [one for one in told if one["id"] == message_id]
        assert [one["event"] for one in own] == [
            "message-start",
            "content-block-start",
            *["content-block-delta"] * 2,
            "content-block-finish",
            "message-finish",
        ]
        assert own[-2]["content"] == {"type": "text", "text": text}


def test_a_tool_call_is_read_once_its_arguments_are_complete() -> None:
    call = {"name": "look", "id": "1", "index": 0, "type": "tool_call_chunk"}
    pieces = [
        piece("a", tool_call_chunks=[{**call, "args": '{"where": '}]),
        piece("a", tool_call_chunks=[{**call, "name": None, "id": None, "args": '"here"}'}]),
        piece("a", last=True, usage_metadata={"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}),
    ]
    teller = MessageTeller()
    told = list(chain.from_iterable(teller.of(one.model_dump(), {}) for one in pieces))
    assert [one["delta"] for one in told if one["event"] == "content-block-delta"] == [
        {"type": "tool-call-delta", "args": '{"where": '},
        {"type": "tool-call-delta", "args": '"here"}'},
    ]
    assert told[-2]["content"] == {"type": "tool_call", "id": "1", "name": "look", "args": {"where": "here"}}
    assert told[-1]["usage"] == {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}


def test_messages_say_who_wrote_them() -> None:
    teller = MessageTeller()
    started = [next(teller.of(one.model_dump(), {})) for one in (HumanMessage("x", id="h"), ToolMessage("x", id="t", tool_call_id="1"))]
    assert [(one["role"], one["metadata"]) for one in started] == [("human", {}), ("tool", {"tool_call_id": "1"})]
