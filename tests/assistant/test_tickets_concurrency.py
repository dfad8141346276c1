"""Many agents at once, and processes that die: no ticket is lost, torn or given to two."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from assistant.tickets import Customer, ServiceTargets, TicketClaimedError, TicketNotFoundError, TicketQueue
from knowledge.database import Database, open_database
from knowledge.errors import StaleError
from tests.assistant.tickets import open_queue, open_ticket

AGENTS = [f"agent {number}" for number in range(8)]


@pytest.fixture
def queue(database: Database) -> TicketQueue:
    return open_queue(database)


def test_eight_agents_claiming_two_hundred_tickets_get_each_exactly_once(
    queue: TicketQueue, database: Database
) -> None:
    opened = set()
    with database.write() as connection:
        for number in range(200):
            draft = queue.draft(
                question=f"Question {number}", customer=Customer(), channel="chat", language="en", reason="no_match"
            )
            queue.insert(connection, draft, actor="assistant")
            opened.add(draft.id)
    start = Barrier(len(AGENTS), timeout=30)

    def work(agent: str) -> list[str]:
        mine = []
        start.wait()
        while (ticket := queue.claim_next(agent=agent)) is not None:
            mine.append(ticket.id)
        return mine

    with ThreadPoolExecutor(len(AGENTS)) as pool:
        claimed = dict(zip(AGENTS, pool.map(work, AGENTS), strict=True))
    assert Counter(id for ids in claimed.values() for id in ids) == Counter(opened)
    for agent, ids in claimed.items():
        assert {ticket.id for ticket in queue.page(limit=500, assignee=agent).items} == set(ids)
    assert queue.counts().by_status["open"] == 200
    assert {queue.get(id).version for id in opened} == {2}


def test_eight_agents_claiming_one_ticket_are_told_of_the_one_who_has_it(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    start = Barrier(len(AGENTS), timeout=30)

    def work(agent: str) -> str:
        start.wait()
        try:
            return queue.claim(ticket.id, agent=agent).assignee or ""
        except TicketClaimedError as error:
            return f"not {error.assignee}"

    with ThreadPoolExecutor(len(AGENTS)) as pool:
        told = Counter(pool.map(work, AGENTS))
    winner = queue.get(ticket.id).assignee
    assert told == {winner: 1, f"not {winner}": len(AGENTS) - 1}


def test_of_many_changes_of_one_version_one_is_made_and_the_others_are_stale(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    start = Barrier(len(AGENTS), timeout=30)

    def work(agent: str) -> bool:
        start.wait()
        try:
            queue.update(ticket.id, actor=agent, tags=[agent], expected_version=1)
        except StaleError:
            return False
        return True

    with ThreadPoolExecutor(len(AGENTS)) as pool:
        made = list(pool.map(work, AGENTS))
    assert made.count(True) == 1
    assert queue.get(ticket.id).tags == (AGENTS[made.index(True)],)
    assert len(queue.events(ticket.id).items) == 2


def test_replies_at_the_same_moment_are_all_kept(queue: TicketQueue) -> None:
    ticket = open_ticket(queue)
    start = Barrier(len(AGENTS), timeout=30)

    def work(agent: str) -> None:
        start.wait()
        for number in range(5):
            queue.reply(ticket.id, agent=agent, body=f"{number}")

    with ThreadPoolExecutor(len(AGENTS)) as pool:
        list(pool.map(work, AGENTS))
    messages = queue.messages(ticket.id, limit=100).items
    assert len(messages) == 41
    for agent in AGENTS:
        assert [message.body for message in messages if message.author == agent] == ["0", "1", "2", "3", "4"]
    assert queue.get(ticket.id).version == len(queue.events(ticket.id, limit=100).items) == 41


DOOMED = """
import sys, time
from dataclasses import replace
from assistant.tickets import Customer, ServiceTargets, TicketQueue
from assistant.tickets.change import Change, find
from knowledge.database import now, open_database

database = open_database(sys.argv[1])
queue = TicketQueue(database, ServiceTargets())
with database.write() as connection:
    draft = queue.draft(question="Lost?", customer=Customer(), channel="chat", language="en", reason="no_match")
    queue.insert(connection, draft, actor="assistant")
    change = Change(find(connection, sys.argv[2], locked=True), actor="doomed", kind="claimed", at=now())
    change.after = replace(change.before, assignee="doomed", status="open")
    change.write(connection)
    print(draft.id, flush=True)
    time.sleep(60)
"""


def test_a_process_killed_half_way_leaves_nothing_and_blocks_nobody(queue: TicketQueue, database_url: str) -> None:
    ticket = open_ticket(queue)
    with subprocess.Popen(
        [sys.executable, "-c", DOOMED, database_url, ticket.id], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        written = process.stdout.readline().strip()
        process.kill()
    assert written.startswith("T-")
    with pytest.raises(TicketNotFoundError):
        queue.get(written)
    assert queue.get(ticket.id) == ticket
    assert queue.claim(ticket.id, agent="anna").assignee == "anna"
    assert [event.actor for event in queue.events(ticket.id).items] == ["assistant", "anna"]


def test_claiming_next_passes_over_a_ticket_that_is_being_changed(queue: TicketQueue, database: Database) -> None:
    if database.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time: nothing can be passed over")
    first, second = open_ticket(queue, priority="urgent"), open_ticket(queue)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            connection.exec_driver_sql("SELECT id FROM tickets WHERE id = %s FOR UPDATE", (first.id,))
            taken = pool.submit(queue.claim_next, agent="anna").result(timeout=10)
            assert taken is not None
            assert taken.id == second.id
            assert pool.submit(queue.claim_next, agent="anna").result(timeout=10) is None
        freed = queue.claim_next(agent="anna")
        assert freed is not None
        assert freed.id == first.id


def test_queues_of_several_processes_share_one_database(queue: TicketQueue, database_url: str) -> None:
    ticket = open_ticket(queue)
    other = open_database(database_url)
    try:
        elsewhere = TicketQueue(other, ServiceTargets())
        assert elsewhere.claim(ticket.id, agent="anna").version == 2
        assert queue.get(ticket.id).assignee == "anna"
    finally:
        other.close()
