"""The files a user edited: read from a zip or a folder's content, without what no version of an app contains, and stored."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import PurePosixPath
from uuid import UUID

from checkpoints.artifacts import ArtifactRepository
from nodes.artifacts import ArtifactRef, SourceTree, readable_text
from server.services.errors import FilesUnusable

MAX_FILES = 2_000
MAX_BYTES = 20_000_000

LEFT_OUT = frozenset(
    {".git", ".venv", "venv", "data", "evidence", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache", "node_modules"}
)
"""Folders that are made by using an app, not by editing it."""

LEFT_OUT_FILES = frozenset({"MANIFEST.json", "sbom.cdx.json"})
"""What Appyard itself writes into each package."""


def files_of_zip(content: bytes) -> dict[str, str]:
    """Path → text of the app's files in a zip as it was delivered, with or without its folder. Raises `FilesUnusable`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MAX_FILES * 5 or sum(entry.file_size for entry in entries) > MAX_BYTES * 5:
                raise FilesUnusable("The zip is too large.")
            folder = _common_folder([entry.filename for entry in entries])
            return readable_files({entry.filename.removeprefix(folder): archive.read(entry) for entry in entries})
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise FilesUnusable("It is no readable zip file.") from error


def readable_files(contents: Mapping[str, bytes]) -> dict[str, str]:
    """The app's files among `contents`. Raises `FilesUnusable` for one that is no text, and for too much."""
    wanted = {path: content for path, content in contents.items() if not is_left_out(path)}
    if not wanted:
        raise FilesUnusable("There is no file of an app in it.")
    if len(wanted) > MAX_FILES or sum(map(len, wanted.values())) > MAX_BYTES:
        raise FilesUnusable(f"There are {len(wanted)} files with {sum(map(len, wanted.values())):,} bytes.")
    return {_checked_path(path): _text(path, content) for path, content in wanted.items()}


def is_left_out(path: str) -> bool:
    """Whether the file is a trace of using or packing an app."""
    parts = PurePosixPath(path).parts
    return bool(LEFT_OUT & set(parts[:-1])) or path in LEFT_OUT_FILES or path.endswith((".pyc", ".pyo", ".db", ".sqlite3"))


def _checked_path(path: str) -> str:
    pure = PurePosixPath(path)
    if pure.is_absolute() or ".." in pure.parts or "\\" in path or not pure.parts:
        raise FilesUnusable(f"{path!r} is no path inside an app.")
    return str(pure)


def _text(path: str, content: bytes) -> str:
    try:
        return readable_text(content.decode().replace("\r\n", "\n"))
    except ValueError as error:
        raise FilesUnusable(f"{path} is no text in UTF-8.") from error


def _common_folder(names: list[str]) -> str:
    """The one folder that everything lies in, with its slash; empty if there is none, or if it is a folder of the app."""
    folders = {name.partition("/")[0] for name in names if "/" in name}
    single = len(folders) == 1 and all("/" in name for name in names)
    folder = next(iter(folders), "")
    return f"{folder}/" if single and folder not in {"app", "tests", "migrations"} else ""


async def stored_tree(artifacts: ArtifactRepository, workflow_id: UUID, files: Mapping[str, str]) -> ArtifactRef:
    """The edited files as a tree in the artifact store."""

    async def stored(content: bytes, media_type: str) -> ArtifactRef:
        kept = await artifacts.put(workflow_id, content, media_type)
        return ArtifactRef(sha256=kept.sha256, size_bytes=kept.size_bytes, media_type=kept.media_type)

    tree = SourceTree(files={path: await stored(text.encode(), "text/plain; charset=utf-8") for path, text in files.items()})
    return await stored(tree.model_dump_json().encode(), "application/json")
