"""Crons over HTTP, through the official SDK, and what they begin. Their time is made to come, never waited for."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from langgraph_sdk.client import LangGraphClient
from langgraph_sdk.errors import NotFoundError, UnprocessableEntityError

from checkpoints.crons import CronDraft
from server.bootstrap import make_crons
from server.services.assistants import Assistants
from server.services.crons import Crons, next_time
from server.services.new_builds import NewBuilds
from server.services.runs import Runs
from tests.integration.server.conftest import Appyard, RunAppyard

BEFORE = "UPDATE crons SET next_run_date = now() - interval '3 days' WHERE cron_id = %(cron_id)s"
YEARLY = "0 0 1 1 *"


def draft(schedule: str, timezone: str | None = None, end_time: datetime | None = None) -> CronDraft:
    return CronDraft(schedule=schedule, timezone=timezone, end_time=end_time, enabled=True, deletes_thread=True, payload={}, metadata={})


def crons_of(appyard: Appyard) -> Crons:
    """The service, as one more worker would have it."""
    world = appyard.world
    assert world.graphs is not None
    assistants = Assistants(world.ledger.database, world.ledger.assistants, world.ledger.threads, world.graphs)
    return make_crons(
        world.ledger,
        world.run_queue,
        assistants,
        Runs(world.ledger, world.run_queue, assistants, NewBuilds(world.spending, world.ledger.threads)),
    )


async def make_due(appyard: Appyard, cron: Any) -> None:
    async with appyard.world.ledger.database.transaction() as transaction:
        await transaction.connection.execute(BEFORE.encode(), {"cron_id": UUID(cron["cron_id"])})


@pytest.fixture
def nobody_fires(monkeypatch: pytest.MonkeyPatch) -> None:
    """Crons fire only when the test says so."""

    async def wait(_: Crons) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("server.worker.fire_crons.fire_crons", wait)


@pytest.mark.requirement("cron.crud")
async def test_a_cron_is_created_found_changed_and_deleted(appyard: RunAppyard) -> None:
    client = LangGraphClient((await appyard()).client)
    created: Any = await client.crons.create(
        "appyard", schedule=YEARLY, input={"description": "x"}, timezone="Europe/Berlin", metadata={"of": "us"}, on_run_completed="keep"
    )
    assistant: Any = (await client.assistants.search(graph_id="appyard"))[0]["assistant_id"]
    year = datetime.fromisoformat(created["next_run_date"]).year
    assert {**created, "cron_id": "", "created_at": "", "updated_at": ""} == {
        "cron_id": "",
        "assistant_id": assistant,
        "thread_id": None,
        "on_run_completed": "keep",
        "end_time": None,
        "schedule": YEARLY,
        "timezone": "Europe/Berlin",
        "created_at": "",
        "updated_at": "",
        "user_id": None,
        "payload": {
            "assistant_id": "appyard",
            "schedule": YEARLY,
            "input": {"description": "x"},
            "stream_mode": ["values"],
            "durability": "async",
            "multitask_strategy": "enqueue",
        },
        "next_run_date": f"{year}-12-31T23:00:00+00:00",
        "metadata": {"of": "us"},
        "enabled": True,
    }
    changed: Any = await client.crons.update(created["cron_id"], enabled=False, metadata={"more": 1}, input={"description": "y"})
    expected = {
        **created,
        "updated_at": changed["updated_at"],
        "enabled": False,
        "metadata": {"of": "us", "more": 1},
        "payload": {**created["payload"], "input": {"description": "y"}},
    }
    assert changed == expected
    assert await client.crons.search(assistant_id="appyard", enabled=False, metadata={"of": "us"}) == [changed]
    assert await client.crons.search(enabled=True) == []
    selected: Any = await client.crons.search(select=["schedule"])
    assert selected == [{"schedule": YEARLY}]
    assert await client.crons.count(metadata={"of": "us"}) == 1
    await client.crons.delete(created["cron_id"])
    assert await client.crons.count() == 0
    with pytest.raises(NotFoundError):
        await client.crons.delete(created["cron_id"])


@pytest.mark.requirement("cron.time")
async def test_an_end_is_set_and_taken_away_again(appyard: RunAppyard) -> None:
    client = LangGraphClient((await appyard()).client)
    created: Any = await client.crons.create("appyard", schedule=YEARLY, end_time=datetime(2000, 1, 1, tzinfo=UTC))
    assert (created["end_time"], created["next_run_date"]) == ("2000-01-01T00:00:00+00:00", None)
    changed: Any = await client.crons.update(created["cron_id"], end_time=None)
    assert changed["end_time"] is None
    assert changed["next_run_date"] is not None


@pytest.mark.requirement("cron.bad_input")
@pytest.mark.parametrize(
    "given",
    [
        {"schedule": "every day"},
        {"schedule": "61 * * * *"},
        {"schedule": "0 0 30 2 *"},
        {"schedule": "* * * * * *"},
        {"schedule": YEARLY, "timezone": "Mars/Olympus"},
        {"schedule": YEARLY, "timezone": "../etc/passwd"},
    ],
)
async def test_a_cron_that_can_never_fire_is_refused(appyard: RunAppyard, given: dict[str, str]) -> None:
    client = LangGraphClient((await appyard()).client)
    with pytest.raises(UnprocessableEntityError):
        await client.crons.create("appyard", **given)


@pytest.mark.requirement("cron.bad_input")
async def test_a_cron_needs_a_thread_and_an_assistant_that_exist(appyard: RunAppyard) -> None:
    client = LangGraphClient((await appyard()).client)
    unknown = "00000000-0000-0000-0000-000000000000"
    with pytest.raises(NotFoundError):
        await client.crons.create_for_thread(unknown, "appyard", schedule=YEARLY)
    with pytest.raises(NotFoundError):
        await client.crons.create(unknown, schedule=YEARLY)


@pytest.mark.requirement("cron.once")
async def test_a_due_cron_begins_one_run_however_many_workers_look_and_however_much_was_missed(
    appyard: RunAppyard, nobody_fires: None
) -> None:
    running = await appyard()
    client = LangGraphClient(running.client)
    thread = await client.threads.create(graph_id="appyard")
    cron: Any = await client.crons.create_for_thread(
        thread["thread_id"], "appyard", schedule="* * * * *", input={"n": 1}, metadata={"of": "us"}
    )
    await make_due(running, cron)

    fired = await asyncio.gather(*(crons_of(running).fire_next() for _ in range(8)))

    begun = [one.run_id for one in fired if one]
    runs: Any = await client.runs.list(thread["thread_id"])
    assert [UUID(run["run_id"]) for run in runs] == begun
    assert len(begun) == 1
    assert runs[0]["kwargs"]["input"] == {"n": 1}
    assert runs[0]["metadata"].items() >= {"cron_id": cron["cron_id"], "of": "us"}.items()
    following = datetime.fromisoformat((await running.client.get(f"/runs/crons/{cron['cron_id']}")).json()["next_run_date"])
    assert timedelta(0) < following - datetime.fromisoformat(runs[0]["created_at"]) <= timedelta(minutes=1)


@pytest.mark.requirement("cron.thread")
async def test_each_run_of_a_cron_without_a_thread_gets_its_own_which_is_kept_if_asked(appyard: RunAppyard, nobody_fires: None) -> None:
    running = await appyard()
    client = LangGraphClient(running.client)
    for on_run_completed in ("keep", "delete"):
        cron: Any = await client.crons.create("appyard", schedule=YEARLY, input={}, on_run_completed=on_run_completed)
        await make_due(running, cron)

    fired = [await crons_of(running).fire_next() for _ in range(3)]

    assert fired[2] is None
    runs = [await running.world.ledger.runs.get(one.run_id) for one in fired if one and one.run_id]
    assert len({run.thread_id for run in runs}) == 2
    assert sorted(bool(run.kwargs.get("is_temporary")) for run in runs) == [False, True]


@pytest.mark.requirement("cron.rests")
async def test_a_disabled_and_an_ended_cron_begin_nothing(appyard: RunAppyard, nobody_fires: None) -> None:
    running = await appyard()
    client = LangGraphClient(running.client)
    disabled: Any = await client.crons.create("appyard", schedule=YEARLY, enabled=False)
    ended: Any = await client.crons.create("appyard", schedule=YEARLY, end_time=datetime(2000, 1, 1, tzinfo=UTC))
    for cron in (disabled, ended):
        await make_due(running, cron)

    fired = await crons_of(running).fire_next()

    assert fired is not None
    assert (str(fired.cron.cron_id), fired.run_id) == (ended["cron_id"], None)
    assert await crons_of(running).fire_next() is None


@pytest.mark.requirement("cron.rests")
async def test_a_refused_run_waits_for_the_next_time_and_holds_up_no_other_cron(appyard: RunAppyard, nobody_fires: None) -> None:
    running = await appyard()
    client = LangGraphClient(running.client)
    thread = await client.threads.create(graph_id="appyard")
    await client.runs.create(thread["thread_id"], "appyard", input={}, after_seconds=3600)
    refused: Any = await client.crons.create_for_thread(thread["thread_id"], "appyard", schedule=YEARLY, multitask_strategy="reject")
    other: Any = await client.crons.create("appyard", schedule=YEARLY)
    await make_due(running, refused)
    await make_due(running, other)

    fired = [await crons_of(running).fire_next() for _ in range(3)]

    assert {str(one.cron.cron_id): one.run_id is not None for one in fired if one} == {refused["cron_id"]: False, other["cron_id"]: True}
    assert fired[2] is None


@pytest.mark.requirement("cron.thread")
async def test_the_worker_fires_what_is_due(appyard: RunAppyard) -> None:
    running = await appyard()
    client = LangGraphClient(running.client)
    thread = await client.threads.create(graph_id="appyard")
    cron: Any = await client.crons.create_for_thread(thread["thread_id"], "appyard", schedule=YEARLY, input={})

    with running.world.ledger.run_events.changes(UUID(thread["thread_id"])) as changes:
        await make_due(running, cron)
        async for _ in changes:
            if runs := await client.runs.list(thread["thread_id"]):
                break

    assert [(run["metadata"] or {}).get("cron_id") for run in runs] == [cron["cron_id"]]


@pytest.mark.requirement("cron.thread")
async def test_a_cron_goes_with_its_thread(appyard: RunAppyard) -> None:
    client = LangGraphClient((await appyard()).client)
    thread = await client.threads.create(graph_id="appyard")
    await client.crons.create_for_thread(thread["thread_id"], "appyard", schedule=YEARLY)
    await client.threads.delete(thread["thread_id"])
    assert await client.crons.count(thread_id=thread["thread_id"]) == 0


@pytest.mark.requirement("cron.time")
@pytest.mark.parametrize(
    ("schedule", "zone", "now", "following"),
    [
        ("0 9 * * *", None, "2026-03-07T10:00+00:00", "2026-03-08T09:00+00:00"),
        ("0 9 * * *", "America/New_York", "2026-03-07T15:00+00:00", "2026-03-08T13:00+00:00"),  # summer time began that night
        ("30 2 * * *", "America/New_York", "2026-03-07T15:00+00:00", "2026-03-08T07:00+00:00"),  # 02:30 did not exist
        ("@daily", "Asia/Kolkata", "2026-03-07T10:00+00:00", "2026-03-07T18:30+00:00"),
    ],
)
def test_the_next_time_is_reckoned_where_the_schedule_lives(schedule: str, zone: str | None, now: str, following: str) -> None:
    assert next_time(draft(schedule, zone), datetime.fromisoformat(now)) == datetime.fromisoformat(following)


@pytest.mark.requirement("cron.time")
def test_no_time_after_the_end() -> None:
    end = datetime(2026, 1, 1, 9, tzinfo=UTC)
    assert next_time(draft("0 9 * * *", end_time=end), datetime(2025, 12, 31, 10, tzinfo=UTC)) == end
    assert next_time(draft("0 9 * * *", end_time=end), end) is None
