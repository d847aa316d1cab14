"""What a person asks of a finished app, and how careful the build that carries it out has to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from checkpoints.records import JsonObject
from nodes.artifacts import AppSpec, Architecture, GatePolicy
from nodes.context import BuildOptions
from nodes.costs import KnownApp


@dataclass(frozen=True)
class AskedChange:
    """What should be different: in words, by edited files (path → text), or an older version again."""

    feedback: str = ""
    files: Mapping[str, str] = field(default_factory=dict)
    restore_version: int | None = None
    requested_by: str = "local"
    options: BuildOptions = field(default_factory=BuildOptions)


def careful(options: BuildOptions, given: BuildOptions) -> BuildOptions:
    """The options of a change: where nobody said otherwise, a person is asked before stored data go."""
    if "gates" in given.model_fields_set or options.gates.requirements is not GatePolicy.auto:
        return options
    gates = options.gates.model_copy(update={"requirements": GatePolicy.on_findings})
    return BuildOptions(**{name: getattr(options, name) for name in options.model_fields_set} | {"gates": gates})


def known_app(values: JsonObject, feedback: str) -> KnownApp:
    """The app of a build that has one, from its thread's values, with what is asked of it in words."""
    architecture = Architecture.model_validate(values["architecture"])
    return KnownApp(spec=AppSpec.model_validate(values["spec"]), parts=architecture.components, feedback=feedback)
