import pytest
from fastapi.testclient import TestClient

from app.main import app


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/app.db")


def test_the_app_is_healthy():
    assert TestClient(app).get("/health").json() == {"status": "ok"}


def test_books_need_a_person():
    assert TestClient(app).get("/api/books").status_code == 401
