"""A database under load is intact after forks and rewinds: what PostgreSQL took for written is, wherever it goes on.

Only in `make soak`: its image is made for it alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.contract.host_contract import ID as PLAY
from tests.support.box import MIB, Box, small_plan
from tests.support.lab import prepare_images
from tests.support.plays import answered, forked, printed, runs, started
from tests.support.soak import SOAK

from labyard.play.plan import DrivePlan, PlayPlan

pytestmark = pytest.mark.vm

IMAGE = "debian-12-postgres"
ROUNDS = 20 if SOAK >= 200 else 2

# Sums are kept in step by each transaction: one that was half written, or lost behind a later one, shows.
PREPARE = """\
set -e
sed -i 's/^#*data_checksums.*//' /etc/postgresql/15/main/postgresql.conf
systemctl stop postgresql@15-main; su postgres -c '/usr/lib/postgresql/15/bin/pg_checksums -e -D /var/lib/postgresql/15/main'
systemctl start postgresql@15-main
su postgres -c psql <<'SQL'
create extension amcheck;
create table entry (id bigserial primary key, value bigint not null, sum numeric not null);
insert into entry (value, sum) values (0, 0);
create procedure load() language plpgsql as $$ begin
  loop
    insert into entry (value, sum) select v, last.sum + v
      from (select sum from entry order by id desc limit 1) last, (select (random() * 1000)::bigint as v) new;
    commit;
  end loop;
end $$;
SQL
"""
LOAD = "(su postgres -c 'psql -c \"call load()\"') >/dev/null 2>&1 </dev/null &"
CHECK = """\
su postgres -c 'psql -At' <<'SQL'
begin isolation level repeatable read;
select count(*) from (select sum - lag(sum, 1, 0) over (order by id) - value as off from entry) each where off <> 0;
select bt_index_check(index => 'entry_pkey', heapallindexed => true);
select max(id) from entry;
SQL
"""


def database_plan() -> PlayPlan:
    plan = small_plan(PREPARE)
    machine = plan.machines[0].model_copy(
        update={"drives": (DrivePlan(source=IMAGE, mount="/", size=4 << 30),), "memory": 512 * MIB, "cpus": 2}
    )
    return plan.model_copy(update={"machines": (machine,)})


@pytest.fixture
async def database_box(own_box: int, folder: Path) -> AsyncIterator[Box]:
    prepare_images(own_box, [IMAGE])
    box = Box(folder / "database", recipes=folder / "recipes")
    await box.enter()
    yield box
    await box.clear()


async def intact(box: Box, play: str) -> int:
    """How many rows there are, all in step, the index too."""
    await answered(box, play, "true")
    said = (await printed(box, play, CHECK)).split()
    assert said[:2] == ["BEGIN", "0"], said
    return int(said[-1])


async def test_a_database_under_load_is_intact_in_every_fork(database_box: Box) -> None:
    box = database_box
    await started(box, PLAY, database_plan())
    await printed(box, PLAY, LOAD)
    last = await intact(box, PLAY)
    for number in range(ROUNDS):
        fork = f"{number + 16:024x}"
        await forked(box, fork, PLAY)
        assert await intact(box, fork) >= last, "its load goes on"
        await box.host.destroy(fork)
        last = await intact(box, PLAY)
    await box.host.snapshot(PLAY, "early")
    for _ in range(ROUNDS // 2):
        assert await intact(box, PLAY) >= last
        await box.host.rewind(PLAY, "early")
        await runs(box, PLAY)
    await intact(box, PLAY)
