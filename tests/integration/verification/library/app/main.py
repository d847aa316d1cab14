"""The library."""

from fastapi import FastAPI

from app import security
from app.records.books import api as books
from app.records.loans import api as loans

app = FastAPI(title="Library")
for module in (security, books, loans):
    app.include_router(module.router)


@app.get("/health", include_in_schema=False)
def health() -> dict[str, str]:
    return {"status": "ok"}
