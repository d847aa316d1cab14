"""Who is asking, and whether they may."""

import hmac
import os

from fastapi import APIRouter, Header, HTTPException
from pydantic import BaseModel

from app.database import connect

router = APIRouter(include_in_schema=False)
KEY = os.environ.get("SECRET_KEY", "for this machine only").encode()


class Person(BaseModel):
    id: int
    role: str


class SignIn(BaseModel):
    email: str
    password: str


def _signature(account_id: int) -> str:
    return hmac.new(KEY, str(account_id).encode(), "sha256").hexdigest()


@router.post("/api/session")
def sign_in(given: SignIn) -> dict[str, str]:
    query = "select id from account where email = ? and password = ?"
    row = connect().execute(query, (given.email, given.password)).fetchone()
    if row is None:
        raise HTTPException(401)
    return {"token": f"{row['id']}.{_signature(row['id'])}"}


def person(authorization: str = Header("", include_in_schema=False)) -> Person:
    account_id, _, signature = authorization.removeprefix("Bearer ").partition(".")
    if not account_id.isdigit() or not hmac.compare_digest(signature, _signature(int(account_id))):
        raise HTTPException(401)
    row = connect().execute("select id, role from account where id = ?", (account_id,)).fetchone()
    return Person(**dict(row))


def require(person: Person, *roles: str) -> None:
    if person.role not in roles:
        raise HTTPException(403)
