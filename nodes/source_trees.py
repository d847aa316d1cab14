"""Keep the files of one app version in the artifact store, and read them back."""

import asyncio
from collections.abc import Mapping

from nodes.artifacts import ArtifactRef, KeptVersion, Revision, SourceTree, WorkOrder
from nodes.context import ArtifactStore, Delivered

TEXT = "text/plain; charset=utf-8"
JSON = "application/json"


async def save_tree(store: ArtifactStore, files: Mapping[str, str]) -> ArtifactRef:
    """Store every file, then the tree that names them; the same files give the same reference."""
    paths = sorted(files)
    refs = await asyncio.gather(*(store.put(files[path].encode(), TEXT) for path in paths))
    tree = SourceTree(files=dict(zip(paths, refs, strict=True)))
    return await store.put(tree.model_dump_json().encode(), JSON)


async def load_tree(store: ArtifactStore, tree: ArtifactRef) -> dict[str, str]:
    """The files of a tree: path → text."""
    files = SourceTree.model_validate_json(await store.get(tree)).files
    contents = await asyncio.gather(*(store.get(ref) for ref in files.values()))
    return {path: content.decode() for path, content in zip(files, contents, strict=True)}


async def load_delivered(store: ArtifactStore, kept: KeptVersion, revision: Revision) -> Delivered:
    """A delivered version as it is in use now: with the files its user has edited since."""
    work = WorkOrder.model_validate_json(await store.get(kept.work_order))
    files = await load_tree(store, kept.version.tree)
    edited = await load_tree(store, revision.request.files) if revision.request.files else {}
    return Delivered(spec=work.spec, files=files | edited, changes=revision.changes)
