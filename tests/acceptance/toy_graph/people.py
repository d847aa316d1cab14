"""Who may do what, as the documentation of the SDK shows it: everybody owns what they make, and sees nothing else."""

from typing import Any

from langgraph_sdk import Auth

auth = Auth()

SIGNED_IN = {"Bearer for-alice": "alice", "Bearer for-bob": "bob"}


@auth.authenticate
async def authenticate(authorization: str | None) -> Auth.types.MinimalUserDict:
    if authorization not in SIGNED_IN:
        raise Auth.exceptions.HTTPException(401, "Sign in first.", {"WWW-Authenticate": "Bearer"})
    return {"identity": SIGNED_IN[authorization], "permissions": ["build"]}


@auth.on
async def own(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> dict[str, str]:
    value.setdefault("metadata", {})["owner"] = ctx.user.identity
    return {"owner": ctx.user.identity}


@auth.on.store
async def keep_apart(ctx: Auth.types.AuthContext, value: dict[str, Any]) -> None:
    value["namespace"] = (ctx.user.identity, *(value["namespace"] or ()))
