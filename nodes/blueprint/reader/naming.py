"""Singulars, plurals and identifiers for the words people use; it decides nothing about their meaning.

`inflect` was measured and not used: its import costs over a second on two cores, and its singulars go wrong on common
business words ("bus" → "bu", "analysis" → "analysi").
"""

import builtins
import keyword
import re
import unicodedata

IRREGULAR = {
    "people": "person", "children": "child", "men": "man", "women": "woman", "feet": "foot", "teeth": "tooth", "mice": "mouse",
    "geese": "goose", "criteria": "criterion", "analyses": "analysis", "diagnoses": "diagnosis", "theses": "thesis", "crises": "crisis",
    "indices": "index", "matrices": "matrix", "vertices": "vertex", "lives": "life", "wives": "wife", "knives": "knife",
    "halves": "half", "shelves": "shelf", "loaves": "loaf", "thieves": "thief", "movies": "movie", "cookies": "cookie",
    "calories": "calorie", "selfies": "selfie", "ties": "tie", "pies": "pie", "heroes": "hero", "potatoes": "potato",
    "tomatoes": "tomato", "shoes": "shoe", "leaves": "leave", "quizzes": "quiz", "buses": "bus", "gases": "gas", "lenses": "lens",
    "statuses": "status", "bonuses": "bonus", "viruses": "virus", "aliases": "alias", "businesses": "business", "axes": "axis",
    "taxes": "tax", "boxes": "box", "faxes": "fax", "campuses": "campus", "choruses": "chorus", "atlases": "atlas",
    "caches": "cache", "aches": "ache", "syllabi": "syllabus", "alumni": "alumnus", "fungi": "fungus", "cacti": "cactus",
    "houses": "house", "horses": "horse", "nurses": "nurse", "causes": "cause", "clauses": "clause", "courses": "course",
    "expenses": "expense", "purchases": "purchase", "licenses": "license", "warehouses": "warehouse", "databases": "database",
    "responses": "response", "releases": "release", "leases": "lease", "diseases": "disease", "exercises": "exercise",
    "premises": "premises", "invoices": "invoice", "cases": "case", "phrases": "phrase", "bases": "base", "vases": "vase",
    "franchises": "franchise", "enterprises": "enterprise", "promises": "promise", "uses": "use", "senses": "sense",
}  # fmt: skip
"""Plural → singular, where no rule below is right."""

UNCHANGED = frozenset(
    """staff news series species equipment information feedback data software hardware luggage furniture money cash stock advice
    progress address access business process class status bus gas boss bonus lens tax analysis diagnosis basis glass mass pass loss
    cross press dress mess chess axis crisis thesis virus campus chorus atlas alias kudos always sms css https canvas atlas
    basics logistics physics mathematics economics politics sports goods premises whereabouts js dns gps aws yes us mileage
    payroll inventory merchandise correspondence fitness illness wellness success excess harness witness""".split()
)
"""Words whose singular is themselves, most of them ending in s."""

_IRREGULAR_PLURAL = {singular: plural for plural, singular in IRREGULAR.items()} | {"base": "bases", "leave": "leaves", "axe": "axes"}
_MASS = frozenset("staff equipment information feedback data software hardware luggage furniture stock news series species".split())

RESERVED = frozenset({*keyword.kwlist, *dir(builtins)}) | frozenset(
    """metadata registry copy json dict schema schema_json construct validate fields id state created_at created_by created_by_id
    account self cls session query base app api db limit offset sort q items total page pages rules samples report health static
    docs openapi manage main settings database security model schemas template request response router test tests""".split()
)
"""Python keywords and builtins, attributes of pydantic and SQLAlchemy classes, and names the generated frame uses itself.

SQL keywords are not here: tables have plural names, columns are quoted by SQLAlchemy.
"""

RESERVED_FIELDS = RESERVED - {"total", "page", "pages", "items", "rules", "settings", "model", "template", "security", "response"}
"""Fields live inside a record, where the frame's module names are no danger."""

RESERVED_PLURALS = RESERVED | frozenset({"accounts", "reports", "sessions", "models", "apis", "queries", "records", "templates"})


def singular(word: str) -> str:
    """`policies` → `policy`, `team leads` → `team lead`; a word that is already singular comes back unchanged."""
    if " " in word:
        front, _, last = word.rpartition(" ")
        return f"{front} {singular(last)}"
    if word in UNCHANGED or len(word) < 4 or (not word.isalpha() and "-" not in word) or not word.endswith(("s", "i", "a", "e", "n")):
        return word
    if word in IRREGULAR:
        return IRREGULAR[word]
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "sses", "xes", "zes", "oes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """`policy` → `policies`; the last word of a phrase is inflected: `expense sheet` → `expense sheets`."""
    *front, last = word.split(" ")
    return " ".join([*front, _plural_of(last)])


def _plural_of(word: str) -> str:
    if word in _MASS:
        return word
    if word in _IRREGULAR_PLURAL:
        return _IRREGULAR_PLURAL[word]
    if word.endswith("is") and len(word) > 4:
        return word[:-2] + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word + "s"


def is_plural(word: str) -> bool:
    """Whether `word` has the form of a plural."""
    return word not in UNCHANGED and singular(word) != word


_LETTERS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "ł": "l", "Ł": "L", "đ": "d", "þ": "th", "ı": "i"}
)
"""Latin letters that Unicode takes for letters of their own, with no plain one within."""


def slug(text: str) -> str:
    """Lower-case ASCII words joined by underscores; empty if nothing is left. `Café №1` → `cafe_1`."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS)).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40].strip("_")


def identifier(text: str, *, fallback: str, suffix: str, reserved: frozenset[str] = RESERVED) -> str:
    """A name for code, SQL and URLs that collides with no reserved word: `order` → `order_record`.

    `fallback` replaces text without a Latin letter, and stands in front of a digit: `2nd visit` → `item_2nd_visit`.
    """
    name = slug(text) or fallback
    if not name[0].isalpha():
        name = f"{fallback}_{name}"
    if name in reserved or name.startswith("model_"):
        name = f"{name}_{suffix}" if not name.startswith("model_") else f"the_{name}"
    return name[:44].rstrip("_")


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name_2`, `name_3`, … if it is taken; the result is added to `taken`."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    taken.add(candidate)
    return candidate


def sentence_case(text: str) -> str:
    """`daily price` → `Daily price`; capitals within words (`VIN`) stay."""
    text = " ".join(text.split())
    return text[:1].upper() + text[1:]
