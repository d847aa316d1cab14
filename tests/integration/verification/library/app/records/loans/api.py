"""Loans: a member asks for a book, the librarian hands it out, members see only their own."""

import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, Field

from app.database import connect
from app.security import Person, person, require

router = APIRouter(prefix="/api/loans")
Asking = Annotated[Person, Depends(person)]


class LoanCreate(BaseModel):
    starts_on: datetime.date
    ends_on: datetime.date
    book_id: int


class LoanUpdate(BaseModel):
    starts_on: datetime.date | None = None
    ends_on: datetime.date | None = None
    book_id: int | None = None


class Loan(BaseModel):
    id: int
    starts_on: datetime.date
    ends_on: datetime.date
    book_id: int
    state: Literal["requested", "lent", "returned"]
    created_at: str = Field(json_schema_extra={"format": "date-time"})
    created_by_id: int


class LoanPage(BaseModel):
    items: list[Loan]
    total: int


def _own(asking: Person) -> tuple[str, tuple[int, ...]]:
    return ("created_by_id = ?", (asking.id,)) if asking.role == "member" else ("1 = 1", ())


def _find(asking: Person, loan_id: int) -> Loan:
    condition, values = _own(asking)
    row = connect().execute(f"select * from loan where id = ? and {condition}", (loan_id, *values)).fetchone()
    if row is None:
        raise HTTPException(404)
    return Loan(**dict(row))


def _check(starts_on: datetime.date, ends_on: datetime.date, book_id: int) -> None:
    if starts_on >= ends_on:
        raise HTTPException(422, "A loan ends after it starts.")
    if connect().execute("select 1 from book where id = ?", (book_id,)).fetchone() is None:
        raise HTTPException(422, "There is no such book.")


@router.get("")
def list_loans(
    asking: Asking, limit: int = 50, offset: int = 0, q: str = "", sort: str = "id", state: str | None = None
) -> LoanPage:
    condition, values = _own(asking)
    query = f"select * from loan where {condition} order by id limit ? offset ?"
    rows = connect().execute(query, (*values, limit, offset)).fetchall()
    total = connect().execute(f"select count(*) from loan where {condition}", values).fetchone()[0]
    return LoanPage(items=[Loan(**dict(row)) for row in rows], total=total)


@router.post("", status_code=201)
def create_loan(asking: Asking, given: LoanCreate) -> Loan:
    _check(given.starts_on, given.ends_on, given.book_id)
    query = "insert into loan(created_by_id, book_id, starts_on, ends_on, state) values (?, ?, ?, ?, 'requested')"
    row = (asking.id, given.book_id, str(given.starts_on), str(given.ends_on))
    cursor = connect().execute(query, row)
    return _find(asking, cursor.lastrowid or 0)


@router.get("/{loan_id}")
def read_loan(asking: Asking, loan_id: int) -> Loan:
    return _find(asking, loan_id)


@router.patch("/{loan_id}")
def update_loan(asking: Asking, loan_id: int, given: LoanUpdate) -> Loan:
    kept = _find(asking, loan_id)
    if asking.role == "member" and kept.state != "requested":
        raise HTTPException(409)
    changed = kept.model_copy(update=given.model_dump(exclude_unset=True))
    _check(changed.starts_on, changed.ends_on, changed.book_id)
    row = (changed.book_id, str(changed.starts_on), str(changed.ends_on), loan_id)
    connect().execute("update loan set book_id = ?, starts_on = ?, ends_on = ? where id = ?", row)
    return _find(asking, loan_id)


@router.delete("/{loan_id}", status_code=204)
def delete_loan(asking: Asking, loan_id: int) -> None:
    require(asking, "administrator")
    _find(asking, loan_id)
    connect().execute("delete from loan where id = ?", (loan_id,))


def _move(asking: Person, loan_id: int, before: str, after: str) -> Loan:
    if _find(asking, loan_id).state != before:
        raise HTTPException(409)
    connect().execute("update loan set state = ? where id = ?", (after, loan_id))
    return _find(asking, loan_id)


@router.post("/{loan_id}/lend")
def lend_loan(asking: Asking, loan_id: int) -> Loan:
    require(asking, "librarian")
    return _move(asking, loan_id, "requested", "lent")


@router.post("/{loan_id}/take_back")
def take_back_loan(asking: Asking, loan_id: int) -> Loan:
    require(asking, "librarian", "administrator")
    return _move(asking, loan_id, "lent", "returned")
