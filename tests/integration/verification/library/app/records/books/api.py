"""Books: the librarian keeps them, everybody reads them."""

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from app.database import connect
from app.security import Person, person, require

router = APIRouter(prefix="/api")
Asking = Annotated[Person, Depends(person)]
KEEPERS = ("administrator", "librarian")


class BookCreate(BaseModel):
    title: str
    isbn: str
    pages: int | None = Field(None, ge=1)


class BookUpdate(BaseModel):
    title: str | None = None
    isbn: str | None = None
    pages: int | None = Field(None, ge=1)


class Book(BaseModel):
    id: int
    title: str
    isbn: str
    pages: int | None
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    created_by_id: int


class BookPage(BaseModel):
    items: list[Book]
    total: int


class ReportRow(BaseModel):
    group: str
    value: float


class Report(BaseModel):
    rows: list[ReportRow]


def _find(book_id: int) -> dict[str, object]:
    row = connect().execute("select * from book where id = ?", (book_id,)).fetchone()
    if row is None:
        raise HTTPException(404)
    return dict(row)


def _check_isbn(isbn: str | None, book_id: int = 0) -> None:
    if connect().execute("select 1 from book where isbn = ? and id <> ?", (isbn, book_id)).fetchone():
        raise HTTPException(422, "isbn is taken")


@router.get("/books")
def list_books(asking: Asking, limit: int = 50, offset: int = 0, q: str = "", sort: str = "id") -> BookPage:
    rows = connect().execute("select * from book order by id limit ? offset ?", (limit, offset)).fetchall()
    total = connect().execute("select count(*) from book").fetchone()[0]
    return BookPage(items=[Book(**dict(row)) for row in rows], total=total)


@router.post("/books", status_code=201)
def create_book(asking: Asking, given: BookCreate) -> Book:
    require(asking, *KEEPERS)
    _check_isbn(given.isbn)
    query = "insert into book(created_by_id, title, isbn, pages) values (?, ?, ?, ?)"
    cursor = connect().execute(query, (asking.id, given.title, given.isbn, given.pages))
    return Book(**_find(cursor.lastrowid or 0))


@router.get("/books/{book_id}")
def read_book(asking: Asking, book_id: int) -> Book:
    return Book(**_find(book_id))


@router.patch("/books/{book_id}")
def update_book(asking: Asking, book_id: int, given: BookUpdate) -> Book:
    require(asking, *KEEPERS)
    _find(book_id)
    _check_isbn(given.isbn, book_id)
    for name, value in given.model_dump(exclude_unset=True).items():
        connect().execute(f"update book set {name} = ? where id = ?", (value, book_id))
    return Book(**_find(book_id))


@router.delete("/books/{book_id}", status_code=204)
def delete_book(asking: Asking, book_id: int) -> None:
    require(asking, *KEEPERS)
    _find(book_id)
    connect().execute("delete from book where id = ?", (book_id,))


@router.get("/reports/books_by_person")
def report_books_by_person(asking: Asking) -> Report:
    rows = connect().execute("select created_by_id, count(*) from book group by 1").fetchall()
    return Report(rows=[ReportRow(group=str(person_id), value=count) for person_id, count in rows])
