"""The picture of the graph is of the graph that runs."""

from itertools import pairwise

from langgraph.checkpoint.memory import InMemorySaver

from graph.builder import build_graph
from nodes.artifacts import Gate
from server.dashboard.graph_picture import BESIDE, GATES, LABELS, MAIN, NODES_OF_GATES, NODES_OF_STAGES, NODES_OF_TASKS
from server.services.build_progress import Stage
from tests.factories import ScriptedCrew, ScriptedVerifier, make_workshop


def test_the_picture_has_every_node_of_the_graph_and_a_place_for_each() -> None:
    graph = build_graph(make_workshop(ScriptedCrew({}), ScriptedVerifier(()))).compile(checkpointer=InMemorySaver()).get_graph()
    nodes = set(graph.nodes) - {"__start__", "__end__"}
    assert set(LABELS) == nodes
    assert {*MAIN, *BESIDE, "take_up_change"} == nodes
    assert {*NODES_OF_TASKS.values(), *NODES_OF_GATES.values(), *NODES_OF_STAGES.values()} <= nodes
    assert set(NODES_OF_GATES) == set(Gate)
    assert set(NODES_OF_STAGES) == set(Stage)
    ways = {(edge.source, edge.target) for edge in graph.edges}
    drawn = {*pairwise(MAIN), *((MAIN[BESIDE[gate]], gate) for gate in GATES)}
    assert drawn <= ways
