"""The specification while it is being read: mutable, keyed by the user's nouns; `finish` turns it into an `AppSpec`."""

from dataclasses import dataclass, field

from nodes.artifacts import ACCOUNT, Action, FieldType, Provenance, RecipeKind, RelationKind, RulePeriod, Scope, Source
from nodes.blueprint.reader import lexicon, trades
from nodes.blueprint.reader.naming import singular
from nodes.blueprint.reader.phrases import Phrase
from nodes.blueprint.reader.tagging import lexicon_tag


def stated(quote: str) -> Source:
    """A source that quotes the user, shortened to what fits on a line or two."""
    return Source(provenance=Provenance.stated, quote=quote if len(quote) <= 240 else quote[:239] + "…")


@dataclass
class FieldDraft:
    """A field; `words` decide its name, `label` keeps the user's spelling."""

    label: str
    type: FieldType
    source: Source
    required: bool = False
    unique: bool = False
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass
class RelationDraft:
    """A reference to the record keyed `target`, or to an account."""

    label: str
    target: str
    source: Source
    kind: RelationKind = RelationKind.many_to_one
    required: bool = False


@dataclass
class StepDraft:
    """A transition: the verb, where it leads, and who does it."""

    verb: str
    state: str
    rank: int
    final: bool
    refusal: bool
    source: Source
    roles: dict[str, Source] = field(default_factory=dict)


@dataclass(eq=False)
class RecordDraft:
    """A record, keyed by its noun. `grants` are stated rights: (role, action) → source."""

    noun: str
    source: Source
    label: str = ""
    fields: dict[str, FieldDraft] = field(default_factory=dict)
    relations: dict[str, RelationDraft] = field(default_factory=dict)
    steps: dict[str, StepDraft] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    initial: str = ""
    workflow_source: Source | None = None
    grants: dict[tuple[str, Action], tuple[Scope, Source]] = field(default_factory=dict)
    creators: dict[str, Source] = field(default_factory=dict)
    associated: bool = False
    timed: bool = False
    weak: bool = False
    bare: bool = False
    """It is made of references alone: an answer is one of the options."""

    def role_verbs(self) -> set[str]:
        """The roles with any right or step on this record."""
        return {role for role, _ in self.grants} | {role for step in self.steps.values() for role in step.roles}


@dataclass
class RoleDraft:
    """A role, keyed by its noun."""

    noun: str
    source: Source
    may_register: bool | None = None


@dataclass(frozen=True)
class RuleDraft:
    """A rule in the user's nouns."""

    kind: str
    record: str
    fields: tuple[str, ...]
    message: str
    source: Source
    per: str | None = None
    maximum: int | None = None
    period: RulePeriod | None = None
    states: tuple[str, ...] = ()


@dataclass(frozen=True)
class RecipeDraft:
    """A recipe in the user's nouns; `fields` are (noun, key). `heard` are the words of the quote that asked for it."""

    kind: RecipeKind
    record: str | None
    records: tuple[str, ...]
    fields: tuple[tuple[str, str], ...]
    source: Source
    heard: tuple[str, ...] = ()


@dataclass(frozen=True)
class ReportDraft:
    """A report in the user's nouns. `wanted_by` names the roles that asked for it."""

    label: str
    record: str
    group_by: str
    source: Source
    measure: str | None = None
    wanted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class QuestionDraft:
    """An open question with what is built meanwhile."""

    name: str
    question: str
    default: str


@dataclass
class Draft:
    """Everything read so far."""

    title: str = ""
    summary: str = ""
    records: dict[str, RecordDraft] = field(default_factory=dict)
    roles: dict[str, RoleDraft] = field(default_factory=dict)
    rules: list[RuleDraft] = field(default_factory=list)
    reports: list[ReportDraft] = field(default_factory=list)
    recipes: list[RecipeDraft] = field(default_factory=list)
    questions: list[QuestionDraft] = field(default_factory=list)
    non_goals: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    aliases: dict[str, str] = field(default_factory=dict)
    everybody: bool = False
    has_engineers: bool = False
    """Whether somebody writes the rules no program can."""

    restricted: dict[tuple[str, Action], set[str]] = field(default_factory=dict)
    """Record and action → the roles that were said to be the only ones who may."""

    def find(self, phrase: Phrase) -> RecordDraft | None:
        """The record a phrase speaks of: by its whole noun, else by its head if only one record ends with it."""
        return self.find_noun(noun_of(phrase))

    def find_noun(self, noun: str) -> RecordDraft | None:
        """The record of a noun; see `find`."""
        noun = self.aliases.get(noun, noun)
        if not noun:
            return None
        if noun in self.records:
            return self.records[noun]
        head = noun.split(" ")[-1]
        if " " in noun and head in self.records and not self._is_other(noun):
            return self.records[head]
        endings = [record for key, record in self.records.items() if key.split(" ")[-1] == noun]
        return endings[0] if len(endings) == 1 else None

    def _is_other(self, noun: str) -> bool:
        """`line item` is no `item` if `line` belongs to a noun of its own in the records."""
        return any(key.endswith(noun) for key in self.records)

    def record(self, noun: str, source: Source, *, weak: bool = False) -> RecordDraft:
        """The record of `noun`, added if it is new."""
        noun = self.aliases.get(noun, noun)
        known = self.find_noun(noun)
        if known is not None and " " not in noun and known.noun.endswith(f" {noun}") and not known.relations:
            self.records = {noun if key == known.noun else key: record for key, record in self.records.items()}
            known.noun = noun
        if known is None:
            known = self.records[noun] = RecordDraft(noun, source, weak=weak)
        known.weak = known.weak and weak
        return known

    def role(self, noun: str, source: Source) -> str:
        """The key of a role, added if it is new; every word for an administrator is one role."""
        key = "administrator" if noun.rsplit(" ", maxsplit=1)[-1] in lexicon.ADMINISTRATORS else noun
        if key not in self.roles:
            self.roles[key] = RoleDraft(key, source)
        return key

    def settle_references(self) -> None:
        """Let every relation follow a record that was renamed, and drop those to records that were withdrawn."""
        for record in self.records.values():
            for key, relation in list(record.relations.items()):
                record.fields.pop(key, None)  # what is kept as a record of its own is referred to
                if relation.target == ACCOUNT:
                    continue
                target = self.find_noun(relation.target)
                if target is None or (target is record and relation.required):
                    del record.relations[key]
                else:
                    relation.target = target.noun

    def ask(self, name: str, question: str, default: str) -> None:
        """Note an open question once."""
        if all(known.name != name for known in self.questions):
            self.questions.append(QuestionDraft(name, question, default))


TAILS = frozenset(
    "record log entry information detail data list profile history entity management tracking catalog catalogue info database".split()
)
"""Heads that add nothing to the noun before them: `purchase record` is a purchase."""

UNCOUNTED = frozenset("time personal maintenance health training work repair stock attendance treatment growth fuel phone mail".split())
"""Nouns that need their record: `maintenance record`, not `maintenances`."""

CONTAINERS = frozenset(
    """type kind list checklist series pile number history stock status variety set collection one level part copy amount range record
    detail total""".split()
)
"""Heads that pass through to what follows "of": `types of cars` speaks of cars."""


def noun_of(phrase: Phrase) -> str:
    """The noun a phrase is about, in the singular, without filler: `different types of cars` → `car`; empty if none."""
    if phrase.of is not None and phrase.head in {"item", "piece"} and not (phrase.of.many or phrase.of.determiner):
        return noun_of(phrase.of)  # `each item of equipment`
    if phrase.of is not None and phrase.head in CONTAINERS:
        return noun_of(phrase.of)
    words = [singular(word) if index == len(phrase.nouns) - 1 and phrase.head in TAILS else word for index, word in enumerate(phrase.nouns)]
    words.append(phrase.head)
    while len(words) > 1 and (words[-1] in TAILS or words[-1] == "business") and words[-2] not in UNCOUNTED:
        if words[-1] == "list" and words[-2].endswith("ing"):
            return " ".join(words[-2:])  # `a waiting list`
        words.pop()
    if len(words) > 1 and singular(words[-1]) == "member" and words[-2] in {"staff", "crew"}:
        words.pop()
    if len(words) > 1 and words[-1] == "book" and (trades.is_known(singular(words[-2])) or words[-2] == "log"):
        words.pop()  # `a report book`
    words[-1] = singular(words[-1])
    words = [word for word in words[:-1] if not lexicon_tag(word).startswith("VBG") or word == "line"] + words[-1:]
    return " ".join(words[-3:])


def is_role_noun(noun: str) -> bool:
    """Whether a noun names a kind of person who may act."""
    head = noun.rsplit(" ", maxsplit=1)[-1]
    compound = head.endswith(("keeper", "worker", "holder", "leader", "guard", "officer", "person")) and len(head) > 6
    return head in lexicon.ROLE_NOUNS or compound or (" " in noun and head in {"head", "lead", "chair", "partner"})
