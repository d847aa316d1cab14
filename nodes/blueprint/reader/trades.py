"""Fields a record of a known kind usually has, for descriptions that name the record but not its fields. Guesses, shown as such."""

from nodes.artifacts import FieldType

# One line per field: label, optionally `:type`, optionally `!` if it must be filled, optionally `(choice, choice)`.
_PERSON = "name!; email; phone"
USUAL_FIELDS: dict[str, str] = {
    "customer client patient member guest tenant owner donor volunteer contact lead borrower resident landlord": _PERSON,
    "student pupil": "name!; email!; phone; date of birth:date",
    "employee teacher trainer instructor doctor vet staff agent driver technician coach nurse": "name!; email; phone; position",
    "barber stylist therapist": "name!; phone; speciality; available:boolean",
    "company supplier vendor organization organisation employer sponsor": "name!; contact person; email; phone; address",
    "product item article part": "name!; description; price:money!; available:boolean",
    "supply material medicine asset equipment stock": "name!; description; quantity:integer!; unit; reorder level:integer",
    "service treatment": "name!; description; price:money!; duration minutes:integer",
    "car vehicle bike boat van truck": "name!; type (compact, estate, SUV, van)!; registration number; "
    "seats:integer; daily price:money!; available:boolean",
    "room": "name!; capacity:integer; price per night:money; available:boolean",
    "table": "number!; seats:integer!",
    "property apartment house flat": "address!; rent:money!; number of rooms:integer; available:boolean",
    "book": "title!; author!; ISBN; genre; copies:integer",
    "movie film": "title!; director; year; genre",
    "course": "title!; description; start date:date; capacity:integer",
    "class lesson session workshop": "title!; starts at:datetime!; capacity:integer",
    "event": "title!; description; location; starts at:datetime!; capacity:integer",
    "appointment meeting consultation viewing interview": "starts at:datetime!; ends at:datetime!; notes",
    "booking reservation rental": "start date and time:datetime!; end date and time:datetime!",
    "loan": "borrowed on:date!; due on:date!",
    "visit": "visited on:date!; notes",
    "attendance": "date:date!; notes",
    "claim expense": "title!; amount:money!; date:date!; description",
    "invoice bill": "number!; issue date:date!; due date:date!; amount:money!",
    "payment fee fine": "amount:money!; paid on:date!; notes",
    "donation": "amount:money!; donated on:date!; message",
    "order purchase": "ordered on:date!; quantity:integer!; notes",
    "application": "cover letter:long_text!; phone",
    "enrollment enrolment registration sign-up membership subscription rsvp": "notes",
    "internship job vacancy position opening listing": "title!; description!; location; deadline:date",
    "ticket issue bug incident problem": "title!; description; priority (low, medium, high)!",
    "request complaint inquiry": "title!; description!; priority (low, medium, high)",
    "task todo chore": "title!; notes; due date:date",
    "project case": "title!; description; opened on:date",
    "post article news announcement story": "title!; content:long_text!",
    "topic thread": "title!; content:long_text!",
    "reply comment response message note": "content:long_text!",
    "review rating": "rating!; comment:long_text",
    "poll survey": "title!; description; closes on:date",
    "option choice": "label!",
    "question": "text!; points:integer",
    "answer": "text!",
    "contest quiz exam test": "title!; description; starts at:datetime; ends at:datetime",
    "vote": "",
    "recipe": "title!; ingredients!; instructions!; servings:integer",
    "meal": "food!; calories:integer!; date:date!",
    "workout exercise": "title!; date:date!; duration minutes:integer",
    "category tag department genre": "name!; description",
    "policy contract": "policy number!; type; start date:date!; end date:date; premium:money",
    "lease": "start date:date!; end date:date!; monthly rent:money",
    "call": "subject!; called at:datetime!; notes",
    "report": "title!; content:long_text!; date:date",
    "work hour": "date:date!; hours:decimal!; description",
    "time entry": "date:date!; hours:decimal!; description",
    "treatment note": "date:date!; treatment:long_text!",
    "timesheet": "date:date!; hours:decimal!; description",
    "shift": "starts at:datetime!; ends at:datetime!; notes",
    "campaign": "title!; description; goal amount:money; end date:date",
    "pet animal": "name!; species!; breed; date of birth:date",
    "document file": "title!; link:url; description",
    "assignment homework": "title!; description; due date:date",
    "submission": "content:long_text!; link:url",
    "grade": "score:decimal!; comment:long_text",
    "expense sheet": "title!; estimated amount:money!; description",
    "leave request": "start date:date!; end date:date!; reason",
    "stock movement": "quantity:integer!; date:date!; notes",
    "branch location venue store shop warehouse": "name!; address; phone",
    "team group club": "name!; description",
    "url": "original URL:url!; short code!",
    "reading measurement": "value:decimal!; measured at:datetime!",
    "song track album": "title!; artist!; year",
    "bid": "amount:money!",
}
UNKNOWN_FIELDS = "name!; description"

_PHRASES = frozenset({"work hour", "expense sheet", "leave request", "stock movement", "time entry", "treatment note"})
_BY_NOUN = {noun: fields for nouns, fields in USUAL_FIELDS.items() if nouns not in _PHRASES for noun in nouns.split()}
_BY_NOUN |= {phrase: USUAL_FIELDS[phrase] for phrase in _PHRASES}


def usual_fields(noun: str) -> list[tuple[str, FieldType | None, tuple[str, ...], bool]]:
    """Label, type (None: by its name), choices, required, for each usual field of `noun` (its last word decides last)."""
    text = _BY_NOUN.get(noun, _BY_NOUN.get(noun.rsplit(" ", maxsplit=1)[-1], UNKNOWN_FIELDS))
    return [_parsed(part.strip()) for part in text.split(";") if part.strip()]


def _parsed(part: str) -> tuple[str, FieldType | None, tuple[str, ...], bool]:
    required = part.endswith("!")
    part = part.rstrip("!")
    choices: tuple[str, ...] = ()
    if part.endswith(")"):
        part, _, inside = part[:-1].partition(" (")
        choices = tuple(choice.strip() for choice in inside.split(","))
    label, _, type_name = part.partition(":")
    return label, FieldType(type_name) if type_name else None, choices, required


def is_known(noun: str) -> bool:
    """Whether the table has fields for exactly this noun."""
    return noun in _BY_NOUN


def known_nouns() -> frozenset[str]:
    """Every noun of the table."""
    return frozenset(_BY_NOUN)
