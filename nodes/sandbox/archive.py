"""Pack files for unpacking inside a sandbox, by its own user: links planted there earlier then lead nowhere new."""

import io
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

UNPACK = ("tar", "--extract", "--touch", "--no-same-owner", "--unlink-first", "--file=-")


@contextmanager
def archive_of(files: Mapping[str, bytes]) -> Iterator[int]:
    """A file descriptor of a tar archive with `files` (path → content), to be the standard input of `UNPACK`."""
    with tempfile.TemporaryFile() as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            for path, content in files.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        file.seek(0)
        yield file.fileno()
