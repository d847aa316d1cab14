"""What a use case refuses, named for the situation. The docstring is the message and the way out; HTTP is not known here."""


class ServiceError(Exception):
    """The request cannot be carried out."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.__doc__} {detail}".strip())


class BuildNotFound(ServiceError):
    """There is no such build. List the builds to see what exists."""


class BuildNotWaiting(ServiceError):
    """The build does not wait for a decision."""


class DecisionStale(ServiceError):
    """The decision was for something else than what waits now. Look at the build again, then decide."""


class BuildFinished(ServiceError):
    """The build has ended, so there is nothing to cancel."""


class PackageNotReady(ServiceError):
    """The build has no package. It is made when the app is approved."""


class GraphVersionUnavailable(ServiceError):
    """The thread waits in a step this version of Appyard no longer has. Run the version it was started with to go on."""


class GraphNotLoaded(ServiceError):
    """The graph could not be loaded. The message of its import says why; other graphs are served."""
