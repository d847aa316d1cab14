"""Sample data that suits the trade: `rows_of` a specification, `source` of one record's `samples.py`."""

from nodes.blueprint.samples.rows import Row, rows_of
from nodes.blueprint.samples.source import source, test_source

__all__ = ["Row", "rows_of", "source", "test_source"]
