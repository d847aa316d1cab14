"""Call addresses that other people name, without letting them reach what only this machine may reach (SSRF).

A name is resolved once, every address it has is looked at, and the connection goes to the address that was looked at, so that
a name which changes its mind in between changes nothing. Redirects are not followed, proxies of the environment not used, and
of the answer only the status is read. The rules are those of reliability §D.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit, urlunsplit

import httpx

CONNECT_SECONDS = 5.0
WHOLE_CALL_SECONDS = 10.0
PUBLIC_PORTS = frozenset({443, 8443})

# Python calls these global, although an IPv4 address of any kind may be behind them.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]


class AddressRefused(Exception):
    """The address may not be called."""


class CallFailed(Exception):
    """No answer came."""


async def resolve(host: str, port: int) -> list[str]:
    """The addresses a name has now."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class OutboundCaller:
    """Posts to addresses of others. `allows_private` is for receivers on this machine or network, also without TLS."""

    allows_private: bool = False
    resolve: Resolve = resolve

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> int:
        """The status that was answered. Raises `AddressRefused`, `CallFailed`."""
        try:
            async with asyncio.timeout(WHOLE_CALL_SECONDS):
                parts = urlsplit(url)
                address = await self._checked_address(parts)
                return await _post(parts, address, content, headers)
        except TimeoutError as error:
            raise CallFailed(f"No answer within {WHOLE_CALL_SECONDS:g} seconds.") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise CallFailed(f"{type(error).__name__}: {error}") from error

    async def _checked_address(self, parts: SplitResult) -> str:
        host = parts.hostname or ""
        port = _port(parts)
        if not self.allows_private and (parts.scheme != "https" or port not in PUBLIC_PORTS):
            raise AddressRefused("Only https on port 443 or 8443 is called.")
        addresses = await self.resolve(host, port)
        if not addresses:
            raise CallFailed(f"{host} has no address.")
        if not self.allows_private and (inner := [address for address in addresses if not is_public(address)]):
            raise AddressRefused(f"{host} leads to {inner[0]}, which is not on the public internet.")
        return addresses[0]


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet and of a single machine."""
    address: IpAddress = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    if address.version == 6 and any(address in network for network in _TRANSLATED):
        return False
    return address.is_global and not address.is_multicast


def _port(parts: SplitResult) -> int:
    try:
        return parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise AddressRefused("Its port is no port.") from error


async def _post(parts: SplitResult, address: str, content: bytes, headers: Mapping[str, str]) -> int:
    """Connect to `address`; the certificate is still checked against the name."""
    host, port = parts.hostname or "", _port(parts)
    pinned = urlunsplit((parts.scheme, f"{f'[{address}]' if ':' in address else address}:{port}", parts.path, parts.query, ""))
    named = {**headers, "Host": parts.netloc.rpartition("@")[2]}
    async with (
        httpx.AsyncClient(trust_env=False, follow_redirects=False, timeout=CONNECT_SECONDS) as client,
        client.stream("POST", pinned, content=content, headers=named, extensions={"sni_hostname": host}) as answer,
    ):
        return answer.status_code
