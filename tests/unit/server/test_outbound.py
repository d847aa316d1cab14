"""Which addresses may be called: the public internet's, at the moment of the call."""

from urllib.parse import urlsplit

import pytest

from server.outbound import AddressRefused, OutboundCaller, is_public
from tests.receiver import receiving

INSIDE = """
127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 192.0.2.1 198.18.0.1 198.51.100.1
203.0.113.1 224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd00:ec2::254 ff02::1 ::ffff:127.0.0.1
::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 2002:7f00:1:: 2002:a00:1:: 2001:db8::1
""".split()
OUTSIDE = "8.8.8.8 1.1.1.1 172.32.0.1 100.128.0.1 192.169.0.1 2606:4700:4700::1111 2001:4860:4860::8888 ::ffff:8.8.8.8".split()


@pytest.mark.parametrize(("address", "public"), [(a, False) for a in INSIDE] + [(a, True) for a in OUTSIDE])
def test_only_addresses_of_single_machines_of_the_internet_are_public(address: str, public: bool) -> None:  # noqa: FBT001 - a case
    assert is_public(address) is public


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "127.1", "017700000001", "[::1]", "localhost"])
async def test_no_spelling_of_this_machine_is_called(host: str) -> None:
    with pytest.raises(AddressRefused):
        await OutboundCaller().post(f"https://{host}/hook", b"", {})


@pytest.mark.parametrize("url", ["http://example.com/", "https://example.com:22/", "https://example.com:99999/"])
async def test_only_https_on_its_ports_is_called(url: str) -> None:
    with pytest.raises(AddressRefused):
        await OutboundCaller(resolve=never).post(url, b"", {})


@pytest.mark.requirement("webhook.private")
async def test_a_name_with_one_inner_address_is_refused_and_none_is_asked_for_twice() -> None:
    asked = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["8.8.8.8", "169.254.169.254"]

    with pytest.raises(AddressRefused, match=r"hook\.example leads to 169\.254\.169\.254"):
        await OutboundCaller(resolve=resolve).post("https://hook.example/", b"", {})
    assert asked == [("hook.example", 443)]


async def test_the_connection_goes_to_the_address_that_was_looked_at_under_the_name_that_was_given() -> None:
    async def resolve(_: str, __: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiving() as receiver:
        port = urlsplit(receiver.url).port
        answered = await OutboundCaller(allows_private=True, resolve=resolve).post(f"http://hook.example:{port}/hook", b"{}", {})
        received = await receiver.next()
    assert (answered, received.headers["host"], received.body) == (204, f"hook.example:{port}", b"{}")


async def never(_: str, __: int) -> list[str]:
    raise AssertionError("it is refused before it is looked up")
