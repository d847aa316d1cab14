"""Hand an e-mail to a mail server (SMTP). Knows nothing of builds; when to try again is decided by whoever sends."""

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from enum import StrEnum

TIMEOUT_SECONDS = 30.0
MOST_CHARACTERS_OF_A_SUBJECT = 150


class SmtpSecurity(StrEnum):
    """How the connection to the mail server is kept secret."""

    starttls = "starttls"
    tls = "tls"
    none = "none"


class MailRefused(Exception):
    """The mail server does not take this e-mail, and would not later either."""


class MailFailed(Exception):
    """The mail server could not be reached, or does not take e-mail now."""


@dataclass(frozen=True)
class MailServer:
    """Where e-mail is handed in, and as whom."""

    host: str
    port: int
    security: SmtpSecurity
    sender: str
    user: str | None = None
    password: str | None = None


@dataclass(frozen=True)
class Mail:
    """An e-mail. `identity` stays the same when it is sent again, so that a mailbox can tell."""

    to: str
    subject: str
    text: str
    identity: str
    written_at: datetime


def message_of(mail: Mail, sender: str) -> EmailMessage:
    """The e-mail on the wire. Texts of people and models are one line in a header, whatever they contain."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = mail.to
    message["Subject"] = one_line(mail.subject)
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = f"<{mail.identity}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("".join(character for character in mail.text if character in "\n\t" or character.isprintable()))
    return message


def one_line(text: str) -> str:
    """The text as a header may carry it: no line breaks, no control characters, not endless."""
    spaced = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(spaced.split())[:MOST_CHARACTERS_OF_A_SUBJECT]


async def hand_in(mail: Mail, server: MailServer) -> str:
    """Hand the e-mail in; what the server said. Raises `MailRefused`, `MailFailed`."""
    return await asyncio.to_thread(_hand_in, message_of(mail, server.sender), mail.to, server)


def _hand_in(message: EmailMessage, to: str, server: MailServer) -> str:
    try:
        with _connected(server) as connection:
            if server.user:
                connection.login(server.user, server.password or "")
            connection.send_message(message, server.sender, [to])
    except smtplib.SMTPRecipientsRefused as refused:
        code, words = refused.recipients[to]
        raise (MailRefused if code >= 500 else MailFailed)(_said(code, words)) from refused
    except smtplib.SMTPAuthenticationError as refused:
        raise MailFailed(
            f"The mail server does not know this user and password: {_said(refused.smtp_code, refused.smtp_error)}"
        ) from refused
    except (smtplib.SMTPSenderRefused, smtplib.SMTPDataError) as refused:
        raise (MailRefused if refused.smtp_code >= 500 else MailFailed)(_said(refused.smtp_code, refused.smtp_error)) from refused
    except (smtplib.SMTPException, OSError) as failed:
        raise MailFailed(f"{server.host}:{server.port}: {failed}") from failed
    return "taken by the mail server"


def _connected(server: MailServer) -> smtplib.SMTP:
    name = server.sender.rpartition("@")[2]  # else smtplib looks this machine's name up, which may take long and lead elsewhere
    if server.security is SmtpSecurity.tls:
        return smtplib.SMTP_SSL(server.host, server.port, name, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    connection = smtplib.SMTP(server.host, server.port, name, timeout=TIMEOUT_SECONDS)
    if server.security is SmtpSecurity.starttls:
        try:
            connection.starttls(context=ssl.create_default_context())
        except (smtplib.SMTPException, OSError):
            connection.close()
            raise
    return connection


def _said(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} {text}"[:300]
