"""The real PostgreSQL of the integration tests."""

from tests.integration.conftest import database_url, migrated_template, postgres

__all__ = ["database_url", "migrated_template", "postgres"]
