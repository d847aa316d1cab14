"""What type of value a field name promises: `birthday` is a date, `daily price` money. Rules, most specific first."""

from dataclasses import dataclass

from nodes.artifacts import FieldType


@dataclass(frozen=True)
class ValueRule:
    """If any of `words` is in the name, the field has `type`, with these limits and choices."""

    words: frozenset[str]
    type: FieldType
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


def _rule(words: str, type_: FieldType, choices: str = "", minimum: float | None = None, maximum: float | None = None) -> ValueRule:
    return ValueRule(frozenset(words.split()), type_, tuple(choices.split()), minimum, maximum)


HEAD_RULES = (
    _rule("email e-mail mail", FieldType.email),
    _rule("phone telephone mobile cell fax whatsapp landline", FieldType.phone),
    _rule("url link website homepage photo image picture avatar logo video attachment document file", FieldType.url),
    _rule("sex gender", FieldType.choice, "female male other"),
    _rule("priority urgency severity importance", FieldType.choice, "low medium high"),
    _rule("difficulty", FieldType.choice, "easy medium hard"),
    _rule("age", FieldType.integer, minimum=0, maximum=150),
    _rule("birthday birthdate dob anniversary deadline birth", FieldType.date),
    _rule("expiry expiration due", FieldType.date),
    _rule("datetime timestamp", FieldType.datetime),
    _rule("date day", FieldType.date),
    _rule("duration minute minutes", FieldType.integer, minimum=0),
    _rule("km kilometre kilometer litre liter kilo kg gram", FieldType.decimal, minimum=0),
    _rule("time", FieldType.datetime),
    _rule("rating star stars", FieldType.integer, minimum=1, maximum=5),
    _rule("rate probability", FieldType.decimal, minimum=0),
    _rule(
        "hour hours weight height length width distance temperature percentage percent latitude longitude size_cm dose", FieldType.decimal
    ),
    _rule(
        """price cost amount fee salary rent budget fine wage payment balance deposit premium tax subtotal revenue income expense
        money charge tip earnings donation value worth fare bonus""",
        FieldType.money,
        minimum=0,
    ),
    _rule(
        """quantity count capacity seat seats stock score point points calorie calories mileage room rooms bedroom bathroom guest guests
        attendees people passengers limit copies pages servings seats floor population inventory units level""",
        FieldType.integer,
        minimum=0,
    ),
    _rule("year", FieldType.integer, minimum=1900, maximum=2100),
    _rule("available active enabled published urgent recurring vaccinated neutered mandatory", FieldType.boolean),
    _rule(
        """description note notes content body message detail details instruction instructions ingredient ingredients biography bio
        reason summary symptom symptoms feedback text letter remark remarks comment comments requirement requirements abstract
        agenda diagnosis treatment step steps history prescription resolution question method directions terms""",
        FieldType.long_text,
    ),
)
"""By head word (the last), then by any word of the name. Sources: HTML input types, schema.org property ranges."""

IDENTIFYING = frozenset("number code isbn sku barcode vin plate serial license reference id".split())
"""Words of identifiers: `invoice number` is text, although `number of rooms` is a count."""

ATTRIBUTES = frozenset(
    """name title subject label code isbn sku address colour color size brand make model breed species genre location place city country
    position role language nationality occupation job_title status state type category kind grade plan unit
    reference number surname firstname lastname nickname username caption heading author publisher period term option_text
    edition skill skills hobby subject manufacturer destination origin purpose
    speciality specialty shelf allergen start end outcome cause stage vat expiry street zip
    scan pdf screenshot
    postcode county region party slug emoji result rank""".split()
).union(*(rule.words for rule in HEAD_RULES)) - {"document", "file", "comment", "message", "question", "payment", "expense", "donation",
    "guest", "person", "people", "room", "passengers", "attendees", "charge",
    "prescription", "treatment", "step", "point", "seat"}  # fmt: skip
"""Nouns that describe something else; on their own they never become a record."""


@dataclass(frozen=True)
class Value:
    """The type found for a field name."""

    type: FieldType
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    certain: bool = True


def value_of(words: tuple[str, ...], *, counted: bool = False, choices: tuple[str, ...] = ()) -> Value:
    """The type of a field by the words of its name, the last being the head. `counted`: "number of …"."""
    if {choice.lower() for choice in choices} == {"yes", "no"}:
        return Value(FieldType.boolean)
    if choices:
        return Value(FieldType.choice, tuple(dict.fromkeys(choices)))
    if counted:
        return Value(FieldType.integer, minimum=0)
    head = words[-1] if words else ""
    if words and words[0] in {"is", "has", "whether"}:
        return Value(FieldType.boolean)
    return _by_combination(head, set(words)) or _by_table(head, set(words)) or Value(FieldType.text, certain=head in ATTRIBUTES)


def _by_combination(head: str, words: set[str]) -> Value | None:
    """Types that two words decide together: `invoice number`, `date and time`, `cooking time`, `opening time`."""
    if head in IDENTIFYING and not words & {"phone", "telephone", "mobile", "fax"}:
        return Value(FieldType.text)
    if {"date", "time"} <= words:
        return Value(FieldType.datetime)
    if head == "time" and words & _LASTING:
        return Value(FieldType.integer, minimum=0)
    if head in {"start", "end"} and words & {"planned", "actual", "expected", "scheduled"}:
        return Value(FieldType.datetime)
    if head == "time" and words & {"opening", "closing"}:
        return Value(FieldType.time)
    return None


def _by_table(head: str, words: set[str]) -> Value | None:
    for rule in HEAD_RULES:
        if head in rule.words:
            return _valued(rule)
    for rule in HEAD_RULES:
        if rule.type not in {FieldType.long_text, FieldType.integer, FieldType.boolean} and rule.words & words:
            return _valued(rule)
    return None


_LASTING = frozenset("cooking preparation prep baking travel waiting running lead delivery".split())
"""`cooking time` lasts some minutes; other times are moments."""


def _valued(rule: ValueRule) -> Value:
    return Value(rule.type, rule.choices, rule.minimum, rule.maximum)
