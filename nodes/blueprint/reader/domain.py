"""What the built-in builder does not make, and what it does instead. It refuses with a reason rather than pretend."""

import re

from nodes.artifacts import BuildRequest, StackName, TargetPlatform, UnmetPreference
from nodes.blueprint.reader.tagging import lexicon_tag
from nodes.errors import DescriptionOutOfDomain, DescriptionUnclear

_INSTEAD = "It makes web apps that keep records: people, forms, lists, roles, workflow states and reports."
_MODEL = "Set a key and choose a model (openai:<model> or azure:<deployment>) for this"

COMMAND_LINE_TOOL, GAME = "a command-line tool", "a game"

REFUSED: tuple[tuple[str, str, str], ...] = (
    (
        r"""^[^.!?\n]*(?:\b(?:2048|tetris|sudoku|minesweeper|hangman|tic[- ]tac[- ]toe|flappy[ ]bird|solitaire)\b
        |\b(?:an?|the|my|this|simple|browser)\s+(?:[\w-]+\s+){0,3}game\b
        (?!\s+(?:store|shop|library|collection|catalog\w*|rental|night|club))
        |\b(?:first[- ]person|multiplayer)[ ](?:shooter|arena|battle)|\bplatformer\b
        |\bchess[ ](?:engine|against|with[ ]ai)|\bplay[ ]chess\b)""",
        GAME,
        "The builder could make an app that keeps players, matches and scores.",
    ),
    (
        r"\b(command[- ]line|cli[ ]tool|cli[ ]app|cli\b|terminal[ ](?:tool|app)|shell[ ]script|bash[ ]script|daemon|cron[ ]job[ ]that)",
        COMMAND_LINE_TOOL,
        "The builder could make a web app that keeps what the tool would work on.",
    ),
    (
        r"""\b(desktop[ ](?:app|application|tool|program)|windows[ ]app|mac(?:os)?[ ]app|electron[ ]app|tkinter|pyqt|\bqt[ ]app
        |operating[ ]system|device[ ]driver|(?:excel|word|office)[ ](?:macro|add-?in)|vba[ ]macro
        |browser[ ]extension|chrome[ ]extension|vs[ ]?code[ ]extension|plugin[ ]for)\b""",
        "a desktop program or extension",
        "The builder could make the same records usable in a browser.",
    ),
    (
        r"\b(mobile[ ]app|android[ ]app|ios[ ]app|iphone[ ]app|react[ ]native|flutter|smartphone[ ]app)\b",
        "a mobile app",
        "The builder could make a web app whose pages fit a phone.",
    ),
    (
        r"""\b((?<!unit[ ])(?<!currency[ ])(?<!units[ ])calculator|converts?[ ](?:text|markdown|files|pdf|images)|encrypt
        |decrypt|compiler|sorting[ ]algorithm|algorithm[ ](?:that|to|for)|parse[sr]?[ ](?:a|the)|password[ ]generator|qr[ ]code[ ]generator
        |image[ ](?:editor|filter|resizer)|text[ ]editor|drawing[ ]app|paint[ ]app|pomodoro|stopwatch|metronome|music[ ]player
        |video[ ]player|chat[ ]?bot|web[ ]scraper|scrap(?:e|es|ing)[ ]|machine[ ]learning|neural[ ]network|train(?:s)?[ ]a[ ]model
        |(?:physics|flight|traffic|weather)[ ]simulat(?:ion|or)|blockchain|smart[ ]contract|crypto(?:currency)?[ ]wallet
        |(?:discord|telegram|slack|twitter|whatsapp|trading)[ ]bot
        |(?:python|javascript|typescript|java|npm|rust|c\+\+)[ ](?:library|package|module|sdk)
        |generat\w+[ ](?:pictures|images|photos|music|videos|text|code|art)|video[ ]editor|photo[ ]edit(?:or|ing)
        |recommendation[ ]engine|speech[ ]recognition|face[ ]recognition)\b""",
        "computation rather than records",
        "The builder could keep the inputs and results as records that people enter.",
    ),
    (
        r"""\b(weather[ ]app|using[ ]an[ ]api[ ]for[ ](?!exchange)|fetch(?:es)?[ ](?:data|weather|news|prices|rates|stock)
        |(?:weather|stock[ ]price|news|twitter|maps?)[ ]api|real[- ]time[ ](?:stock|crypto|exchange|traffic|weather))\b""",
        "data from an outside service",
        "The builder could make an app in which people enter those data themselves.",
    ),
)
"""Verbose pattern, what it is, what could be built instead. General kinds of software, not single products."""

_ENGLISH = frozenset(
    """the a an of and or to for with in on by is are has have who can that users user app system create build each from as at it be
    this their they i we my management tracker""".split()
)
_FOREIGN = frozenset(
    """le la les un une et est dans avec pour chaque livre der das und ein eine einen ist mit für jeder hat wir el los las una para
    cada tiene il gli di che ogni het een voor och är att som til af ou que um uma""".split()
)
"""Little words of other languages that are no English words."""

_ON_ANY_STACK = "sqlite html html5 css css3 web rest api rest-api restful docker javascript sql json http server-rendered"
_MET = {
    StackName.python_web: frozenset(
        f"{_ON_ANY_STACK} python fastapi sqlalchemy postgres postgresql jinja jinja2 uvicorn pytest alembic pydantic openapi".split()
    ),
    StackName.node_records: frozenset(f"{_ON_ANY_STACK} node node.js nodejs typescript".split()),
}
"""Technologies an app of a stack is made of anyway."""

_NAMED_TECHNOLOGIES = re.compile(
    r"""\b(react|vue(?:\.js)?|angular|svelte|next\.?js|node(?:\.?js)?|express(?:\.js)|django|flask|ruby[ ]on[ ]rails|rails|laravel|php|java
    |spring[ ]boot|kotlin|swift|golang|rust|\.net|c\#|typescript|mongodb|mysql|mariadb|redis|firebase|supabase|graphql|tailwind|bootstrap
    |kubernetes|local[ ]?storage|dynamodb|oracle|sql[ ]server|elasticsearch)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_SERVICES = re.compile(
    r"\b(stripe|paypal|google maps|twilio|whatsapp|slack|google calendar|oauth|single sign-on|sso|payment gateway)\b", re.IGNORECASE
)


def check_domain(request: BuildRequest) -> None:
    """Raise `DescriptionUnclear` for text that is too short or not English, `DescriptionOutOfDomain` for other software."""
    text = f"{request.app_description}\n{request.requirements or ''}"
    if request.target_platform not in {TargetPlatform.web, TargetPlatform.api}:
        raise DescriptionOutOfDomain(
            _refusal(f"a program for the platform {request.target_platform}", "The builder could make the same app for the web.")
        )
    words = re.findall(r"[^\W\d_]+", text.lower())
    if kind := kind_of_software(request):
        raise DescriptionOutOfDomain(_refusal(kind, next(instead for _, named, instead in REFUSED if named == kind)))
    if len(words) < 2:
        raise DescriptionUnclear("It is too short to read.")
    if len(words) > 5 and not _is_english(words):
        raise DescriptionUnclear("The text does not read as English, which is the only language the built-in builder knows.")


def kind_of_software(request: BuildRequest) -> str | None:
    """What other than a data-centred web app the first sentence asks for: one of the kinds in `REFUSED`."""
    opening = _opening(request.app_description)
    return next((kind for pattern, kind, _ in REFUSED if re.search(pattern, opening, re.VERBOSE)), None)


def _is_english(words: list[str]) -> bool:
    """By the little words of the language, or by a dictionary: `Visitors come three times per week` has none of them."""
    small, known = sum(word in _ENGLISH for word in words), sum(bool(lexicon_tag(word)) for word in words)
    if sum(word in _FOREIGN for word in words) >= max(2, small):
        return False
    return small / len(words) >= 0.06 or known / len(words) >= 0.8


def _opening(description: str) -> str:
    """The first sentence, which says what kind of software is asked for."""
    return re.split(r"[.!?](?:\s|$)|\n", description.strip(), maxsplit=1)[0].lower()


def left_out(request: BuildRequest) -> tuple[str, ...]:
    """What a later sentence asks for beside the records: named as not built, rather than a reason to refuse the whole."""
    text = f"{request.app_description}\n{request.requirements or ''}".lower()
    rest = text[len(_opening(request.app_description)) :]
    return tuple(
        f"{kind[0].upper()}{kind[1:]} is mentioned and not built; it takes a model."
        for pattern, kind, _ in REFUSED
        if re.search(pattern, rest, re.VERBOSE)
    )


def _refusal(kind: str, instead: str) -> str:
    return f"It asks for {kind}. {_MODEL}: a model would write that logic. {instead} {_INSTEAD}"


def unmet_preferences(request: BuildRequest, stack: StackName = StackName.python_web) -> tuple[UnmetPreference, ...]:
    """Wishes about technology that `stack`, one that keeps records, does not fulfil, named in the request or its text."""
    text = f"{request.app_description} {request.requirements or ''}"
    wished = [*request.tech_stack_preferences, *(match.group(0) for match in _NAMED_TECHNOLOGIES.finditer(text))]
    found: dict[str, UnmetPreference] = {}
    for wish in wished:
        if wish.strip() and not set(re.findall(r"[a-z0-9.+#-]+", wish.lower())) & _MET[stack]:
            found.setdefault(wish.lower(), UnmetPreference(preference=wish, reason=_why(wish, stack)))
    for match in _SERVICES.finditer(text):
        reason = _NO_SERVICE[stack]
        found.setdefault(match.group(0).lower(), UnmetPreference(preference=match.group(0), reason=reason))
    return tuple(found.values())


_NO_SERVICE = {
    StackName.python_web: "The built-in builder connects no outside service; a model or a developer adds it.",
    StackName.node_records: "Apps are checked without a network, so no outside service is connected; a developer adds it.",
}
_MADE_OF = {
    StackName.python_web: "The built-in builder writes Python with FastAPI, SQLAlchemy and server-rendered pages on SQLite or PostgreSQL.",
    StackName.node_records: "Apps on Node.js use its own modules only, server-rendered pages and SQLite, so that they can be checked.",
}


def _why(wish: str, stack: StackName) -> str:
    if "storage" in wish.lower():
        return "Data is kept in the server's database, so it is shared between devices and survives the browser."
    return _MADE_OF[stack]
