"""Values that a client sends for a graph's state, as the types the graph declares: JSON has no classes. Pure."""

from collections.abc import Hashable, Mapping
from functools import cache
from typing import Any, cast, get_args, get_type_hints

from pydantic import BaseModel, TypeAdapter


def typed_values(schema: type[Any] | None, values: object) -> object:
    """`values` with those made into classes whose channel is declared with pydantic's; all others as they came.

    Raises pydantic's ValidationError.
    """
    if schema is None or not isinstance(values, Mapping):
        return values
    adapters = _adapters(cast("Hashable", schema))
    return {name: adapters[name].validate_python(value) if name in adapters else value for name, value in values.items()}


@cache
def _adapters(schema: Hashable) -> Mapping[str, TypeAdapter[Any]]:
    try:
        declared = get_type_hints(schema)
    except (NameError, TypeError):  # names known only to a type checker: nothing to go by
        return {}
    return {name: TypeAdapter(kind) for name, kind in declared.items() if _holds_models(kind)}


def _holds_models(kind: object) -> bool:
    return (isinstance(kind, type) and issubclass(kind, BaseModel)) or any(_holds_models(part) for part in get_args(kind))
