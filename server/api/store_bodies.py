"""The bodies of the store routes, as clients of the LangGraph API send and expect them."""

from typing import Annotated, Literal

from pydantic import Field

from server.api.wire import JsonMap, WireBody, WireTime
from server.services.store import ItemSearch, NewItem

Word = Annotated[str, Field(max_length=500)]
Words = Annotated[tuple[Word, ...], Field(max_length=50)]
Key = Annotated[str, Field(min_length=1, max_length=1000)]
Limit = Annotated[int, Field(ge=1, le=1000)]
Offset = Annotated[int, Field(ge=0, le=2**31)]


class ItemPut(WireBody):
    """An item to store. `ttl` is in minutes."""

    namespace: Annotated[Words, Field(min_length=1)]
    key: Key
    value: JsonMap
    index: Literal[False] | list[str] | None = None
    ttl: Annotated[float, Field(gt=0, le=1e8, allow_inf_nan=False)] | None = None

    def item(self) -> NewItem:
        """As the service takes it."""
        return NewItem(self.namespace, self.key, self.value, self.index, self.ttl)


class ItemDelete(WireBody):
    """Which item to delete."""

    namespace: Words
    key: Key


class ItemsSearch(WireBody):
    """Which items to find. `filter` compares values: equal to, or `{"$gt": …}` and its like."""

    namespace_prefix: Words | None = None
    filter: JsonMap | None = None
    query: str | None = None
    limit: Limit = 10
    offset: Offset = 0
    refresh_ttl: bool | None = None

    def search(self) -> ItemSearch:
        """As the service takes it."""
        return ItemSearch(self.namespace_prefix or (), self.filter, self.query, self.limit, self.offset, self.refresh_ttl)


class NamespacesSearch(WireBody):
    """Which namespaces to list."""

    prefix: Words | None = None
    suffix: Words | None = None
    max_depth: Annotated[int, Field(ge=1, le=50)] | None = None
    limit: Limit = 100
    offset: Offset = 0


class ItemOnWire(WireBody):
    """An item as clients see it. `score` is there where the store searched by meaning."""

    namespace: tuple[str, ...]
    key: str
    value: JsonMap
    created_at: WireTime
    updated_at: WireTime
    score: float | None = None


class ItemsFound(WireBody):
    """A page of items."""

    items: tuple[ItemOnWire, ...]


class NamespacesFound(WireBody):
    """A page of namespaces."""

    namespaces: tuple[tuple[str, ...], ...]
