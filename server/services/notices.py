"""What people are told of builds, and in which form to whom: programs, chats and mailboxes. Writes what is to be sent; sends nothing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from checkpoints.records import JsonObject, RunStatus
from checkpoints.webhooks import DeliveryDraft
from nodes.artifacts import Ending

MAILTO = "mailto:"
"""What the address of a delivery by e-mail begins with."""


class BuildEvent(StrEnum):
    """What people are told of."""

    waiting = "build.waiting"
    reminder = "build.reminder"
    escalated = "build.escalated"
    parked = "build.parked"
    finished = "build.finished"
    failed = "build.failed"
    test = "test"


SAID: Mapping[BuildEvent, str] = {
    BuildEvent.waiting: "waits for you",
    BuildEvent.reminder: "still waits for you",
    BuildEvent.escalated: "has waited for long",
    BuildEvent.parked: "is parked, as nobody answered",
    BuildEvent.finished: "is finished",
    BuildEvent.failed: "failed",
    BuildEvent.test: "is a test",
}
TO_DO: Mapping[BuildEvent, str] = {
    BuildEvent.waiting: "Decide",
    BuildEvent.reminder: "Decide",
    BuildEvent.escalated: "Decide",
    BuildEvent.parked: "Reopen it",
}


@dataclass(frozen=True)
class Receivers:
    """Whom the server tells of builds: `url` gets JSON, `slack_url` what Slack, Mattermost and Rocket.Chat show.

    Those of an escalation are told beside the others. Links begin with `base_url`; without one there are none.
    """

    url: str | None = None
    slack_url: str | None = None
    mail_to: tuple[str, ...] = ()
    escalation_url: str | None = None
    escalation_mail_to: tuple[str, ...] = ()
    base_url: str | None = None


@dataclass(frozen=True)
class Notice:
    """Something people are told of a build. `review` is what it asks, `expires_at` until when."""

    event: BuildEvent
    workflow_id: UUID
    run_id: UUID
    title: str
    message: str
    moment: datetime | None = None
    review: object = None
    expires_at: datetime | None = None

    def data(self, link: str | None) -> JsonObject:
        """For programs."""
        told: JsonObject = {"workflow_id": str(self.workflow_id), "run_id": str(self.run_id), "title": self.title, "message": self.message}
        expires = {"expires_at": self.expires_at.isoformat()} if self.expires_at else {}
        return {**told, "review": self.review, "link": link, **expires}

    def in_chat(self, link: str | None) -> str:
        """For a chat."""
        where = f"<{link}|{TO_DO.get(self.event, 'Look at it')}>" if link else f"({self.workflow_id})"
        return f"*{for_chat(self.title)}* {SAID[self.event]}: {for_chat(self.message)} {where}"

    def subject(self) -> str:
        """For a mailbox."""
        return f"{self.title} {SAID[self.event]}"

    def in_mail(self, link: str | None) -> str:
        """For whoever reads the e-mail."""
        lines = [f"{self.title} {SAID[self.event]}.", "", self.message, ""]
        lines += [f"{TO_DO.get(self.event, 'Look at it')}: {link}"] if link else [f"Build {self.workflow_id}"]
        if self.expires_at:
            lines += ["", f"If nobody answers by {self.expires_at:%Y-%m-%d %H:%M %Z}, it is parked. Nothing is lost: it can be reopened."]
        return "\n".join(lines) + "\n"


def drafts_of(notice: Notice, receivers: Receivers) -> list[DeliveryDraft]:
    """What there is to send, one delivery for each receiver."""
    place = "inbox" if notice.event is BuildEvent.test else f"builds/{notice.workflow_id}"
    link = f"{receivers.base_url}/{place}" if receivers.base_url else None
    moment = notice.moment.isoformat() if notice.moment else None
    escalates = notice.event is BuildEvent.escalated

    def draft(url: str, body: object) -> DeliveryDraft:
        return DeliveryDraft(run_id=notice.run_id, thread_id=notice.workflow_id, event=notice.event, url=url, body=json.dumps(body))

    for_programs = {"type": notice.event, "timestamp": moment, "data": notice.data(link)}
    mail = {"subject": notice.subject(), "text": notice.in_mail(link)}
    drafts = [draft(url, for_programs) for url in (receivers.url, receivers.escalation_url if escalates else None) if url]
    drafts += [draft(receivers.slack_url, {"text": notice.in_chat(link)})] if receivers.slack_url else []
    addresses = (*receivers.mail_to, *(receivers.escalation_mail_to if escalates else ()))
    return [*drafts, *(draft(MAILTO + address, mail) for address in dict.fromkeys(addresses))]


def notice_of_end(status: RunStatus, values: JsonObject, asked: object, notice: Notice) -> Notice | None:
    """What people are told of a run's end, on the ground of `notice`; None of what they did themselves: cancelling, rejecting."""
    outcome = _inside(values, "outcome")
    match status:
        case RunStatus.interrupted:
            question = asked.get("question") if isinstance(asked, Mapping) else asked
            return _said(notice, BuildEvent.waiting, question or "It asks for a decision.", asked)
        case RunStatus.success if outcome.get("ending") == Ending.unverified:
            return _said(notice, BuildEvent.failed, outcome.get("reason", ""))
        case RunStatus.success if outcome.get("ending") == Ending.delivered:
            return _said(notice, BuildEvent.finished, outcome.get("reason", ""))
        case RunStatus.error | RunStatus.timeout:
            return _said(notice, BuildEvent.failed, notice.message)
        case _:
            return None


def _said(notice: Notice, event: BuildEvent, message: object, review: object = None) -> Notice:
    return Notice(event, notice.workflow_id, notice.run_id, notice.title, str(message), notice.moment, review, notice.expires_at)


def _inside(values: JsonObject, name: str) -> Mapping[str, object]:
    inside = values.get(name)
    return inside if isinstance(inside, Mapping) else {}


def for_chat(text: str) -> str:
    """Without what Slack would take for a link, a mention or a control sequence."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
