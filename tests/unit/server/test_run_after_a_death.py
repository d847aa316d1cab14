"""What a thread looks like whose worker died between a step's writes and the checkpoint that follows from them."""

import operator
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from server.worker.execute_run import has_ended

THREAD: Any = {"configurable": {"thread_id": "1"}}


class Said(TypedDict):
    words: Annotated[list[str], operator.add]


async def test_a_run_whose_last_task_is_done_but_not_followed_up_goes_on_and_does_nothing_twice() -> None:
    ran: list[str] = []

    def saying(word: str) -> Any:
        def node(_: Said) -> Said:
            ran.append(word)
            return {"words": [word]}

        return node

    builder = StateGraph(Said)
    for name in ("one", "two", "three"):
        builder.add_node(name, saying(name))
    builder.add_edge(START, "one").add_edge("one", "two").add_edge("two", "three").add_edge("three", END)
    saver = InMemorySaver()
    graph = builder.compile(checkpointer=saver)
    await graph.ainvoke({"words": []}, THREAD, interrupt_before=["two"])
    before_two = await graph.aget_state(THREAD)
    saver.put_writes(before_two.config, [("words", ["two"]), ("branch:to:three", None)], before_two.tasks[0].id)

    left = await graph.aget_state(THREAD)
    assert (left.next, has_ended(left)) == ((), False)

    done = await graph.ainvoke(None, THREAD)
    assert (done["words"], ran) == (["one", "two", "three"], ["one", "three"])
    assert has_ended(await graph.aget_state(THREAD))
