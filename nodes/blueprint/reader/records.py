"""Which nouns are people who act and which are records the app keeps."""

import re

from nodes.blueprint.reader import lexicon, trades
from nodes.blueprint.reader.draft import TAILS, UNCOUNTED, Draft, is_role_noun, noun_of, stated
from nodes.blueprint.reader.lexicon import ASSOCIATIONS, VERBS, VerbKind
from nodes.blueprint.reader.phrases import Clause, Phrase
from nodes.blueprint.reader.tagging import lexicon_tag
from nodes.blueprint.reader.values import ATTRIBUTES

REPORT_NOUNS = frozenset(
    """report chart statistic result summary total average leaderboard analysis graph overview score number count ranking turnover taking
    takings revenue income earnings occupancy breakdown trend""".split()
)
ORGANISATIONS = frozenset(
    """hospital shop clinic school agency library gym hotel restaurant warehouse office company business store salon bank museum
    farm studio relationship university college charity garage club bakery pharmacy church practice firm world team industry charity
    house center fitness department helpdesk desk association zoo""".split()
)
"""Where an app is used; a record only if something else says so."""

APP_NOUNS = frozenset(
    """system app application website site platform portal page dashboard tool program software service solution interface forum blog
    tracker manager marketplace shop store panel center centre crm register logbook""".split()
)
_THINGS_TOO = frozenset({"service", "tool"})
"""Names for an app that are things as well: members borrow tools, customers book services."""

_DESCRIBABLE = frozenset(
    """object collection record entry section part device set process program programme module agency unit environment network list
    panel entity story template level summary requirement feature node area detail role experience goal""".split()
)
"""Words too general to keep on their own, but things where it is said what each of them has or belongs to."""

_KEEPING = {VerbKind.create, VerbKind.manage, VerbKind.keep, VerbKind.update, VerbKind.delete, VerbKind.read}
_MASS = frozenset(
    """finance inventory money work time calorie notification reminder email sms alert operation login account profile day week month
    year period progress advance stock leaderboard rank html""".split()
)
EVERYBODY = frozenset({"everyone", "everybody", "anyone", "person", "people"})
_CONTRIBUTING = {VerbKind.create, VerbKind.manage, VerbKind.associate, VerbKind.transition}
"""What everybody does makes users of them; what everybody sees is seen by the roles there are."""

_IDLE_SUBJECTS = frozenset("i we you it they he she everyone anyone someone us them me".split())


def acting_verb(verb: str) -> bool:
    """Whether doing this takes a person: `has` and `be` do not."""
    return verb not in {"have", "be", "", ":", "belong", "contain", "include", "consist", "need", "cover"}


def read_roles(clauses: list[Clause], draft: Draft) -> None:
    """Everyone who does something in the app is a role."""
    for named in (_actors, _permitted, _listed_roles, _senders):
        for clause in clauses:
            for noun in filter(None, named(clause)):
                draft.role(noun, stated(clause.quote))


def _actors(clause: Clause) -> list[str]:
    """`Members borrow books`, `borrowed by members`."""
    wanting = clause.verb == "need" and any(phrase.head in REPORT_NOUNS for phrase in clause.objects)
    if not (acting_verb(clause.verb) or wanting) or (clause.passive and clause.verb in {"supply", "provide", "write", "own", "make"}):
        return []
    actors = clause.after("by") if clause.passive else clause.subjects
    kinds = VERBS.get(clause.verb, frozenset())
    everybody = any(actor.head in EVERYBODY for actor in actors) and bool(kinds & _CONTRIBUTING)
    deciding = VerbKind.transition in kinds or clause.verb == "mark"
    making = bool(kinds & (_CONTRIBUTING | {VerbKind.update})) or deciding
    moving = clause.verb in _JUDGING or (clause.verb in lexicon.STEPS and clause.verb not in _NOT_ONLY_PEOPLE)
    judging = (moving and bool(clause.objects)) or (clause.verb == "mark" and " as " in clause.said)
    may = clause.modal in lexicon.MODALS or (making and VerbKind.keep not in kinds)
    if clause.passive and clause.verb in _TOLD:
        return [role for subject in clause.subjects if (role := _role_of(subject))]
    found = [
        _role_of(actor) or (_agent(actor, deciding=deciding, may=may, judging=judging) if making or clause.modal else "")
        for actor in actors
    ]
    return [noun for noun in found if noun] + (["user"] if everybody else [])


_DEPARTMENTS = frozenset(
    """finance hr accounting accounts office board committee reception management administration procurement purchasing sales support
    security council jury leadership secretariat legal logistics dispatch headquarters kitchen front-desk""".split()
)
"""Parts of an organisation that decide: `finance approves`. Only who decides; `the office sells books` says nothing of roles."""

_NOT_ONLY_PEOPLE = frozenset("receive complete start begin finish open close return check send schedule expire report place issue".split())
"""Steps that a thing can take as well: `an order receives a number`."""

_TOLD = frozenset("notify alert inform email e-mail remind tell message".split())
"""Whoever is told something by the app has an account there."""

_JUDGING = frozenset("assign approve authorise authorize reject refuse decline deny confirm sign verify endorse".split())
"""What only people do, whatever they are called."""

_AGENT = re.compile(r"[a-z-]{2,}(?:er|or|ist|ian|eur|ant|ee|keeper|master|man|woman|person)$")
"""English agent nouns, Quirk et al., A Comprehensive Grammar, I.31."""

_NO_AGENTS = frozenset(
    """order offer number letter paper folder container printer computer server router scanner monitor counter poster filter sensor motor
    restaurant plant grant variant warrant quadrant coffee fee tree degree guarantee
    door floor tender voucher newsletter register transfer charter chapter parameter boiler locker factor sector error color reminder
    tracker planner calendar trailer header footer layer center centre matter water power quarter semester newspaper cover answer
    leader-board organizer dinner supper weather summer winter corner paper cluster""".split()
)


def _agent(phrase: Phrase, *, deciding: bool, may: bool, judging: bool) -> str:
    """A person in no list, known by what they do: `the quizmaster makes quizzes`, `finance approves claims`."""
    noun = noun_of(phrase)
    head = noun.rsplit(" ", maxsplit=1)[-1]
    if phrase.determiner == "pronoun" or not noun or head in lexicon.GENERIC_NOUNS | APP_NOUNS:
        return ""
    if head in _DEPARTMENTS and deciding:
        return noun
    if (head in _DEPARTMENTS and may) or (judging and head not in ATTRIBUTES and len(head) > 1):
        return noun
    return noun if _AGENT.fullmatch(head) and head not in _NO_AGENTS and head not in ATTRIBUTES else ""


def _permitted(clause: Clause) -> list[str]:
    """`Allow users to …`, `connects students with companies`."""
    if clause.verb not in {"allow", "let", "enable", "permit", "connect"}:
        return []
    return [_role_of(phrase) for phrase in clause.objects + clause.after("with") if is_role_noun(noun_of(phrase))]


def _senders(clause: Clause) -> list[str]:
    """`log requests from tenants`: what is kept comes from them."""
    kept = VERBS.get(clause.verb, frozenset()) & {VerbKind.keep, VerbKind.manage} or clause.verb in {"receive", "collect", "handle", "get"}
    return [_role_of(phrase) for phrase in clause.after("from") if phrase.many and is_role_noun(noun_of(phrase))] if kept else []


def _listed_roles(clause: Clause) -> list[str]:
    """`The roles are clerk and manager`."""
    if clause.verb not in {"be", ":"} or [phrase.head for phrase in clause.subjects] not in (["role"], ["user role"]):
        return []
    return [noun_of(phrase) for phrase in (*clause.objects, *clause.after("of"))]


def _role_of(phrase: Phrase) -> str:
    """The role a subject names, without the adjectives: `a fleet manager` → `fleet manager`; empty if it is no person."""
    if phrase.head in {"company", "organisation", "organization", "team", "agency"} and phrase.determiner in {"a", "an", "our", "my"}:
        return ""  # `a roofing company wants …`: whose app it is
    if phrase.head in _IDLE_SUBJECTS or (phrase.head == "person" and not phrase.nouns):
        return ""  # `people comment on tickets`: whoever they are
    noun = noun_of(phrase)
    if not is_role_noun(noun):
        return ""
    words = noun.split(" ")
    return words[-1] if words[0] in {"registered", "different"} else noun


def read_records(clauses: list[Clause], draft: Draft) -> None:
    """Collect records from all evidence, the strongest first."""
    for clause in clauses:
        _owners(clause, draft)
    for clause in clauses:
        _managed(clause, draft)
    for clause in clauses:
        _kept(clause, draft)
        _bare(clause, draft)
    for clause in clauses:
        _connected(clause, draft)
    for clause in clauses:
        _called_like_the_act(clause, clauses, draft)
    often = _spoken_of_often(clauses)
    for clause in clauses:
        _referred(clause, often, draft)
    if not draft.records:
        for clause in clauses:
            _of_the_app(clause, draft)


def is_recordable(noun: str, *, listed: bool = False, described: bool = False) -> bool:
    """Whether a noun could be kept at all: no attribute, no word about software, no figure.

    `listed`: people enter many of them (`collect fees`), so that an attribute with fields of its own is a record.
    `described`: it is said what many of them have (`ingredients, each with a name and a unit`).
    """
    head = noun.rsplit(" ", maxsplit=1)[-1]
    if described and (head in ATTRIBUTES or head in _DESCRIBABLE) and head not in _MASS:
        return True
    if " " in noun and head in TAILS and noun.split(" ")[-2] in UNCOUNTED:
        return True
    if listed and head in ATTRIBUTES and (trades.is_known(noun) or trades.is_known(head)):
        return True
    if (
        not noun
        or (not head.isascii() and len(head) < 2)
        or head.endswith(("ability", "ibility"))
        or (head.endswith("ness") and len(head) > 8)
    ):
        return False
    if head in lexicon.GENERIC_NOUNS or head in APP_NOUNS - _THINGS_TOO or head in ATTRIBUTES or head in _MASS or head in _IDLE_SUBJECTS:
        return False
    return head not in {"user", "account", "them", "themselves"} and head not in lexicon.ADMINISTRATORS and len(head) > 1


_ONE_OF_MANY = frozenset({"a", "an", "each", "every"})


def _owners(clause: Clause, draft: Draft) -> None:
    """`A customer has a name, …` and `Customer: name, …`."""
    if clause.verb == "belong":
        _add_all(draft, (*clause.subjects, *clause.after("to")), clause, described=True)
        return
    if clause.verb not in {"be", "have", ""} and not (clause.objects or clause.passive):
        _arriving(clause, draft)
        return
    units = {"in", "per", "at", "of", "from", "to"}  # `weight in kg, price per kg`
    listing = clause.verb == ":" and clause.objects and all(entry.preposition in units for entry in clause.attached)
    describing = clause.verb in {"have", "contain", "include", "consist", "hold", "need"} and not clause.passive
    if not (describing or listing):
        return
    parts = (*clause.objects, *clause.after("of"), *clause.after("with"))
    if not parts or all(phrase.head in lexicon.GENERIC_NOUNS - ATTRIBUTES for phrase in parts):
        return
    described = any(part.head in ATTRIBUTES for part in parts) and not (listing and len(parts) == 1)
    for subject in clause.subjects:
        noun = noun_of(subject)
        if clause.verb == "need" and (is_role_noun(noun) or noun in draft.roles):
            continue  # `the coordinator needs a report` says nothing of what a coordinator is
        is_the_app = subject.head == "tool" and not (subject.many or subject.determiner in _ONE_OF_MANY)
        if subject.determiner in {"our", "my"} and not described and clause.verb == "have" and any(part.many for part in parts):
            _add_all(draft, tuple(part for part in parts if part.many and part.head not in ATTRIBUTES), clause)
            continue  # `our choir has 60 singers`
        named = (
            not is_the_app
            and is_recordable(
                noun,
                described=described
                and (subject.many or subject.determiner in _ONE_OF_MANY or noun.endswith(" list"))
                and (len(parts) > 1 or bool(parts[0].inside)),
            )
            and noun not in draft.hidden
            and subject.determiner != "pronoun"
        )
        usual = listing and trades.is_known(noun) and any(is_role_noun(noun_of(part)) or draft.find(part) for part in parts)
        if named and (described or usual or (not listing and noun.split(" ")[-1] not in ORGANISATIONS)):
            draft.record(noun, stated(clause.quote))


def _arriving(clause: Clause, draft: Draft) -> None:
    """`animals arrive with a species and a breed`, `donors register with a name and a phone`."""
    if sum(part.head in ATTRIBUTES for part in clause.after("with")) > 1:
        for subject in clause.subjects:
            if subject.determiner != "pronoun" and is_recordable(noun_of(subject)):
                draft.record(noun_of(subject), stated(clause.quote))


def _add_all(draft: Draft, phrases: tuple[Phrase, ...], clause: Clause, *, described: bool = False) -> None:
    for phrase in phrases:
        noun = noun_of(phrase)
        if is_recordable(noun) or (described and noun.rsplit(" ", maxsplit=1)[-1] in _DESCRIBABLE):
            draft.record(noun, stated(clause.quote))


_ANSWERED = frozenset("question quiz survey post thread poll message comment topic them it".split())


def is_act(clause: Clause) -> bool:
    """Whether the act is kept: `register for events` is a registration, `register patients` adds patients."""
    if clause.verb in {"answer", "respond"} and clause.after("with") and not any(phrase.head in _ANSWERED for phrase in clause.objects):
        return False  # `answers each finding with an action`: what a finding has
    if clause.verb != "register":
        return clause.verb in ASSOCIATIONS
    return not clause.passive and not clause.objects and bool(clause.after("for"))


def _managed(clause: Clause, draft: Draft) -> None:
    """`customer management, policy management`, `management of rooms and guests`."""
    phrases = (*clause.objects, *clause.subjects, *(phrase for entry in clause.attached for phrase in entry.phrases))
    for phrase in phrases:
        if phrase.head in {"management", "tracking", "catalog", "catalogue", "directory"} and phrase.nouns:
            noun = noun_of(phrase)
            if is_recordable(noun) and noun.split(" ")[-1] not in ORGANISATIONS:
                draft.record(noun, stated(clause.quote))
        if phrase.head in {"management", "tracking"} and phrase.of is not None:
            _add_all(draft, (phrase.of,), clause)


def _kept(clause: Clause, draft: Draft) -> None:
    """Objects of verbs that keep: add, submit, track, browse, book an appointment."""
    kinds = VERBS.get(clause.verb, frozenset())
    building = VerbKind.build in kinds and any(_is_app(phrase) for phrase in clause.objects)
    if building:
        _announced(clause, draft)
        return
    if _applies(clause):
        draft.record("application", stated(clause.quote))
    if not kinds & (_KEEPING | {VerbKind.associate, VerbKind.transition, VerbKind.relate}):
        return
    objects = clause.subjects if clause.passive else clause.objects
    for phrase in objects if kinds & {VerbKind.keep, VerbKind.create} else ():
        if phrase.owner and phrase.head in ATTRIBUTES and is_recordable(phrase.owner):  # `store the customer's height`
            draft.record(phrase.owner, stated(clause.quote))
    if is_act(clause) and not clause.negated:
        objects += tuple(phrase for phrase in clause.after("to", "for", "in", "on", "of") if phrase.head not in ORGANISATIONS)
    idle = bool(clause.subjects) and all(phrase.head in _IDLE_SUBJECTS for phrase in clause.subjects)
    if (
        idle
        and sum(phrase.head in ATTRIBUTES for phrase in objects) > 1
        and not any(phrase.many and not phrase.inside for phrase in objects[:1])
    ):
        return  # `we record the weight, the service and the date`: of what was spoken of before
    for phrase in objects:
        _keep(phrase, clause, kinds, draft)


def _bare(clause: Clause, draft: Draft) -> None:
    """`bookings for a day`, as a whole line: what is kept, if it is a usual thing to keep."""
    for phrase in clause.objects if clause.verb == "" and len(clause.objects) == 1 and clause.attached else ():
        if phrase.many and trades.is_known(noun_of(phrase)) and is_recordable(noun_of(phrase)) and phrase.head not in REPORT_NOUNS:
            draft.record(noun_of(phrase), stated(clause.quote))


def _applies(clause: Clause) -> bool:
    """`applicants submit an application`: not a program, but what people send in."""
    handed = clause.verb in {"submit", "send in", "hand in", "receive", "review", "accept", "reject", "approve", "withdraw", "decline"}
    return handed and any(phrase.head == "application" for phrase in (clause.subjects if clause.passive else clause.objects))


def _is_app(phrase: Phrase) -> bool:
    return phrase.head in APP_NOUNS or any(noun in APP_NOUNS for noun in phrase.nouns[-1:])


def _announced(clause: Clause, draft: Draft) -> None:
    """`a system for patients and claims`: plural nouns behind "for" are what it is about."""
    for phrase in clause.after("for", "about"):
        noun = noun_of(phrase)
        business = phrase.head in ORGANISATIONS | {"user", "people", "person", "web"} or (is_role_noun(noun) and noun in draft.roles)
        if is_recordable(noun) and not business and (phrase.many or phrase.head in lexicon.GENERIC_NOUNS or "entity" in phrase.text):
            _take(draft, noun, clause)


def _take(draft: Draft, noun: str, clause: Clause) -> None:
    """Add a record; `accounting claim` and `claim` are the same one, named by the shorter."""
    draft.record(noun, stated(clause.quote))


def _keep(phrase: Phrase, clause: Clause, kinds: frozenset[VerbKind], draft: Draft) -> None:
    act = noun_of(phrase)
    if act.endswith("ing") and lexicon_tag(act).startswith("VBG") and (phrase.head in TAILS or not (phrase.determiner or phrase.many)):
        return  # `a waiting list`, against `each milking`
    if phrase.determiner in {"pronoun", "your"} or (phrase.head in ORGANISATIONS and phrase.determiner in {"my", "our"}):
        return
    if phrase.of is not None and noun_of(phrase) != noun_of(phrase.of) and is_recordable(noun_of(phrase.of)):
        draft.record(noun_of(phrase.of), stated(clause.quote))
    noun = noun_of(phrase)
    producing = bool(kinds & {VerbKind.create, VerbKind.manage, VerbKind.keep})
    figure = phrase.head in REPORT_NOUNS and not (producing and clause.verb not in {"generate", "export", "download", "list"})
    listed = _is_listed(phrase, clause, producing=producing) and not phrase.inside
    if figure or not is_recordable(noun, listed=listed, described=listed and _is_described(clause)):
        return
    if noun in draft.roles and not producing:
        return
    reading_only = not kinds & (_KEEPING - {VerbKind.read} | {VerbKind.associate, VerbKind.transition}) and VerbKind.read not in kinds
    if reading_only and (_part_of_known(noun, draft) or clause.verb not in {"identify", "select", "choose", "pick"}):
        return
    if _is_part_of(clause, kinds):
        return
    head = noun.split(" ")[-1]
    if is_act(clause) and ASSOCIATIONS[clause.verb].noun.lower() != head and is_role_noun(noun):
        return
    draft.record(_named(noun, draft), stated(clause.quote))


def _is_listed(phrase: Phrase, clause: Clause, *, producing: bool) -> bool:
    """`collect fees`, `write a treatment note`: many are entered, or a compound says which."""
    return (phrase.many and (producing or clause.verb == "collect")) or (bool(phrase.nouns) and producing and bool(clause.subjects))


def _is_described(clause: Clause) -> bool:
    """`plans with a title, a fee and a duration`."""
    return sum(part.head in ATTRIBUTES for part in clause.after("with", "including")) > 1


def _named(noun: str, draft: Draft) -> str:
    """`patient fee` is a `fee` (of a patient) if patients are records themselves."""
    words = noun.split(" ")
    whole = words[0] in draft.records or words[0] in draft.roles
    if (
        len(words) == 2
        and whole
        and is_recordable(words[1], listed=True)
        and not trades.is_known(noun)
        and words[1] not in {"request", "item", "order"}
    ):
        return words[1]
    return noun


def _part_of_known(noun: str, draft: Draft) -> bool:
    words = noun.split(" ")
    return len(words) > 1 and any(word in draft.records for word in words[:-1])


def _is_part_of(clause: Clause, kinds: frozenset[VerbKind]) -> bool:
    """`record action steps for every call`: what is noted for each of something is its field."""
    each = [phrase for phrase in clause.after("for", "of", "in") if phrase.determiner in {"each", "every"}]
    return bool(each) and VerbKind.keep in kinds and clause.verb not in {"log", "track"} and is_recordable(noun_of(each[0]))


def _called_like_the_act(clause: Clause, clauses: list[Clause], draft: Draft) -> None:
    """`Owners may appeal a violation … the appeal is dismissed`: what somebody does and is then spoken of as a thing."""
    acting = not clause.passive and clause.objects and any(is_role_noun(noun_of(phrase)) for phrase in clause.subjects)
    if not acting or VERBS.get(clause.verb, frozenset()) & {VerbKind.read, VerbKind.permit, VerbKind.associate}:
        return
    for other in clauses:
        for phrase in (*other.subjects, *other.objects):
            named = noun_of(phrase) == clause.verb and phrase.determiner in _ONE_OF_MANY | {"the", "all"}
            if named and other.quote != clause.quote and is_recordable(clause.verb):
                draft.record(clause.verb, stated(other.quote))
                return


def _spoken_of_often(clauses: list[Clause]) -> frozenset[str]:
    """The nouns that stand in more than one sentence."""
    said: dict[str, set[str]] = {}
    for clause in clauses:
        attached = (phrase for entry in clause.attached for phrase in entry.phrases)
        for phrase in (*clause.subjects, *clause.objects, *attached):
            for each in (phrase, phrase.of) if phrase.of else (phrase,):
                said.setdefault(noun_of(each), set()).add(clause.quote)
    return frozenset(noun for noun, quotes in said.items() if len(quotes) > 1)


_MADE_FOR = frozenset("for against on to at in".split())


def _referred(clause: Clause, often: frozenset[str], draft: Draft) -> None:
    """`take orders for a table`, `log entries against a matter`: one of many things something is made for, if more is said of it."""
    kinds = VERBS.get(clause.verb, frozenset())
    made = clause.subjects if clause.passive else clause.objects
    placed = clause.passive and clause.verb in _PLACED
    if (
        clause.negated
        or not (placed or kinds & {VerbKind.create, VerbKind.keep, VerbKind.associate, VerbKind.update})
        or not any(map(draft.find, made))
    ):
        return
    for phrase in clause.after(*_MADE_FOR):
        noun = noun_of(phrase)
        known = draft.find_noun(noun) is not None or is_role_noun(noun) or noun in draft.roles or phrase.head in TAILS
        several = placed and phrase.many and noun in often
        if not known and (several or _is_one_of_many(phrase, draft)) and is_recordable(noun) and (noun in often or trades.is_known(noun)):
            draft.record(noun, stated(clause.quote))


_PLACED = frozenset("plant store place locate install house organise organize file park hang mount arrange shelve pack".split())
"""`trees are planted in rows`: what holds them is kept as well."""


def _is_one_of_many(phrase: Phrase, draft: Draft) -> bool:
    """`for a table`, no place, and no second word for an appointment there is."""
    single = phrase.determiner in _ONE_OF_MANY | {"the", "another"} and not phrase.many and phrase.of is None
    act_too = phrase.head in lexicon.EVENT_NOUNS and any(noun.split(" ")[-1] in lexicon.EVENT_NOUNS for noun in draft.records)
    return single and not act_too and phrase.head not in ORGANISATIONS


def _connected(clause: Clause, draft: Draft) -> None:
    """`connects students with companies`: both sides have a record of their own; `browse by category` keeps categories."""
    if clause.verb in {"connect", "match"}:
        _add_all(draft, (*clause.objects, *clause.after("with", "to", "and")), clause)
    if clause.verb in {"browse", "filter", "search", "group", "organise", "organize", "sort"}:
        for phrase in clause.after("by", "into"):
            if phrase.head in {"category", "topic", "tag", "department", "genre"}:
                draft.record(phrase.head, stated(clause.quote))


def _of_the_app(clause: Clause, draft: Draft) -> None:
    """Nothing else was found: `recipe box`, `invoice tracker`, `visitor log` name what is kept."""
    keeping = bool(VERBS.get(clause.verb, frozenset()) & {VerbKind.keep, VerbKind.manage, VerbKind.build})
    for phrase in (*clause.objects, *clause.subjects, *clause.after("for", "about")):
        if not (phrase.nouns or keeping):
            continue
        for word in reversed((*phrase.nouns, phrase.head)):
            noun = noun_of(Phrase(word))
            singular_noun = noun if is_recordable(noun) else ""
            if singular_noun and singular_noun not in ORGANISATIONS and not is_role_noun(singular_noun):
                draft.record(singular_noun, stated(clause.quote), weak=True)
                return
