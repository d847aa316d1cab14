"""Wire the build: which node runs after which. What a node does is in `nodes`, how a route is chosen in `routing`."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph

from graph import routing as choose
from graph.state import AppyardState, BuildInput, BuildOutput
from nodes.architecture import design_architecture
from nodes.assembly import assemble
from nodes.codegen import generate_component
from nodes.context import BuildOptions, Workshop
from nodes.delivery import close_unverified, deliver
from nodes.pauses import pausing
from nodes.qa import verify_app
from nodes.requirements import analyze_requirements
from nodes.review import review_app, review_architecture, review_budget, review_requirements
from nodes.revision import take_up_change
from nodes.rollback import roll_back

GRAPH_VERSION = "1"
"""Kept with each thread. Raise it when a node is renamed or removed: a thread that waits there cannot go on."""

BuildGraph = StateGraph[AppyardState, BuildOptions, BuildInput, BuildOutput]


def build_graph(workshop: Workshop) -> BuildGraph:
    """The whole build on one screen. Nodes are handed the workshop here; it never reaches a checkpoint."""
    graph: BuildGraph = StateGraph(AppyardState, context_schema=BuildOptions, input_schema=BuildInput, output_schema=BuildOutput)
    equipped = equipping(workshop)

    graph.add_node("take_up_change", equipped(take_up_change))
    graph.add_node("analyze_requirements", pausing("analyze_requirements", equipped(analyze_requirements)))
    graph.add_node("review_requirements", review_requirements)
    graph.add_node("design_architecture", pausing("design_architecture", equipped(design_architecture)))
    graph.add_node("review_architecture", review_architecture)
    graph.add_node("generate_component", pausing("generate_component", equipped(generate_component)))
    graph.add_node("assemble", equipped(assemble))
    graph.add_node("verify_app", pausing("verify_app", equipped(verify_app)))
    graph.add_node("review_app", review_app)
    graph.add_node("review_budget", review_budget)
    graph.add_node("roll_back", equipped(roll_back))
    graph.add_node("deliver", equipped(deliver))
    graph.add_node("close_unverified", close_unverified)

    graph.add_conditional_edges(START, choose.at_start, {"build": "analyze_requirements", "change": "take_up_change"})
    graph.add_conditional_edges(
        "take_up_change",
        choose.after_taking_up,
        {"in words": "analyze_requirements", "ask": "review_requirements", "go on": "design_architecture"},
    )
    graph.add_conditional_edges(
        "analyze_requirements",
        choose.after_requirements,
        {"ask": "review_requirements", "go on": "design_architecture", "declined": END, "budget used": "review_budget"},
    )
    graph.add_conditional_edges(
        "review_requirements",
        choose.after_requirements_review,
        {
            "approved": "design_architecture",
            "changes requested": "analyze_requirements",
            "ask again": "review_requirements",
            "ended": END,
        },
    )
    graph.add_conditional_edges(
        "design_architecture",
        choose.after_architecture,
        {
            "ask": "review_architecture",
            "go on": "generate_component",
            "nothing to write": "assemble",
            "budget used": "review_budget",
        },
    )
    graph.add_conditional_edges(
        "review_architecture",
        choose.after_architecture_review,
        {
            "approved": "generate_component",
            "nothing to write": "assemble",
            "changes requested": "design_architecture",
            "ask again": "review_architecture",
            "ended": END,
        },
    )
    graph.add_edge("generate_component", "assemble")
    graph.add_conditional_edges(
        "assemble",
        choose.after_assembly,
        {"next wave": "generate_component", "complete": "verify_app", "budget used": "review_budget"},
    )
    graph.add_conditional_edges(
        "verify_app",
        choose.after_qa,
        {
            "repair": "generate_component",
            "ask": "review_app",
            "verified": "deliver",
            "unverified": "close_unverified",
            "budget used": "review_budget",
        },
    )
    graph.add_conditional_edges(
        "review_app",
        choose.after_app_review,
        {
            "approved": "deliver",
            "changes requested": "analyze_requirements",
            "changes to a part": "generate_component",
            "roll back": "roll_back",
            "ask again": "review_app",
            "ended": END,
        },
    )
    graph.add_conditional_edges(
        "review_budget",
        choose.after_budget_review,
        {
            "requirements": "analyze_requirements",
            "architecture": "design_architecture",
            "code": "generate_component",
            "checks": "verify_app",
            "show what there is": "review_app",
            "ask again": "review_budget",
            "ended": END,
        },
    )
    graph.add_conditional_edges("roll_back", choose.after_rollback, {"verified": "deliver", "changes dropped": "assemble"})
    graph.add_edge("deliver", END)
    graph.add_edge("close_unverified", END)
    return graph


def equipping(workshop: Workshop) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Hand nodes the workshop. `wraps` keeps their annotations, from which LangGraph learns the slice each one reads."""

    def equipped(node: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(node)
        async def with_workshop(state: object, **given: object) -> object:
            return await node(state, **given, workshop=workshop)

        return with_workshop

    return equipped


async def make_graph(config: RunnableConfig) -> CompiledStateGraph[AppyardState, BuildOptions, BuildInput, BuildOutput]:
    """For langgraph.json. A host that has a workshop passes it as `configurable.workshop`; Studio gets a local one."""
    given = config.get("configurable", {}).get("workshop")
    if given is None:
        # Here, because a host with a workshop of its own need not load agents, builder and sandbox a second time.
        from graph.local_workshop import local_workshop

        given = await local_workshop()
    return build_graph(given).compile(name="appyard")
