"""Begin a build: the form, the templates, and the reading of a description while it is typed."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from nodes.artifacts import UNCHANGED, BuildRequest, Gate, GatePolicy
from nodes.context import BuildOptions, GatePolicies
from nodes.errors import BudgetNotKeepable, ModelNotConfigured
from server.dashboard.dependencies import DeskOf
from server.dashboard.page_route import PageRoute
from server.dashboard.rendering import PagesOf, rendered
from server.dashboard.typed_limits import typed_limits
from server.services.builds import BuildStart

router = APIRouter(route_class=PageRoute, include_in_schema=False)

GATE_LABELS = (
    (Gate.requirements.value, "After requirements"),
    (Gate.architecture.value, "After architecture"),
    (Gate.app.value, "Before the package"),
)
POLICIES = ((GatePolicy.always.value, "Always"), (GatePolicy.on_findings.value, "If something is open"), (GatePolicy.auto.value, "Never"))


class NewBuildForm(BaseModel):
    """The form as it was sent: texts, whatever they say. What is wrong with them is said beside the form."""

    model_config = ConfigDict(extra="ignore")

    template: str = ""
    app_description: str = ""
    requirements: str = ""
    user_id: str = "local"
    preferences: str = ""
    model: str = ""
    budget_usd: str = ""
    budget_tokens: str = ""
    gate_requirements: str = GatePolicy.auto.value
    gate_architecture: str = GatePolicy.auto.value
    gate_app: str = GatePolicy.always.value

    def request(self) -> BuildRequest:
        """What to build. Raises pydantic's ValidationError."""
        preferences = tuple(wish.strip() for wish in self.preferences.split(",") if wish.strip())
        return BuildRequest(
            app_description=self.app_description if self.app_description.strip() or not self.template else UNCHANGED,
            requirements=self.requirements.strip() or None,
            tech_stack_preferences=preferences,
            user_id=self.user_id.strip() or "local",
        )

    def options(self) -> BuildOptions:
        """How to build it; what is left empty is as the server is set up. Raises pydantic's ValidationError."""
        gates = GatePolicies.model_validate(
            {"requirements": self.gate_requirements, "architecture": self.gate_architecture, "app": self.gate_app}
        )
        given: dict[str, Any] = {"gates": gates}
        if self.model.strip():
            given["model"] = self.model.strip()
        return BuildOptions.model_validate(given | typed_limits(self.model_dump()))


@router.get("/templates")
async def templates(desk: DeskOf, pages: PagesOf) -> Response:
    """Apps to begin with."""
    return await pages.show("templates.html", here="templates", templates=desk.builds.templates.listed())


@router.get("/builds/new")
async def new_build(
    pages: PagesOf, template: Annotated[str, Query(max_length=100)] = "", description: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    """The empty form, or one that begins with a template or with words. Raises `TemplateNotFound`."""
    return await show_form(pages, NewBuildForm(template=template, app_description=description))


@router.post("/builds/new/reading")
async def read(form: Annotated[NewBuildForm, Form()], desk: DeskOf) -> Response:
    """What the built-in reader understands of the description so far, as a piece of the page."""
    return rendered("reading.html", 200, **await reading_of(desk, form))


@router.post("/builds/new")
async def start(form: Annotated[NewBuildForm, Form()], desk: DeskOf, pages: PagesOf) -> Response:
    """Start the build, and show it. What cannot be used is said, and what was typed stays."""
    try:
        wanted = BuildStart(request=form.request(), options=form.options(), template=form.template or None)
    except ValidationError as error:
        found = error.errors()[0]
        return await show_form(
            pages, form, problem=f"{place_of(found['loc'])}: {found['msg'].removeprefix('Value error, ')}.", status_code=422
        )
    try:
        started = await desk.builds.start(wanted)
    except (ModelNotConfigured, BudgetNotKeepable) as error:
        return await show_form(pages, form, problem=str(error), status_code=422)
    return RedirectResponse(f"/builds/{started.workflow_id}", status_code=303)


async def show_form(pages: PagesOf, form: NewBuildForm, *, problem: str = "", status_code: int = 200) -> Response:
    """The form, with what was typed in it and what it is understood as."""
    shown = await reading_of(pages.desk, form)
    return await pages.show(
        "new_build.html",
        here="builds",
        status_code=status_code,
        form=form,
        problem=problem,
        gate_labels=GATE_LABELS,
        policies=POLICIES,
        **shown,
    )


async def reading_of(desk: DeskOf, form: NewBuildForm) -> dict[str, object]:
    """What the page shows beside the form; nothing is read of an empty description, or of one that cannot be a request.

    Raises `TemplateNotFound`.
    """
    template = desk.builds.templates.named(form.template) if form.template else None
    model = form.model.strip() or desk.health.information().model
    try:
        reading = await desk.readings.read(form.request(), template) if form.app_description.strip() or template else None
    except ValidationError:
        reading = None
    return {"reading": reading, "template": template, "builtin": model == "builtin", "chosen_model": model}


def place_of(location: tuple[int | str, ...]) -> str:
    """The field a complaint is about, as the form calls it."""
    names = {
        "app_description": "Description",
        "requirements": "Requirements",
        "user_id": "Requested by",
        "budget_usd": "Budget",
        "budget_tokens": "Budget in tokens",
    }
    return names.get(str(location[0]) if location else "", "Form")
