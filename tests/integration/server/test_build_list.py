"""The list of builds: it says what each build's own status says, is searched, filtered, and read page by page."""

from uuid import UUID

from nodes.errors import ModelRefused
from server.services.build_list import BuildList, BuildSearch
from server.services.build_status import RuntimeStatus
from tests.factories import make_finding
from tests.integration.server.conftest import Appyard, RunAppyard, script


def listed(yard: Appyard) -> BuildList:
    return BuildList(yard.world.ledger.database)


async def test_the_list_says_of_each_build_what_its_status_says(appyard: RunAppyard) -> None:
    yard = await appyard(
        script(write_component=[ModelRefused("no"), *script()["write_component"]]), rounds=[[make_finding(component=None)]]
    )
    failed = await yard.start()
    await yard.ended(failed)  # alone: the engineer refuses whoever asks first
    waiting, rejected, expired, completed = [await yard.start() for _ in range(4)]
    for build in (waiting, rejected, expired, completed):
        await yard.ended(build)
    await yard.client.post(f"/api/approval/{rejected}", json={"decision": "rejected"})
    await yard.client.post(f"/api/approval/{completed}", json={"decision": "approved"})
    await yard.ended(rejected)
    await yard.ended(completed)
    await yard.world.ledger.approvals.supersede(UUID(expired))
    lines = (await listed(yard).search(BuildSearch())).lines
    told = {str(line.workflow_id): line.runtime_status.value for line in lines}
    assert told == {build: (await yard.status(build))["runtime_status"] for build in (failed, waiting, rejected, expired, completed)}
    assert sorted(told.values()) == ["AwaitingApproval", "Completed", "Expired", "Failed", "Rejected"]


async def test_builds_are_found_by_words_state_and_person(appyard: RunAppyard) -> None:
    yard = await appyard()
    mine = await yard.start(app_description="Employees submit claims. 100% of them_are paid.", user_id="maria")
    other = await yard.start(user_id="li")
    for build in (mine, other):
        await yard.ended(build)

    async def found(search: BuildSearch) -> list[str]:
        return [str(line.workflow_id) for line in (await listed(yard).search(search)).lines]

    assert await found(BuildSearch(text="100% OF THEM_")) == [mine]
    assert await found(BuildSearch(text="%")) == [mine]
    assert await found(BuildSearch(person="li")) == [other]
    assert await found(BuildSearch(status=RuntimeStatus.completed)) == [other, mine]
    assert await found(BuildSearch(status=RuntimeStatus.failed)) == []
    assert await found(BuildSearch(within_hours=1)) == [other, mine]


async def test_pages_follow_one_another_without_gap_or_repetition(appyard: RunAppyard) -> None:
    yard = await appyard()
    builds = [await yard.start() for _ in range(5)]
    seen: list[str] = []
    search: BuildSearch | None = BuildSearch(limit=2)
    while search:
        page = await listed(yard).search(search)
        seen += [str(line.workflow_id) for line in page.lines]
        search = BuildSearch(limit=2, before=page.older) if page.older else None
        if len(seen) == 2:
            await yard.start()  # what is added meanwhile moves nothing
    assert seen == list(reversed(builds))


async def test_the_inbox_lists_what_waits_asked_last_first(appyard: RunAppyard) -> None:
    yard = await appyard(rounds=[[make_finding(component=None)]])
    builds = [await yard.start() for _ in range(3)]
    for build in builds:
        await yard.ended(build)
    first = await listed(yard).waiting(limit=2)
    rest = await listed(yard).waiting(first.older, limit=2)
    asked = {str(line.workflow_id): line.opened_at for line in (*first.lines, *rest.lines)}
    assert asked.keys() == set(builds)
    assert list(asked.values()) == sorted(asked.values(), reverse=True)
    assert await listed(yard).count_waiting() == 3
