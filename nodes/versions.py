"""The versions of an app that are kept: which there are, which was delivered last, and what each was made from. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from typing_extensions import TypedDict

from nodes.artifacts import AppSpec, AppVersion, ArtifactRef, ComponentResult, Delivery, KeptVersion, QaOutcome, Revision, Verdict
from nodes.errors import VersionNotKept
from nodes.spec_diff import changes_between, new_questions

FIRST = "First version."


class VersionState(TypedDict, total=False):
    """The slice of state from which a version is kept."""

    version: AppVersion
    work_order: ArtifactRef
    components: dict[str, ComponentResult]
    qa: QaOutcome
    revision: Revision | None
    delivery: Delivery
    versions: list[KeptVersion]


@dataclass(frozen=True)
class Lineage:
    """The versions of one app, oldest first."""

    versions: Sequence[KeptVersion]

    @property
    def delivered(self) -> KeptVersion | None:
        """The last version that was packaged."""
        return next((kept for kept in reversed(self.versions) if kept.delivery), None)

    @property
    def newest(self) -> KeptVersion:
        """The last version that was checked. Raises `VersionNotKept` if there is none."""
        if not self.versions:
            raise VersionNotKept("No version was finished yet.")
        return self.versions[-1]

    def numbered(self, number: int) -> KeptVersion:
        """The version of this number. Raises `VersionNotKept`."""
        for kept in self.versions:
            if kept.version.number == number:
                return kept
        raise VersionNotKept(f"There is no version {number}; kept are {', '.join(str(kept.version.number) for kept in self.versions)}.")

    @property
    def current(self) -> KeptVersion:
        """Where a change request starts: the last delivered version, or the newest if none was. Raises `VersionNotKept`."""
        return self.delivered or self.newest


def keep_versions(kept: list[KeptVersion], new: list[KeptVersion]) -> list[KeptVersion]:
    """Versions by number; one that is kept again, because it was delivered meanwhile, takes its own place."""
    by_number = {entry.version.number: entry for entry in (*kept, *new)}
    return [by_number[number] for number in sorted(by_number)]


def lineage(state: VersionState) -> Lineage:
    """The kept versions; for a build finished before versions were kept, the one it came to."""
    if versions := state.get("versions"):
        return Lineage(versions)
    if "version" not in state or "qa" not in state:
        return Lineage(())
    delivery = state.get("delivery")
    return Lineage((kept_version(state, state["qa"].report.verdict, delivery=delivery),))


def kept_version(state: VersionState, verdict: Verdict, *, delivery: Delivery | None = None) -> KeptVersion:
    """The version `state` has come to."""
    version, revision = state["version"], state.get("revision")
    return KeptVersion(
        version=version,
        work_order=state["work_order"],
        components=current_components(state.get("components", {})),
        reason=reason_of(revision),
        verdict=verdict,
        delivery=delivery,
    )


def current_components(components: Mapping[str, ComponentResult]) -> dict[str, ComponentResult]:
    """A copy in the order of the names."""
    return {name: components[name] for name in sorted(components)}


def revised(revision: Revision, spec: AppSpec) -> Revision:
    """The revision with the difference that `spec` makes."""
    found = {"changes": changes_between(revision.before, spec), "unclear": new_questions(revision.before, spec)}
    return revision.model_copy(update=found)


def reason_of(revision: Revision | None) -> str:
    """What led to a version, in the words of who asked for it."""
    if revision is None:
        return FIRST
    request = revision.request
    if request.restore_version is not None:
        return f"Version {request.restore_version} restored."
    return request.feedback.strip() or "Files edited by hand."
