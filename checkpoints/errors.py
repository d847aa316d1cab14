"""What can go wrong with what is remembered, named for the situation. The docstring is the message and the way out."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checkpoints.records import Approval


class PersistenceError(Exception):
    """Something could not be stored or read."""

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{self.__doc__} {detail}".strip())


# ------------------------------------------------------------------------------------------------ threads and runs


class ThreadNotFound(PersistenceError):
    """There is no such thread. It may have been deleted; list the threads to see what exists."""


class ThreadExists(PersistenceError):
    """A thread with this id exists already. Use it, or create one with another id."""


class ThreadBusy(PersistenceError):
    """The thread has a run that is not finished. Wait for it, or cancel it."""


class AssistantNotFound(PersistenceError):
    """There is no such assistant. List the assistants to see what exists."""


class ThreadNotPrunable(PersistenceError):
    """The thread keeps differences between its checkpoints, so none can go without the others. Delete the thread instead."""


class AssistantExists(PersistenceError):
    """An assistant with this id exists already. Use it, or create one with another id."""


class AssistantInUse(PersistenceError):
    """The assistant has a run that is not finished. Wait for it, or cancel it."""


class RunNotFound(PersistenceError):
    """There is no such run. It may have been deleted with its thread."""


class RunExists(PersistenceError):
    """A run with this id exists already. Leave the id out to have one chosen."""


class CronNotFound(PersistenceError):
    """There is no such cron. It may have been deleted with its thread or its assistant."""


class IllegalRunTransition(PersistenceError):
    """The run is not in a state that allows this. Read its status first; a finished run never changes again."""


class LeaseLost(PersistenceError):
    """Another worker has taken over this run. Stop working on it; nothing more of this attempt is recorded."""


class RunHeldElsewhere(PersistenceError):
    """Another worker is alive and holds this run. Leave it alone."""


# ------------------------------------------------------------------------------------------------ approvals


class ApprovalNotFound(PersistenceError):
    """Nothing with this id waits for a decision on this thread. List the approvals to see what does."""


class ApprovalClosed(PersistenceError):
    """This approval no longer waits. `approval` says how it ended."""

    def __init__(self, approval: "Approval") -> None:
        self.approval = approval
        super().__init__(self._how(approval))

    @staticmethod
    def _how(approval: "Approval") -> str:
        if approval.decided_at is None:
            return f"It is {approval.status.value}."
        word = approval.decision.get("decision") if isinstance(approval.decision, dict) else None
        who = approval.decided_by or "Somebody"
        return f"{who} answered {str(word or 'it').replace('_', ' ')!r} at {approval.decided_at:%Y-%m-%d %H:%M:%S %Z}."


class ApprovalAlreadyDecided(ApprovalClosed):
    """Somebody else decided first, and that decision stands. `approval` carries it."""


class ApprovalExpired(ApprovalClosed):
    """The time to decide is over, and the question is parked. Reopen the build to be asked again; nothing is lost."""


class ApprovalSuperseded(ApprovalClosed):
    """The thread has moved on since this was asked. Look at what it asks now."""


# ------------------------------------------------------------------------------------------------ the rest we keep


class ArtifactNotFound(PersistenceError):
    """These bytes are not stored. They may have been deleted with the only thread that used them."""


class ValueNotStorable(PersistenceError):
    """PostgreSQL cannot hold a value that was given: a NUL character in a text, or a number out of range."""


class IdempotencyConflict(PersistenceError):
    """This idempotency key was used for a request with another body. Use a new key for a new request."""


# ------------------------------------------------------------------------------------------------ the database itself


class DeliveryNotFound(PersistenceError):
    """There is no such delivery; those that were settled a month ago are forgotten."""


class DatabaseUnreachable(PersistenceError):
    """The database does not answer. Check DATABASE_URL and that PostgreSQL runs; nothing that was accepted is lost."""


class DatabaseBusy(PersistenceError):
    """Every database connection is in use. Try again in a moment, or raise the size of the connection pool."""


class SchemaOutOfDate(PersistenceError):
    """The database's schema is older than this program. Run `appyard migrate`, then start again."""


class MigrationBlocked(PersistenceError):
    """Another process has been migrating this database for too long. See what it does, end it, then migrate again."""


class StorageFull(PersistenceError):
    """The disk that holds the database is full. Free some space, then go on; what was accepted is kept."""


class DataDirectoryUnusable(PersistenceError):
    """The data directory cannot be used. Choose another with APPYARD_DATA_DIR, or set DATABASE_URL."""


class PostgresMissing(PersistenceError):
    """There are no PostgreSQL programs on this machine that fit. Install PostgreSQL, or set DATABASE_URL."""


class PostgresFailed(PersistenceError):
    """The embedded PostgreSQL did not start. Its log says why; DATABASE_URL lets you use another server."""
