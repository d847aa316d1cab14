"""Feedback that asks for other words: which record, field, state, choice or role is meant, and what it is to be called."""

import re
from collections.abc import Callable, Iterator, Sequence

from nodes.artifacts import AppSpec, FieldSpec, RecordSpec, Relation
from nodes.blueprint.reader.naming import singular, slug
from nodes.blueprint.reader.new_names import rename_choice, rename_part, rename_record, rename_role, rename_state

_QUOTES = "“”„\"'‘’`"
_POLITE = r"^(?:please\s+|can you\s+|could you\s+|also\s+|then\s+|and\s+)*"
_INSTEAD = re.compile(r",?\s+instead$|,?\s+please$|,?\s+(?:everywhere|from now on)$", re.IGNORECASE)
_FORMS = tuple(
    re.compile(_POLITE + pattern, re.IGNORECASE)
    for pattern in (
        r"(?:rename|relabel|change the (?:name|label|wording) of)\s+(?P<old>.+?)\s+(?:to|as|into|=>|->|→)\s+(?P<new>.+)$",
        r"(?:change|turn|switch)\s+(?P<old>(?:the\s+)?(?:state|status|field|choice|option|value|role|word|label)\s.+?)\s+(?:to|into)\s+(?P<new>.+)$",
        r"(?:use|say|write|show)\s+(?P<new>.+?)\s+instead of\s+(?P<old>.+)$",
        r"instead of\s+(?P<old>.+?),?\s+(?:use|say|write|show)\s+(?P<new>.+)$",
        r"replace\s+(?P<old>(?:the\s+)?(?:state|status|field|choice|option|value|role|word|label)\s.+?)\s+(?:with|by)\s+(?P<new>.+)$",
        r"(?P<old>.+?)\s+(?:should|must|shall|is to|are to)\s+be\s+(?:called|named|labelled|labeled|renamed to)\s+(?P<new>.+)$",
        r"(?:call|name)\s+(?P<old>.+?)\s+(?:as\s+)?(?P<new>[“\"'‘„].+)$",
        r"(?:call|name)\s+(?P<old>.+?)\s+(?:to|as|into)\s+(?P<new>.+)$",
        r"(?:call|name)\s+(?P<old>.+)\s+(?P<new>[\w-]+)$",
    )
)
"""Ways to ask for another word, the plainest first."""

_KIND = (
    r"(?:data\s+)?(?P<kind>state|status|stage|step|field|column|attribute|property|choice|option|value|role|record|entity|"
    r"table|word|label)s?"
)
_KIND_BEFORE = re.compile(rf"^{_KIND}\s+(?:called\s+|named\s+)?(?P<rest>.+)$", re.IGNORECASE)
_KIND_BEHIND = re.compile(rf"^(?P<rest>.+?)\s+{_KIND}$", re.IGNORECASE)
_OWNED = (
    re.compile(r"^(?P<what>.+?)\s+(?:of|on|in|for|from)\s+(?:the\s+|an?\s+|each\s+|every\s+|all\s+)?(?P<owner>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<owner>.+?)(?:['’]s|s['’])\s+(?P<what>.+)$", re.IGNORECASE),
)
_ARTICLE = re.compile(r"^(?:the|an?|our|all|every|each)\s+", re.IGNORECASE)

_FIELD_KINDS = frozenset({"field", "column", "attribute", "property", "label", "word", ""})
_STATE_KINDS = frozenset({"state", "status", "stage", "word", "label", ""})
_CHOICE_KINDS = frozenset({"choice", "option", "value", "word", "label", ""})


def find_record(spec: AppSpec, text: str) -> RecordSpec | None:
    """The record people call `text`, in singular or plural."""
    wanted = " ".join(singular(word) for word in text.lower().split() if word not in {"the", "a", "an", "all", "every", "each"})
    return next((record for record in spec.records if wanted in {record.label.lower(), record.name.replace("_", " ")}), None)


def asks_for_words(sentence: str) -> bool:
    """Whether a sentence can only be about what something is called, so that it never adds a record."""
    return bool(re.match(_POLITE + r"(?:rename|relabel)\b", sentence, re.IGNORECASE))


def renamed_in_words(spec: AppSpec, sentence: str) -> AppSpec | None:
    """`rename the field notes to remarks`, `call the priority high "urgent" instead`; None if no known thing is renamed."""
    plain = _INSTEAD.sub("", sentence.strip().rstrip(".!"))
    for form in _FORMS:
        match = form.match(plain)
        if match and (new := _bare(match["new"])) and (changed := _renamed(spec, match["old"], new)) is not None:
            return changed
    return None


def _bare(text: str) -> str:
    return re.sub(r"\s+", " ", _ARTICLE.sub("", text.strip())).strip(_QUOTES + " ")


def _renamed(spec: AppSpec, old: str, new: str) -> AppSpec | None:
    """What `old` names gets the word `new`: by the kind that was said, else the first of record, field, state, choice and role."""
    what, kind = _kind_of(_bare(old))
    for name, owner in _owners(spec, what):
        for kinds, rename in _RENAMES:
            changed = rename(spec, owner, name, new) if kind in kinds else spec
            if changed != spec:
                return changed
    return None


def _kind_of(text: str) -> tuple[str, str]:
    match = _KIND_BEFORE.match(text) or _KIND_BEHIND.match(text)
    return (_bare(match["rest"]), match["kind"].lower()) if match else (text, "")


def _owners(spec: AppSpec, text: str) -> Iterator[tuple[str, RecordSpec | None]]:
    """What is renamed, and the record it was said to be of, in every way the words can be read."""
    for pattern in _OWNED:
        match = pattern.match(text)
        if match and (owner := find_record(spec, _kind_of(_bare(match["owner"]))[0])):
            yield _kind_of(_bare(match["what"]))[0], owner
    for record in spec.records:  # `the task state pending`, `customer notes`
        for label in (record.label, record.plural_label):
            if text.lower().startswith(f"{label.lower()} "):
                yield _kind_of(_bare(text[len(label) :]))[0], record
    yield text, None


def _called(label: str, name: str, text: str) -> bool:
    wanted = text.lower().strip(_QUOTES)
    return wanted in {label.lower(), name.replace("_", " ")} or slug(wanted) == name


def _among(spec: AppSpec, owner: RecordSpec | None) -> Sequence[RecordSpec]:
    """The record named, or all: a word without an owner is changed wherever it stands."""
    return [owner] if owner is not None else spec.records


# ---------------------------------------------------------------------------------------------- what is meant


def _record(spec: AppSpec, owner: RecordSpec | None, what: str, new: str) -> AppSpec:
    record = find_record(spec, what)
    return rename_record(spec, record, new) if record is not None and owner is None else spec


def _role(spec: AppSpec, owner: RecordSpec | None, what: str, new: str) -> AppSpec:
    role = next((entry for entry in spec.roles if _called(entry.label, entry.name, singular(what.lower()))), None)
    return rename_role(spec, role.name, new) if role is not None and owner is None else spec


def _part(spec: AppSpec, owner: RecordSpec | None, what: str, new: str) -> AppSpec:
    for record in _among(spec, owner):
        parts: tuple[FieldSpec | Relation, ...] = (*record.fields, *record.relations)
        part = next((entry for entry in parts if _called(entry.label, entry.name, what)), None)
        spec = rename_part(spec, spec.record(record.name), part, new) if part is not None else spec
    return spec


def _state(spec: AppSpec, owner: RecordSpec | None, what: str, new: str) -> AppSpec:
    for record in _among(spec, owner):
        states = record.workflow.states if record.workflow else ()
        state = next((entry for entry in states if _called(entry.label, entry.name, what)), None)
        spec = rename_state(spec, spec.record(record.name), state, new) if state is not None else spec
    return spec


def _choice(spec: AppSpec, owner: RecordSpec | None, what: str, new: str) -> AppSpec:
    """`the priority high`, `high of the priority`, `high`."""
    for record in _among(spec, owner):
        for number, field in enumerate(record.fields):
            label = re.escape(field.label.lower())
            value = re.sub(rf"^{label}\s+|\s+(?:of|in|as)\s+(?:the\s+)?{label}$|\s+{label}$", "", what.lower()).strip(_QUOTES)
            choice = next((entry for entry in field.choices if entry.lower() == value), None)
            if choice is not None:
                current = spec.record(record.name)
                spec = rename_choice(spec, current, current.fields[number], choice, new)
    return spec


_RENAMES: tuple[tuple[frozenset[str], Callable[[AppSpec, RecordSpec | None, str, str], AppSpec]], ...] = (
    (frozenset({"record", "entity", "table", "word", "label", ""}), _record),
    (_FIELD_KINDS, _part),
    (_STATE_KINDS, _state),
    (_CHOICE_KINDS, _choice),
    (frozenset({"role", "word", "label", ""}), _role),
)
"""By the kind that was said, what is looked through; without a kind, all of it in this order."""
