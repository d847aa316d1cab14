"""A mail server on this machine (SMTP with STARTTLS and a password): answers what it is told to, and hands over what came."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

USER, PASSWORD = "appyard", "correct horse"


@dataclass(frozen=True)
class ReceivedMail:
    """An e-mail as it came: for whom, whether encrypted, by whom, and what it says."""

    to: str
    encrypted: bool
    user: str | None
    message: EmailMessage


@dataclass(frozen=True)
class MailBox:
    """Where to hand in, what trusts the server, and what came."""

    port: int
    certificate: Path
    arrived: asyncio.Queue[ReceivedMail]

    async def next(self) -> ReceivedMail:
        return await asyncio.wait_for(self.arrived.get(), 30)


@asynccontextmanager
async def mail_server(folder: Path, *answers: str) -> AsyncIterator[MailBox]:
    """Answer `answers` to the recipients one after the other, such as `451 later`, then take everything."""
    left, arrived = list(answers), asyncio.Queue[ReceivedMail]()
    context = _context(folder)

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        encrypted, user, to = False, None, ""

        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 test")
        while line := (await reader.readline()).decode().strip():
            match line.split(maxsplit=1):
                case ["ehlo" | "EHLO", *_]:
                    say("250-test\r\n250-STARTTLS\r\n250 AUTH PLAIN" if not encrypted else "250-test\r\n250 AUTH PLAIN")
                case ["STARTTLS", *_]:
                    say("220 go")
                    await writer.drain()
                    await writer.start_tls(context)
                    encrypted = True
                case ["AUTH", given]:
                    _, user, password = base64.b64decode(given.removeprefix("PLAIN ")).decode().split("\0")
                    say("235 welcome" if (user, password) == (USER, PASSWORD) else "535 no")
                case ["rcpt", given]:
                    to = given.removeprefix("TO:<").removesuffix(">")
                    say(left.pop(0) if left else "250 ok")
                case ["data", *_]:
                    say("354 go")
                    content = await reader.readuntil(b"\r\n.\r\n")
                    message = message_from_bytes(content[:-5], policy=default)
                    arrived.put_nowait(ReceivedMail(to, encrypted, user, message))
                    say("250 taken")
                case ["QUIT" | "quit"]:
                    say("221 bye")
                    break
                case _:
                    say("250 ok")
        writer.close()

    async with await asyncio.start_server(converse, "127.0.0.1", 0) as server:
        yield MailBox(server.sockets[0].getsockname()[1], folder / "certificate.pem", arrived)


def _context(folder: Path) -> ssl.SSLContext:
    """A certificate for this machine, made anew."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    certificate = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).sign(key, hashes.SHA256())
    pem = serialization.Encoding.PEM
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
