"""What a use case refuses, named for the situation. The docstring is the message and the way out; HTTP is not known here."""


class ServiceError(Exception):
    """The request cannot be carried out."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.__doc__} {detail}".strip())


class BuildNotFound(ServiceError):
    """There is no such build. List the builds to see what exists."""


class TemplateNotFound(ServiceError):
    """There is no such template. `appyard templates list` and GET /api/templates name them."""


class TemplateInvalid(ServiceError):
    """A template cannot be used. Correct the file, or take it out of the folder."""


class BuildNotWaiting(ServiceError):
    """The build does not wait for a decision."""


class BuildNotRunning(ServiceError):
    """Only a build that is at work, or waits for a worker, is paused."""


class BuildNotParked(ServiceError):
    """Only a build whose question nobody answered in time is reopened."""


class DecisionStale(ServiceError):
    """The decision was for something else than what waits now. Look at the build again, then decide.

    `changes` say what is different now, as far as what was looked at is known.
    """

    def __init__(self, detail: str = "", changes: tuple[str, ...] = ()) -> None:
        self.detail = detail
        self.changes = changes
        Exception.__init__(self, f"The decision was for something else than what waits now. {detail}".strip())


class RequesterMayNotApprove(ServiceError):
    """This build has four eyes: whoever asked for it may not let it through, but may ask for changes or reject it."""


class SpecificationRefused(ServiceError):
    """The edited specification cannot be taken."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__(" ".join(problems[:20]))


class BudgetNotRaised(ServiceError):
    """The build waits for a higher budget. Approve it with the new limit, or reject it."""


class BuildFinished(ServiceError):
    """The build has ended, so there is nothing to cancel."""


class BuildNotChangeable(ServiceError):
    """Only a build that came to a version of the app, and has ended or asks about it, is changed. Wait for that."""


class FilesUnusable(ServiceError):
    """The edited files cannot be read. Hand in text files of the app, at most 2,000 of them and 20 MB together."""


class NothingUnderstood(ServiceError):
    """The build has no specification yet. It is there once the description was understood."""


class PackageNotReady(ServiceError):
    """The build has no package. It is made when the app is approved."""


class SourceFileNotFound(ServiceError):
    """This version of the app has no such file. Its list of files shows those it has."""


class AppVersionNotFound(ServiceError):
    """The build has no such version. Its history lists those it has."""


class BuildHasNoApp(ServiceError):
    """The build has no version of the app yet, so there is nothing to look at. Wait until its checks have run."""


class BuildNotAtWork(ServiceError):
    """The build is not at work, so no next round could be told. Decide what it asks with `hint`, or ask for a change."""


class PreviewNotRunning(ServiceError):
    """No preview of this build runs here: nobody looked at it for a while, or the server was restarted. Start it again."""


class PreviewUnavailable(ServiceError):
    """Apps cannot be previewed here."""


class GraphVersionUnavailable(ServiceError):
    """The thread waits in a step this version of Appyard no longer has. Run the version it was started with to go on."""


class GraphNotLoaded(ServiceError):
    """The graph could not be loaded, so none of its runs begin. Correct what is said here, then restart."""


class GraphNotFound(ServiceError):
    """There is no such graph."""


class ConfigUnusable(ServiceError):
    """The langgraph.json cannot be used."""


class ScheduleInvalid(ServiceError):
    """The cron can never fire. Give a schedule of five fields and the name of a time zone, such as `0 9 * * 1` in `Europe/Berlin`."""


class ToolNotFound(ServiceError):
    """There is no such tool. List the tools to see which assistants can be called."""


class ThreadOccupied(ServiceError):
    """Thread is already running a task. Wait for it to finish or choose a different multitask strategy."""


class ResumeUnderWay(ServiceError):
    """Another run is already answering what this thread asks. Wait for it, then look at what the thread asks now."""


class InterruptNotFound(ServiceError):
    """The thread does not ask this, or does not ask it any more. Look at the thread's interrupts, then answer one of them."""


class NothingToCancel(ServiceError):
    """No matching runs to cancel. Verify the ids; runs that have ended or were deleted cannot be cancelled."""


class RunUnfinished(ServiceError):
    """The run has not ended. Cancel it first, then delete it."""


class NamespaceInvalid(ServiceError):
    """A namespace is a list of words, none of them empty or with a period in it, and the first is not `langgraph`."""


class AssistantOfGraph(ServiceError):
    """This is the assistant its graph has by itself; it stays as long as the graph is served."""


class StateUpdateInvalid(ServiceError):
    """The state cannot be changed like this."""


class CheckpointNotFound(ServiceError):
    """The thread has no such checkpoint. Its history lists those it has."""


class NothingFollows(ServiceError):
    """The build ended at this checkpoint, so nothing would follow. Choose an earlier one, or ask for a change of the app."""


class EditMisplaced(ServiceError):
    """This cannot be edited at that checkpoint, because other things were already made from it."""


class SpecificationUnusable(ServiceError):
    """The specification cannot be built as edited. Correct it, and try again."""


class ThreadWithoutGraph(ServiceError):
    """No graph has run on this thread, so nothing says how to read a state into it. Create it with a graph_id, or run it first."""


class NodeNotFound(ServiceError):
    """The graph has no such node to go to. Ask for its graph to see the nodes it has."""


class TaskNotFound(ServiceError):
    """This agent has no such task."""


class TaskNotWaiting(ServiceError):
    """The task asks nothing now. Look at its state; a message without a task id begins another."""


class TaskNotCancelable(ServiceError):
    """Only a task that works or waits can be cancelled."""


class MessageUnusable(ServiceError):
    """The agent cannot take this message."""
