"""Names in the generated source: which are taken, and what a specification's name becomes where it is."""

import keyword

from nodes.blueprint.frame.text import python_literal
from nodes.contract import class_name
from nodes.errors import BuildError


class SpecNotBuildable(BuildError):
    """The specification uses a name the default stack cannot give to a file or a table. Rename the record."""


TAKEN_TABLES = frozenset({"accounts", "account", "sign_in_tokens", "alembic_version", "record_changes", "outgoing_mail"})
"""Tables of the app itself."""

TAKEN_ATTRIBUTES = frozenset(
    # SQLAlchemy's declarative base, pydantic's model, and what the generated class bodies refer to.
    "metadata registry type_annotation_map copy json dict schema schema_json validate construct fields parse_obj parse_raw"
    " parse_file from_orm update_forward_refs dt sa str int bool list property values database relationship mapped_column Mapped".split()
)

TAKEN_VARIABLES = frozenset(
    "account accounts request response session given form problems data id query page path moved rules schemas store model web forms access"
    " listing workflow errors checks values dt sa str int bool list dict set type object property print input filter map next hash vars dir"
    " make api pages other status role state name title records record router sample result status_code pytest copy"
    " app main people samples tests"
    " attachments boards calendars charts comments glance history kinds known_tags may_tag notifications spreadsheets tags unread".split()
)

TAKEN_CLASSES = frozenset(
    "Account Annotated Any APIRouter Conflict CurrentAccount Decimal Depends Form FormData Grants InSession Invalid Literal Make Mapped"
    " NotFound Page Path Query Record Redirect RedirectResponse Request Response Role Scope Session SignedIn Transition"
    " Notification OutgoingMail RecordChange".split()
)

TAKEN_PAGES = frozenset(
    "accounts api convert docs go health history low-stock notifications password register reports static welcome".split()
)
"""First path segments of the app's own pages; those with a hyphen cannot collide."""

TAKEN_SCHEMAS = frozenset({"Any", "Annotated", "Literal", "Decimal", "BaseModel", "Account", "SignInToken", "Field"})


def refuse_unusable(plural: str, noun: str) -> None:
    """Raise SpecNotBuildable if no file, table or class can carry the record's name."""
    if keyword.iskeyword(plural) or plural in TAKEN_TABLES or class_name(noun) in TAKEN_SCHEMAS:
        raise SpecNotBuildable(f"It is {noun!r} (plural {plural!r}).")


def attribute(name: str) -> str:
    """The Python attribute for a field or relation: `class` → `class_`; the column and the JSON name stay as they are."""
    taken = keyword.iskeyword(name) or name in TAKEN_ATTRIBUTES or name.startswith("model_")
    return f"{name}_" if taken else name


def variable(name: str) -> str:
    """The local variable that holds one record."""
    return f"{name}_record" if keyword.iskeyword(name) or name in TAKEN_VARIABLES else name


def model_class(name: str) -> str:
    """The class of the table; the JSON schema keeps the plain noun, as the contract says."""
    noun = class_name(name)
    return f"{noun}Record" if noun in TAKEN_CLASSES else noun


def page_path(plural: str) -> str:
    """`purchase_records` → `/purchase-records`."""
    segment = plural.replace("_", "-")
    return f"/records/{segment}" if segment in TAKEN_PAGES else f"/{segment}"


def constant(name: str) -> str:
    """`night_guard` → `NIGHT_GUARD`."""
    return name.upper()


def in_fstring(text: str) -> str:
    """Text inside a double-quoted f-string."""
    return python_literal(text.replace('"', "'"))[1:-1].replace("{", "{{").replace("}", "}}")
