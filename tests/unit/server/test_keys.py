"""Which keys open the door."""

import re

import pytest
from starlette.datastructures import Headers

from server.commands.key import print_new_key
from server.commands.serve import check_reach, keys_of
from server.settings import Settings


@pytest.mark.requirement("server.keys")
def test_a_key_that_was_made_opens_a_server_that_was_given_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    print_new_key()
    printed = capsys.readouterr().out
    (key,), (hashed,) = re.findall(r"ay_\S+", printed), re.findall(r"\b[0-9a-f]{64}\b", printed)
    settings = Settings(api_key_hashes=(hashed,))
    keys = keys_of(settings)
    assert keys
    check_reach(settings, "192.0.2.1")

    sent = [{"x-api-key": key}, {"authorization": f"Bearer {key}"}, {"x-api-key": hashed}, {"authorization": key}, {"x-api-key": ""}, {}]
    assert [keys.admit(Headers(one)) for one in sent] == [True, True, False, False, False, False]


def test_what_is_no_hash_is_no_setting() -> None:
    with pytest.raises(ValueError, match="pattern"):
        Settings(api_key_hashes=("secret",))


def test_a_server_without_keys_asks_for_none() -> None:
    assert keys_of(Settings()) is None
