"""`appyard key`: a new key for the HTTP API, and the hash of it that the server is given."""

import secrets

from server.api.keys import hash_of
from server.commands.exit_codes import ExitCode

PREFIX = "ay_"
"""By which people, and programs that look for secrets, know it for what it is."""


def print_new_key() -> ExitCode:
    """The key is shown this once and kept nowhere."""
    key = PREFIX + secrets.token_urlsafe(32)
    print(f"Key, for the one who calls (x-api-key):   {key}")
    print(f"Hash, for APPYARD_API_KEY_HASHES:         {hash_of(key)}")
    return ExitCode.done
