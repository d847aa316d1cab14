"""Domain errors to status codes: one table. The message is the error's own; it says what to do."""

from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from checkpoints import errors as persistence
from nodes.errors import BudgetNotKeepable, ModelNotConfigured
from server.services import errors as services

STATUS_CODES: Mapping[type[Exception], int] = {
    persistence.ThreadNotFound: 404,
    persistence.RunNotFound: 404,
    persistence.CronNotFound: 404,
    persistence.AssistantNotFound: 404,
    persistence.ApprovalNotFound: 404,
    persistence.ArtifactNotFound: 404,
    persistence.DeliveryNotFound: 404,
    persistence.ThreadExists: 409,
    persistence.ThreadNotPrunable: 422,
    persistence.ValueNotStorable: 422,
    persistence.AssistantExists: 409,
    persistence.AssistantInUse: 409,
    persistence.ThreadBusy: 409,
    persistence.IllegalRunTransition: 409,
    persistence.ApprovalAlreadyDecided: 409,
    persistence.ApprovalExpired: 409,
    persistence.ApprovalSuperseded: 409,
    persistence.IdempotencyConflict: 409,
    persistence.DatabaseUnreachable: 503,
    persistence.DatabaseBusy: 503,
    persistence.SchemaOutOfDate: 503,
    persistence.StorageFull: 507,
    ModelNotConfigured: 422,
    BudgetNotKeepable: 422,
    services.BuildNotFound: 404,
    services.TemplateNotFound: 404,
    services.TemplateInvalid: 422,
    services.BuildNotWaiting: 409,
    services.BuildNotParked: 409,
    services.BuildNotRunning: 409,
    services.DecisionStale: 409,
    services.RequesterMayNotApprove: 403,
    services.SpecificationRefused: 422,
    services.BudgetNotRaised: 422,
    services.BuildFinished: 409,
    services.NothingUnderstood: 409,
    services.PackageNotReady: 409,
    services.SourceFileNotFound: 404,
    services.AppVersionNotFound: 404,
    services.BuildNotChangeable: 409,
    services.FilesUnusable: 422,
    services.BuildHasNoApp: 409,
    services.BuildNotAtWork: 409,
    services.PreviewNotRunning: 404,
    services.PreviewUnavailable: 409,
    services.NothingFollows: 409,
    services.EditMisplaced: 409,
    services.SpecificationUnusable: 422,
    services.GraphVersionUnavailable: 409,
    services.GraphNotLoaded: 503,
    services.ThreadOccupied: 409,
    services.ResumeUnderWay: 409,
    services.RunUnfinished: 409,
    services.InterruptNotFound: 404,
    services.ScheduleInvalid: 422,
    services.ToolNotFound: 404,
    services.NothingToCancel: 404,
    services.GraphNotFound: 422,
    services.AssistantOfGraph: 409,
    services.NamespaceInvalid: 422,
    services.StateUpdateInvalid: 422,
    services.CheckpointNotFound: 404,
    services.ThreadWithoutGraph: 422,
}

RETRY_AFTER_SECONDS = "5"


class Problem(BaseModel):
    """Every error of the workflow API looks like this. `error` is stable and meant for programs, `detail` for people.

    `changes`: of a decision for something that no longer waits, how what waits now differs from it.
    """

    error: str
    detail: str
    changes: tuple[str, ...] | None = None


def install_error_table(app: FastAPI) -> None:
    """Answer domain errors by the table; what is not in it is a fault of ours and answers 500."""
    for kind, status_code in STATUS_CODES.items():
        app.add_exception_handler(kind, _answer_with(status_code))
    app.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]  # Starlette types the base class


def _answer_with(status_code: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 - Starlette's handler type is private
    async def answer(request: Request, error: Exception) -> JSONResponse:
        headers = {"Retry-After": RETRY_AFTER_SECONDS} if status_code == 503 else None
        changes = error.changes if isinstance(error, services.DecisionStale) else None
        return problem(request, status_code, type(error).__name__, str(error), headers, changes)

    return answer


def problem(
    request: Request,
    status_code: int,
    name: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    changes: tuple[str, ...] | None = None,
) -> JSONResponse:
    """An error as clients of the workflow API get it, or without its name, as clients of the LangGraph API know it."""
    hidden = set() if request.url.path.startswith("/api/") else {"error"}
    told = Problem(error=name, detail=detail, changes=changes).model_dump(mode="json", exclude=hidden, exclude_none=True)
    return JSONResponse(told, status_code, dict(headers or {}))


async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    places = [f"{'.'.join(str(part) for part in found['loc'][1:]) or 'body'}: {found['msg']}" for found in error.errors()[:5]]
    return problem(request, 422, "InvalidRequest", "; ".join(places))
