"""What an engineer contributes for one rule: its code, and two requests that show it."""

from nodes.artifacts.stored import Artifact, Identifier


class StoredRecord(Artifact):
    """A record that has to exist before a request shows something. `values` is a JSON object; `state` empty: the first."""

    record: Identifier
    values: str = "{}"
    state: str = ""


class RuleCode(Artifact):
    """One rule. `code`: the lines of a function that returns True where a record keeps the rule; empty: no function can tell.

    `accepted` and `refused` are JSON objects with the values that matter of a request that keeps the rule and of one that breaks it.
    Before both, `stored` is made; `"#1"` in a later value stands for the number of its first record.
    """

    code: str
    accepted: str = "{}"
    refused: str = "{}"
    stored: tuple[StoredRecord, ...] = ()
    notes: str = ""
