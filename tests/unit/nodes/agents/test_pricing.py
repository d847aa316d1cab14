from pathlib import Path

import pytest
from pydantic import ValidationError

from nodes.agents.models import ModelName
from nodes.agents.pricing import Price, Usage, load_prices


def test_cached_tokens_are_part_of_the_input_and_cost_less() -> None:
    price = Price(input=1.0, cached=0.1, output=10.0)
    assert price.of(Usage(input_tokens=1_000_000, cached_tokens=400_000, output_tokens=100_000)) == pytest.approx(0.6 + 0.04 + 1.0)


@pytest.mark.parametrize(
    ("name", "output"),
    [("builtin", 0.0), ("openai:gpt-5-mini", 2.0), ("openai:gpt-5-mini-2025-08-07", 2.0), ("azure:gpt-4o", 10.0)],
)
def test_a_model_costs_what_the_table_says(name: str, output: float) -> None:
    price = load_prices().price(ModelName.parse(name))
    assert price is not None
    assert price.output == output


@pytest.mark.parametrize("name", ["openai:gpt-5-minimal", "openai:builtin-x", "azure:our-deployment"])
def test_an_unknown_model_has_no_price(name: str) -> None:
    assert load_prices().price(ModelName.parse(name)) is None


def test_prices_of_ones_own_go_before_ours_and_stand_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("as_of: 2026-11-01\nmodels:\n  gpt-4o: {input: 1, cached: 1, output: 7}\n  mine: {input: 1, cached: 1, output: 2}\n")
    table = load_prices(path)
    outputs = [table.price(ModelName.parse(name)) for name in ("azure:gpt-4o", "openai:mine", "openai:gpt-5-mini")]
    assert [price.output for price in outputs if price] == [7.0, 2.0, 2.0]
    assert table.as_of.isoformat() == "2026-11-01"


def test_a_table_of_ones_own_is_checked(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text("as_of: 2026-01-01\nmodels:\n  mine: {input: 1, cached: 1, output: -1}\n")
    with pytest.raises(ValidationError, match=r"models\.mine\.output"):
        load_prices(path)
