"""The store that graphs share across threads, for clients: put, get, find, list namespaces, delete."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from langgraph.store.base import InvalidNamespaceError, Item
from langgraph.store.postgres.aio import AsyncPostgresStore

from checkpoints.connection import database_errors
from server.services.errors import NamespaceInvalid

Namespace: TypeAlias = tuple[str, ...]


@dataclass(frozen=True)
class NewItem:
    """What to put. `index` says which fields to embed, if the store embeds; `ttl_minutes` None: as the server is set up."""

    namespace: Namespace
    key: str
    value: Mapping[str, Any]
    index: Literal[False] | list[str] | None = None
    ttl_minutes: float | None = None


@dataclass(frozen=True)
class ItemSearch:
    """Which items below a namespace: those whose values match `filter`."""

    namespace_prefix: Namespace
    filter: Mapping[str, Any] | None
    query: str | None
    limit: int
    offset: int
    refresh_ttl: bool | None


class StoreItems:
    """The use cases of the store. Raises `NamespaceInvalid` from every method."""

    def __init__(self, store: AsyncPostgresStore, *, url: str) -> None:
        self._store = store
        self._url = url

    async def put(self, item: NewItem) -> None:
        """Store an item, or replace it."""
        given = {} if item.ttl_minutes is None else {"ttl": item.ttl_minutes}
        async with self._errors():
            await self._store.aput(item.namespace, item.key, dict(item.value), item.index, **given)

    async def get(self, namespace: Namespace, key: str, *, refresh_ttl: bool | None) -> Item | None:
        """One item, if it is there."""
        async with self._errors():
            return await self._store.aget(namespace, key, refresh_ttl=refresh_ttl)

    async def search(self, search: ItemSearch) -> list[Item]:
        """Items below a namespace."""
        async with self._errors():
            found = await self._store.asearch(
                search.namespace_prefix,
                query=search.query,
                filter=dict(search.filter) if search.filter else None,
                limit=search.limit,
                offset=search.offset,
                refresh_ttl=search.refresh_ttl,
            )
        return list(found)

    async def namespaces(
        self, *, prefix: Namespace | None, suffix: Namespace | None, max_depth: int | None, limit: int, offset: int
    ) -> list[Namespace]:
        """The namespaces that hold items; `*` in a prefix or suffix stands for any word."""
        async with self._errors():
            return await self._store.alist_namespaces(prefix=prefix, suffix=suffix, max_depth=max_depth, limit=limit, offset=offset)

    async def delete(self, namespace: Namespace, key: str) -> None:
        """Delete an item, if it is there."""
        async with self._errors():
            await self._store.adelete(namespace, key)

    @asynccontextmanager
    async def _errors(self) -> AsyncIterator[None]:
        """LangGraph's store lets the driver's errors through."""
        try:
            with database_errors(self._url):
                yield
        except (InvalidNamespaceError, ValueError) as error:  # the latter: an operator of a filter that is not known
            raise NamespaceInvalid(str(error)) from error
