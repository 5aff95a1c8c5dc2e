"""Links to PostgreSQL that are cut at a COMMIT, or forward nothing any more: rows 27 and 28."""

import random
import threading
import time
from contextlib import closing, suppress
from dataclasses import dataclass, field

import httpx2

from headway.errors import StoreUnavailable
from headway.store.contract import Store
from headway.store.postgres import open_postgres
from headway.store.values.history import JobQuery
from headway.store.values.submission import Submission
from tests.contract.acts import key, submission
from tests.contract.cutting import cutting_link
from tests.crash.far import postgres_missing
from tests.crash.matrix import Ground, Row, Tally, clock
from tests.crash.rows.api import BODY, JOBS, Server
from tests.postgres import fresh_database
from tests.waiting import eventually
from tests.worker.processes import is_alive
from tests.worker.site import Site, pid_in


def cut_in_commits(ground: Ground, count: int, tally: Tally) -> None:
    """Row 27: the link is cut as a COMMIT passes, or as its answer comes; nothing is made twice."""
    told, link = ground.enter(cutting_link(ground.enter(fresh_database())))
    store = ground.enter(closing(open_postgres(told)))
    chance = random.Random(27)
    for number in range(count):
        wish = submission(idempotency=key(f"key-{number}"))
        link.cut_at_commit(chance.choice(("before", "after")))
        with clock() as passed:
            while not _granted(store, wish):
                pass
            tally.took("granted", passed(), bound=5)
        tally.repetitions += 1
    found = len(store.jobs.find(JobQuery(limit=2 * count + 1)))
    if (found, link.cuts) != (count, count):
        tally.broken(f"expected {count} cuts and jobs, got {link.cuts} and {found}")


def _granted(store: Store, wish: Submission) -> bool:
    with suppress(StoreUnavailable):
        return bool(store.jobs.add([wish]))
    return False


CLIENTS = 20
PATIENCE = 120.0


@dataclass
class Clients:
    """Clients that each ask for job after job, and repeat what is refused under its key."""

    server: Server
    over: threading.Event = field(default_factory=threading.Event)
    granted: dict[str, str] = field(default_factory=dict)
    """The job of each key that was granted."""
    seconds: list[float] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)

    def run(self, number: int) -> None:
        """Be one of them, until it is over."""
        count = 0
        with httpx2.Client(base_url=self.server.url, timeout=PATIENCE) as client:
            while not self.over.is_set():
                count += 1
                key = f"{number}-{count}"
                while key not in self.granted:
                    self._ask(client, key)

    def _ask(self, client: httpx2.Client, key: str) -> None:
        headers = self.server.headers | {"Idempotency-Key": key}
        with clock() as passed:
            answer = client.post(JOBS, json=BODY, headers=headers)
            self.seconds.append(passed())
        if answer.is_success:
            self.granted[key] = answer.json()["job_id"]
        else:
            self.refused.add(answer.status_code)
            time.sleep(float(answer.headers["Retry-After"]))


def swallowed(ground: Ground, count: int, tally: Tally) -> None:
    """Row 28: nothing passes to the database or back for a minute, while clients ask for jobs."""
    url = ground.enter(fresh_database())
    told, link = ground.enter(cutting_link(url))
    site = ground.site(database_url=url)
    with Server(site.directory, settings={"database_url": told}) as server:
        eventually(lambda: _is_ready(server), within=60)
        for _ in range(count):
            clients = Clients(server)
            threads = [threading.Thread(target=clients.run, args=(n,)) for n in range(CLIENTS)]
            for thread in threads:
                thread.start()
            _more(clients)
            deaf = ground.folder / f"deaf-{tally.repetitions}"
            job = site.submit("ignores_sigterm", file=str(deaf))
            child = pid_in(deaf, within=60)
            with link.swallowing(), clock() as passed:
                eventually(lambda: not _is_ready(server), within=60)
                tally.took("unreadiness told", passed(), bound=5)
                eventually(lambda child=child: not is_alive(child), within=60)  # type: ignore[misc]
                tally.took("child of a lost lease gone", passed(), bound=15)
                time.sleep(max(0.0, (20 if ground.quick else 60) - passed()))  # the fault itself
            with clock() as passed:
                _more(clients)
                tally.took("accepted again", passed(), bound=5)
                eventually(lambda: _is_ready(server), within=60)
                tally.took("ready again", passed(), bound=20)
            site.cancel(job)
            clients.over.set()
            for thread in threads:
                thread.join()
            tally.took("longest request", max(clients.seconds), bound=15)
            _check(site, clients, tally)
            tally.repetitions += 1


def _more(clients: Clients) -> None:
    """Return when each has been granted one more, as many as there are."""
    before = len(clients.granted)
    eventually(lambda: len(clients.granted) >= before + CLIENTS, within=PATIENCE)


def _is_ready(server: Server) -> bool:
    return server.client.get("/readyz").is_success


def _check(site: Site, clients: Clients, tally: Tally) -> None:
    ids = list(clients.granted.values())
    eventually(
        lambda: all(one.status.finished for one in site.store.jobs.get_many(ids)), within=120
    )
    found = site.store.jobs.find(JobQuery(limit=100_000))
    if missing := set(ids) - {job.id for job in found}:
        tally.broken(f"{len(missing)} jobs were granted and are not there")
    if len(set(ids)) != len(ids):
        tally.broken("two keys were given one job")
    if again := [job.id for job in found if job.attempt + job.crashes]:
        tally.broken(f"{len(again)} jobs failed or crashed")
    if clients.refused - {503}:
        tally.broken(f"refused with {clients.refused}")


ROWS = (
    Row(27, "link to PostgreSQL cut in a COMMIT", cut_in_commits, short=0, full=300, barred=postgres_missing),
    Row(28, "a proxy before PostgreSQL swallows everything", swallowed, short=0, full=10, barred=postgres_missing),
)  # fmt: skip
