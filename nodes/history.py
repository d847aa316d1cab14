"""Write the git history of an app: one commit for each delivered version, the same bytes however often it is written.

The package carries it as a repository, so that whoever unpacks it can see what changed and go on committing.
"""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dulwich.index import IndexEntry, commit_tree, write_index_dict
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.pack import SHA1Writer, write_pack_index_v2, write_pack_objects

AUTHOR = b"Appyard <appyard@localhost>"
FIRST_COMMIT_TIME = 315_532_800
"""1980-01-01, the earliest time a zip can hold; a real one would make two packages of one version differ."""

PLAIN_FILE = 0o100644
NOT_COMMITTED = ("/evidence/", "/MANIFEST.json", "/sbom.cdx.json")
"""What Appyard says of the version beside it; the history is that of the app."""

CONFIG = "[core]\n\trepositoryformatversion = 0\n\tfilemode = false\n\tbare = false\n"


@dataclass(frozen=True)
class DeliveredFiles:
    """One version for the history: its number, why it was made, and its files."""

    number: int
    reason: str
    files: Mapping[str, str]


def repository(versions: Sequence[DeliveredFiles]) -> dict[str, bytes]:
    """The files of `.git` for these versions, oldest first: path → content. The last one is checked out."""
    store = MemoryObjectStore()
    commits: list[ObjectID] = []
    for version in versions:
        commits.append(_commit(store, version, commits[-1:]))
    pack, index, name = _packed(store)
    tags = {f".git/refs/tags/v{version.number}": commit + b"\n" for version, commit in zip(versions, commits, strict=True)}
    return {
        ".git/HEAD": b"ref: refs/heads/main\n",
        ".git/config": CONFIG.encode(),
        ".git/index": _checked_out(versions[-1].files),
        ".git/info/exclude": "".join(f"{path}\n" for path in NOT_COMMITTED).encode(),
        ".git/refs/heads/main": commits[-1] + b"\n",
        f".git/objects/pack/pack-{name}.pack": pack,
        f".git/objects/pack/pack-{name}.idx": index,
        **tags,
    }


def _commit(store: MemoryObjectStore, version: DeliveredFiles, parents: Sequence[ObjectID]) -> ObjectID:
    blobs = []
    for path, text in version.files.items():
        blob = Blob.from_string(text.encode())
        store.add_object(blob)
        blobs.append((path.encode(), blob.id, PLAIN_FILE))
    commit = Commit()
    commit.tree = commit_tree(store, blobs)
    commit.parents = list(parents)
    commit.author = commit.committer = AUTHOR
    commit.author_time = commit.commit_time = FIRST_COMMIT_TIME + version.number
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = f"Version {version.number}: {version.reason}\n".encode()
    store.add_object(commit)
    return commit.id


def _packed(store: MemoryObjectStore) -> tuple[bytes, bytes, str]:
    """Every object in one pack, in the order of their names; the pack, its index, and the name git gives them."""
    pack, index = io.BytesIO(), io.BytesIO()
    objects = [(store[name], None) for name in sorted(store)]
    entries, checksum = write_pack_objects(pack, objects, DEFAULT_OBJECT_FORMAT, deltify=False, compression_level=9)
    write_pack_index_v2(index, sorted((name, offset, crc) for name, (offset, crc) in entries.items()), checksum)
    return pack.getvalue(), index.getvalue(), checksum.hex()


def _checked_out(files: Mapping[str, str]) -> bytes:
    """The index of the last version, without what a machine would add: git looks at the files itself the first time."""
    entries = {}
    for path, text in sorted(files.items()):
        content = text.encode()
        nothing = {"ctime": 0, "mtime": 0, "dev": 0, "ino": 0, "uid": 0, "gid": 0}
        entries[path.encode()] = IndexEntry(mode=PLAIN_FILE, size=len(content), sha=Blob.from_string(content).id, **nothing)
    written = io.BytesIO()
    writer = SHA1Writer(written)
    write_index_dict(writer, entries)
    writer.write_sha()
    return written.getvalue()
