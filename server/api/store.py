"""The store of the LangGraph API: what graphs and clients remember across threads."""

from typing import Annotated

from fastapi import APIRouter, Query, status
from langgraph.store.base import Item

from server.api.dependencies import StoreService
from server.api.errors import Problem
from server.api.store_bodies import ItemDelete, ItemOnWire, ItemPut, ItemsFound, ItemsSearch, NamespacesFound, NamespacesSearch

router = APIRouter(prefix="/store", tags=["store"], responses={404: {"model": Problem}, 422: {"model": Problem}, 503: {"model": Problem}})


@router.put("/items", status_code=status.HTTP_204_NO_CONTENT)
async def put_item(body: ItemPut, store: StoreService) -> None:
    """Store an item, or replace it."""
    await store.put(body.item())


@router.get("/items", response_model_exclude_none=True)
async def get_item(
    store: StoreService,
    key: Annotated[str, Query(min_length=1)],
    namespace: Annotated[list[str] | None, Query()] = None,
    refresh_ttl: Annotated[bool | None, Query()] = None,
) -> ItemOnWire | None:
    """One item, null if it is not there; the namespace's words are joined by periods, or given one by one."""
    words = tuple(word for given in namespace or [] for word in given.split("."))
    item = await store.get(words, key, refresh_ttl=refresh_ttl)
    return _on_wire(item) if item else None


@router.delete("/items", status_code=status.HTTP_204_NO_CONTENT)
async def delete_item(body: ItemDelete, store: StoreService) -> None:
    """Delete an item, if it is there."""
    await store.delete(body.namespace, body.key)


@router.post("/items/search", response_model_exclude_none=True)
async def search_items(body: ItemsSearch, store: StoreService) -> ItemsFound:
    """Find items below a namespace."""
    return ItemsFound(items=tuple(_on_wire(item) for item in await store.search(body.search())))


@router.post("/namespaces")
async def list_namespaces(body: NamespacesSearch, store: StoreService) -> NamespacesFound:
    """The namespaces that hold items."""
    found = await store.namespaces(prefix=body.prefix, suffix=body.suffix, max_depth=body.max_depth, limit=body.limit, offset=body.offset)
    return NamespacesFound(namespaces=tuple(found))


def _on_wire(item: Item) -> ItemOnWire:
    return ItemOnWire.model_validate(
        {
            "namespace": item.namespace,
            "key": item.key,
            "value": item.value,
            "created_at": item.created_at,
            "updated_at": item.updated_at,
            "score": getattr(item, "score", None),
        }
    )
