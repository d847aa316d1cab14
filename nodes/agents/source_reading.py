"""Tools of ours: read the files of the app an agent works on. They write nothing, and see nothing beyond the task's files."""

from collections.abc import Mapping

MAX_LINES = 400
MAX_HITS = 60
MAX_LINE_CHARACTERS = 300


class SourceReading:
    """The files of one task: path → text. Each public method is a tool; its name and docstring are what the model reads."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def list_files(self, folder: str) -> str:
        """List the app's files with their number of lines. `folder` such as "app/records"; "" for all."""
        inside = f"{folder.strip('/')}/" if folder.strip("/") else ""
        found = [f"{path} ({text.count(chr(10)) + 1} lines)" for path, text in sorted(self._files.items()) if path.startswith(inside)]
        return "\n".join(found) or f"There are no files in {folder}."

    def read_file(self, path: str, first_line: int) -> str:
        """Read a file of the app, with line numbers, from `first_line` (1 for the beginning)."""
        if path not in self._files:
            near = [known for known in self._files if known.rpartition("/")[2] == path.rpartition("/")[2]]
            return f"There is no file {path}." + (f" Do you mean {', '.join(near[:5])}?" if near else " list_files tells which there are.")
        lines = self._files[path].splitlines()
        first = max(first_line, 1)
        shown = "\n".join(f"{number}: {line}" for number, line in enumerate(lines[first - 1 : first - 1 + MAX_LINES], first))
        rest = len(lines) - (first - 1 + MAX_LINES)
        return (shown or f"{path} has {len(lines)} lines.") + (f"\n({rest} more lines, from line {first + MAX_LINES})" if rest > 0 else "")

    def search_files(self, text: str) -> str:
        """Find the lines of the app's files that contain `text`, whatever its case."""
        wanted = text.casefold()
        if not wanted:
            return "Say what to search for."
        hits = [
            f"{path}:{number}: {line.strip()[:MAX_LINE_CHARACTERS]}"
            for path, content in sorted(self._files.items())
            for number, line in enumerate(content.splitlines(), 1)
            if wanted in line.casefold()
        ]
        more = f"\n({len(hits) - MAX_HITS} more; search for something longer)" if len(hits) > MAX_HITS else ""
        return "\n".join(hits[:MAX_HITS]) + more if hits else f"No line contains {text!r}."


OURS = ("list_files", "read_file", "search_files")
"""What agents.yaml may name without a tools.py."""
