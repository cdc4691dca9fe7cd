from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from labyard.control.access import Access
from labyard.control.catalog import Catalog
from labyard.control.changes import Changes
from labyard.control.plays import Plays
from labyard.control.policy import Policy
from labyard.control.reconciler import Reconciler, utc_now
from labyard.errors import Problem, SpecError
from labyard.hosts.fake import FakeHost, Temper
from labyard.hosts.fake_plans import fake_plan
from labyard.play.plan import PlayPlan
from labyard.server.app import create_app
from labyard.server.services import ServerSettings, Services
from labyard.store.database import Database
from labyard.store.keys import KeyStore
from labyard.store.plays import PlayStore

TOKEN = "the-owner"


@dataclass
class JsonManifest:
    value: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.value["name"])

    @property
    def title(self) -> str:
        return str(self.value["name"])

    @property
    def description(self) -> str:
        return ""

    def as_json(self) -> dict[str, Any]:
        return self.value


class JsonSpec:
    def parse(self, text: str, *, file: str) -> JsonManifest:
        try:
            return JsonManifest(json.loads(text))
        except ValueError as error:
            raise SpecError((Problem(file=file, line=1, column=1, message=str(error)),)) from error

    def resolve(self, manifest: Any, *, overrides: Mapping[str, Any], parameters: Mapping[str, str]) -> PlayPlan:
        return fake_plan(manifest.name, machines=("node-01", "node-02"), tasks=("init_a", "init_b"))


@dataclass
class House:
    services: Services
    host: FakeHost
    http: httpx.AsyncClient


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "demo.yaml").write_text('{"name": "demo"}')
    database = await Database.open_file(tmp_path / "labyard.db")
    host = FakeHost(tempers={"slow": Temper(boot=60)})
    store, changes, policy = PlayStore(database), Changes(), Policy(tick=timedelta(seconds=0.1))
    reconciler = Reconciler(store, host, changes, policy)
    books = Catalog([catalog], JsonSpec())
    services = Services(
        plays=Plays(store, books, host, reconciler, changes, policy),
        catalog=books,
        access=Access(KeyStore(database), TOKEN, clock=utc_now),
        host=host,
        reconciler=reconciler,
        scratch=tmp_path / "uploads",
        settings=ServerSettings(names=("lab.test",)),
    )
    app = create_app(services)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://lab.test", headers=headers) as http:
            yield House(services, host, http)
    await host.close()
    await database.close()
