"""Decide which components have to be written next, and from which files. Pure: routing builds its `Send`s from this."""

from collections.abc import Iterable, Mapping

from nodes.artifacts import (
    AppSpec,
    AppVersion,
    Architecture,
    Artifact,
    ArtifactRef,
    Component,
    ComponentOrder,
    ComponentResult,
    Finding,
    sha256_of,
)
from nodes.stack import STACKS


def fingerprint(component: Component, spec: AppSpec) -> str:
    """Stands for what is asked of the engineer: the component, its records and everything said of them."""
    concerned = [item for items in (spec.permissions, spec.rules, spec.reports) for item in items if item.record in component.records]
    return sha256_of([component, *(spec.record(name) for name in component.records), *concerned, *spec.roles, *_program(spec)])[:16]


def _program(spec: AppSpec) -> list[Artifact]:
    """What is asked of whoever writes a program specified by examples; nothing for an app with records."""
    if STACKS[spec.stack].keeps_records:
        return []
    return [spec.model_copy(update={"open_questions": (), "non_goals": (), "unmet_preferences": ()})]


def next_wave(
    spec: AppSpec,
    architecture: Architecture,
    work_order: ArtifactRef,
    frame: ArtifactRef,
    done: Mapping[str, ComponentResult],
    *,
    feedback: str = "",
) -> list[ComponentOrder]:
    """Orders for the components not yet written as specified whose dependencies are; empty when all are written."""
    missing = [part for part in architecture.components if not _is_current(part, spec, done)]
    names = {part.name for part in missing}
    return [
        ComponentOrder(component=part.name, attempt=_attempt(part.name, done), work_order=work_order, base=frame, feedback=feedback)
        for part in missing
        if not names & set(part.depends_on)
    ]


def rework(
    components: Iterable[str],
    work_order: ArtifactRef,
    version: AppVersion,
    done: Mapping[str, ComponentResult],
    *,
    findings: Iterable[Finding] = (),
    feedback: str = "",
) -> list[ComponentOrder]:
    """Orders to change components of an assembled version, each with the findings that concern it."""
    known = tuple(findings)
    return [
        ComponentOrder(
            component=name,
            attempt=_attempt(name, done),
            work_order=work_order,
            base=version.tree,
            findings=tuple(finding for finding in known if finding.component in (name, None)),
            feedback=feedback,
        )
        for name in components
    ]


def _is_current(component: Component, spec: AppSpec, done: Mapping[str, ComponentResult]) -> bool:
    return component.name in done and done[component.name].fingerprint == fingerprint(component, spec)


def _attempt(component: str, done: Mapping[str, ComponentResult]) -> int:
    return done[component].attempt + 1 if component in done else 1
