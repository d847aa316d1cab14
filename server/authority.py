"""Who calls and what they may do, as the `langgraph_sdk.Auth` of a langgraph.json decides. Which request asks what is the gate's.

Whatever cannot be understood is refused: an answer of the file's handlers that is none of those the SDK names is a fault.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from inspect import Parameter, isawaitable, signature
from typing import Any, TypeAlias, cast

from langgraph_sdk import Auth
from langgraph_sdk.auth.types import AuthContext, StudioUser
from pydantic_core import to_jsonable_python
from typing_extensions import override

from checkpoints.records import JsonObject
from server.graphs import import_source
from server.langgraph_json import LanggraphConfig
from server.services.errors import ConfigUnusable

Refusal = Auth.exceptions.HTTPException
Handler: TypeAlias = Callable[..., Awaitable[object]]

OFFERED = frozenset("request headers authorization path method path_params query_params body".split())
"""What `authenticate` may ask for, by the name of the parameter."""

STUDIO_SCHEME = "langsmith"
"""What LangGraph Studio sends as x-auth-scheme."""


class User(Mapping[str, object]):
    """The person `authenticate` names, with every property handlers look for; also a mapping, as LangGraph's own server gives it."""

    def __init__(self, known: JsonObject, given: object = None) -> None:
        self.identity = str(known["identity"])
        self.permissions: Sequence[str] = list(cast("Sequence[str]", known.get("permissions") or ()))
        usual = {"is_authenticated": True, "display_name": self.identity}
        self._known: JsonObject = {**usual, **known, "identity": self.identity, "permissions": self.permissions}
        self._given = given

    def __getattr__(self, name: str) -> object:
        if name in self._known:
            return self._known[name]
        return getattr(self._given, name)

    @override
    def __getitem__(self, name: str) -> object:
        return self._known[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    @override
    def __len__(self) -> int:
        return len(self._known)

    def for_graphs(self) -> JsonObject:
        """As it is kept with runs and found by graphs."""
        told: JsonObject = to_jsonable_python(self._known, fallback=str)
        return told


def user_of(given: object) -> User:
    """The user that `authenticate` answered: an id, a mapping with an identity, or an object with one. Raises `Refusal` for nobody."""
    match given:
        case None | "" | False:
            raise Refusal(401)
        case str():
            return User({"identity": given})
        case Mapping() if given.get("identity"):
            return User({str(name): value for name, value in given.items()})
        case _ if getattr(given, "identity", None):
            known = ("identity", "display_name", "is_authenticated", "permissions")
            return User({name: getattr(given, name) for name in known if hasattr(given, name)}, given)
        case _:
            raise TypeError(f"authenticate answered a {type(given).__name__} without an identity.")


class Authority:
    """The handlers of one Auth. Raises `ConfigUnusable` for one that would let everybody in, or asks for what there is not."""

    def __init__(self, auth: object, *, admits_studio: bool = False) -> None:
        if not isinstance(auth, Auth):
            raise ConfigUnusable(f"auth.path names a {type(auth).__name__}; it has to name a langgraph_sdk.Auth.")
        authenticate = auth._authenticate_handler  # noqa: SLF001 - the SDK says of it that servers read it
        if authenticate is None:
            raise ConfigUnusable("the file of auth.path registers no @auth.authenticate, so nobody could be told from anybody.")
        self._auth = auth
        self._authenticate: Callable[..., object] = authenticate
        self._wanted = _wanted(authenticate)
        self._admits_studio = admits_studio

    @property
    def reads_body(self) -> bool:
        """Whether a request's body has to be there before it is known who sent it."""
        return bool(self._wanted & {"body", "request"})

    async def user(self, offered: Mapping[str, object], *, auth_scheme: str | None) -> User | StudioUser:
        """Who sent a request. Raises `Refusal`."""
        if self._admits_studio and auth_scheme == STUDIO_SCHEME:
            return StudioUser("langgraph-studio-user", is_authenticated=True)
        try:
            answer = self._authenticate(**{name: offered[name] for name in self._wanted})
            return user_of(await answer if isawaitable(answer) else answer)
        except AssertionError as error:
            raise Refusal(401, str(error) or None) from error

    async def filter(self, user: User | StudioUser, resource: str, action: str, value: dict[str, Any]) -> JsonObject | None:
        """What must be in the metadata of the things concerned, None if nothing must. `value` may be changed. Raises `Refusal`."""
        handler = self._handler(resource, action)
        if handler is None:
            return None
        context = AuthContext(
            permissions=user.permissions, user=cast("Any", user), resource=cast("Any", resource), action=cast("Any", action)
        )
        try:
            answer = await handler(ctx=context, value=value)
        except AssertionError as error:  # the SDK's examples assert what must hold
            raise Refusal(403, str(error) or None) from error
        match answer:
            case None | True:
                return None
            case False:
                raise Refusal(403)
            case Mapping():
                return contained(answer) or None
            case _:
                raise TypeError(f"The handler of {resource}.{action} answered a {type(answer).__name__}, which is no filter.")

    def _handler(self, resource: str, action: str) -> Handler | None:
        """The most specific there is, in the order of LangGraph's own server."""
        for key in ((resource, action), (resource, "*"), ("*", action), ("*", "*")):
            if handlers := self._auth._handlers.get(key):  # noqa: SLF001 - as above
                return cast("Handler", handlers[-1])
        everything = self._auth._global_handlers  # noqa: SLF001 - as above
        return cast("Handler", everything[-1]) if everything else None


def read_authority(config: LanggraphConfig, *, studio: bool = False) -> Authority | None:
    """The one the file of `auth.path` makes; None without such a file. Raises `ConfigUnusable`.

    With `studio`, LangGraph Studio is let in, which cannot show who uses it: only where nobody else can reach the server.
    """
    if config.auth is None:
        return None
    source = config.auth.source
    try:
        auth = getattr(import_source(source, config.import_folders), source.attribute)
    except (ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError, LookupError, OSError, RuntimeError) as error:
        raise ConfigUnusable(f"auth.path {source.path}:{source.attribute}: {type(error).__name__}: {error}") from error
    return Authority(auth, admits_studio=studio and config.auth.may_admit_studio)


def _wanted(authenticate: Callable[..., object]) -> frozenset[str]:
    asked = signature(authenticate).parameters.values()
    unknown = [one.name for one in asked if one.name not in OFFERED and one.default is Parameter.empty]
    if unknown:
        raise ConfigUnusable(f"authenticate asks for {', '.join(unknown)}; there are {', '.join(sorted(OFFERED))}.")
    return frozenset(one.name for one in asked if one.name in OFFERED)


def contained(given: Mapping[Any, object]) -> JsonObject:
    """A filter as the metadata it asks for, to be contained. Raises TypeError for what containment cannot say exactly.

    `{"owner": "a"}` and `{"owner": {"$eq": "a"}}` are `{"owner": "a"}`; `{"team": {"$contains": "a"}}` is `{"team": ["a"]}`.
    """
    return {str(key): _contained(key, wanted) for key, wanted in given.items()}


def _contained(key: object, wanted: object) -> object:
    match list(wanted.items()) if isinstance(wanted, Mapping) else wanted:
        case [("$eq", value)] if _is_plain(value):
            return value
        case [("$contains", [*values])] if values and all(map(_is_plain, values)):
            return values
        case [("$contains", value)] if _is_plain(value):
            return [value]
        case value if _is_plain(value):
            return value
        case _:
            raise TypeError(f"The filter on {key!r} is none of: a value, {{'$eq': value}}, {{'$contains': value or list of values}}.")


def _is_plain(value: object) -> bool:
    return isinstance(value, str | int | float | bool)
