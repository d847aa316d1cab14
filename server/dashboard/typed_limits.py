"""Read the limits that people type into forms: `$2,50` and `400,000`."""

from collections.abc import Mapping


def typed_limits(fields: Mapping[str, str]) -> dict[str, str]:
    """Those that were typed, by the names of options and answers; whether they are numbers is for whoever validates them."""
    dollars = fields.get("budget_usd", "").strip().lstrip("$").replace(",", ".")
    tokens = "".join(mark for mark in fields.get("budget_tokens", "") if mark not in ",. '")
    return {name: limit for name, limit in (("budget_usd", dollars), ("budget_tokens", tokens)) if limit}
