"""Data sets and models over HTTP: versions, aliases, who sees them, where they came from."""

from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from headway.http.application import Application
from headway.store.values.artifacts import StoredArtifact
from headway.verdict import Publication
from tests.http.conftest import Headers


class Shelf:
    """Puts artefacts of alice's on the shelf, without training any."""

    def __init__(self, app: Application) -> None:
        self._parts = app.parts.open()
        self.name = f"m-{uuid4().hex[:12]}"

    def add(self, count: int = 1) -> StoredArtifact:
        """As many versions of one model; the newest."""
        return [self._one() for _ in range(count)][-1]

    def _one(self) -> StoredArtifact:
        made = Publication(
            id=str(uuid4()),
            kind="model",
            name=self.name,
            path="models/aa/none",
            sha256="ab" * 32,
            size=7,
            meta={"metrics": {"accuracy": 0.9}, "parameters": {"epochs": 3}},
        )
        return self._parts.service.store.artifacts.add("alice", made)


@pytest.fixture
def shelf(app: Application) -> Shelf:
    return Shelf(app)


@pytest.fixture
def call(client: TestClient, alice: Headers) -> Any:
    """Call as alice, expect a status, and give the answer."""

    def call(
        method: str, path: str, status: int = 200, *, headers: Headers | None = None, **more: Any
    ) -> Any:
        answer = client.request(method, path, headers=headers or alice, **more)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else None

    return call


def test_a_model_has_versions_and_each_tells_what_is_known(call: Any, shelf: Shelf) -> None:
    """By its name, its version and its id alike."""
    newest = shelf.add(3)
    url = f"/api/v1/models/{shelf.name}"
    assert [one["version"] for one in call("GET", f"{url}/versions")] == [3, 2, 1]
    found = call("GET", url)
    assert found == call("GET", f"{url}@3") == call("GET", f"/api/v1/models/{newest.id}")
    assert found["metrics"] == {"accuracy": 0.9}
    assert found["parameters"] == {"epochs": 3}
    assert (found["sha256"], found["reference"]) == ("ab" * 32, f"{shelf.name}@3")
    assert call("GET", found["links"]["versions"]) == call("GET", f"{url}/versions")
    assert call("GET", "/api/v1/models/no-such", 404)["code"] == "not_found"


def test_lists_lead_on_by_a_link(client: TestClient, alice: Headers, shelf: Shelf) -> None:
    """To every version once; what comes with the package stands on the last page."""
    shelf.add(5)
    for path in (f"/api/v1/models?name={shelf.name}&limit=2",
                 f"/api/v1/models/{shelf.name}/versions?limit=2"):  # fmt: skip
        seen = []
        following: str | None = path
        while following is not None:
            answer = client.get(following, headers=alice)
            seen += [one["version"] for one in answer.json()]
            following = answer.links.get("next", {}).get("url")
        assert seen == [5, 4, 3, 2, 1]
    bundled = client.get("/api/v1/models?name=default", headers=alice).json()
    assert bundled[-1]["id"] == "bundled:default"


def test_a_bundled_model_tells_its_figures(call: Any) -> None:
    """As a trained one does."""
    found = call("GET", "/api/v1/models/bundled:default")
    assert found["bundled"]
    assert found["metrics"]["accuracy"] > 0.5
    assert call("GET", "/api/v1/models/bundled:default/versions")[0]["id"] == "bundled:default"
    assert call("DELETE", "/api/v1/models/bundled:default", 403)["code"] == "not_authorized"


def test_promotion_rollback_and_history(call: Any, shelf: Shelf) -> None:
    """PUT moves the alias, the rollback moves it back, the history tells both."""
    shelf.add(3)
    url = f"/api/v1/models/{shelf.name}"
    champion = f"{url}/aliases/champion"
    assert call("PUT", champion, json={"version": 1})["version"] == 1
    assert call("PUT", champion, json={"version": 3, "expected": 1})["version"] == 3
    assert call("GET", f"{url}@champion")["version"] == 3
    assert call("GET", f"{url}@3")["aliases"] == ["champion"]
    assert [one["alias"] for one in call("GET", f"{url}/aliases")] == ["champion"]
    assert call("POST", f"{champion}/rollback?expected=3")["version"] == 1
    assert call("POST", f"{champion}/rollback?expected=3", 409)["code"] == "conflict"
    assert [one["version"] for one in call("GET", f"{champion}/history")] == [1, 3, 1]
    assert call("PUT", champion, 409, json={"version": 2, "expected": 3})["code"] == "conflict"
    call("DELETE", champion, 204)
    call("DELETE", champion, 404)
    assert call("GET", f"{url}@champion", 404)
    assert call("GET", f"{champion}/history")[0]["version"] is None


@pytest.mark.parametrize(
    ("alias", "body"),
    [("champion", {"version": 9}), ("champion", {"version": "other"}), ("champion", {}),
     ("champion", {"version": 1, "more": 1}), ("7", {"version": 1}), ("a b", {"version": 1})],
)  # fmt: skip
def test_an_alias_that_cannot_be_is_refused(
    call: Any, shelf: Shelf, alias: str, body: dict[str, Any]
) -> None:
    """With what was expected, and nothing is moved."""
    shelf.add()
    url = f"/api/v1/models/{shelf.name}/aliases"
    assert "detail" in call("PUT", f"{url}/{alias}", 422, json=body)
    assert call("GET", url) == []


def test_deleting_is_guarded(call: Any, shelf: Shelf) -> None:
    """By an alias; a deleted version's number does not come back."""
    shelf.add(2)
    url = f"/api/v1/models/{shelf.name}"
    call("PUT", f"{url}/aliases/champion", json={"version": 2})
    assert "'champion'" in call("DELETE", f"{url}@2", 409)["detail"]
    call("DELETE", f"{url}/aliases/champion", 204)
    call("DELETE", f"{url}@2", 204)
    call("GET", f"{url}@2", 404)
    assert shelf.add().version == 3


def test_a_model_is_private_until_it_is_shared(call: Any, shelf: Shelf, bob: Headers) -> None:
    """And its owner's to change even then."""
    one = shelf.add()
    own, shared = f"/api/v1/models/{shelf.name}", f"/api/v1/models/alice:{shelf.name}"
    for path in (own, shared, f"/api/v1/models/{one.id}"):
        call("GET", path, 404, headers=bob)
    assert call("PATCH", own, json={"shared": True})["shared"]
    call("GET", own, 404, headers=bob)
    seen = call("GET", shared, headers=bob)
    assert (seen["id"], seen["reference"]) == (one.id, f"alice:{shelf.name}@1")
    assert call("GET", f"/api/v1/models/{one.id}", headers=bob) == seen
    assert one.id in str(call("GET", f"/api/v1/models?name={shelf.name}", headers=bob))
    call("DELETE", shared, 403, headers=bob)
    call("PATCH", shared, 403, headers=bob, json={"shared": False})
    assert not call("PATCH", own, json={"shared": False})["shared"]
    call("GET", shared, 404, headers=bob)


def test_a_data_set_shows_its_rows(call: Any, client: TestClient, alice: Headers) -> None:
    """From any row on, as many as asked for."""
    lines = "".join(f"text {number},{'ab'[number % 2]}\n" for number in range(30))
    name = f"rows-{uuid4().hex[:8]}"
    csv = {"file": (f"{name}.csv", f"text,label\n{lines}".encode())}
    task = client.post("/imports", files=csv, headers=alice).json()["task_id"]
    client.get(f"/imports/{task}", headers=alice | {"Prefer": "wait=30"})
    url = f"/api/v1/datasets/{name}"
    assert call("GET", url)["job_id"] == task
    page = call("GET", f"{url}/rows?start=28&limit=5")
    assert (page["columns"], page["total"], page["start"]) == (["text", "label"], 30, 28)
    assert page["rows"] == [
        {"text": "text 28", "label": "a"}, {"text": "text 29", "label": "b"},
    ]  # fmt: skip
    assert len(call("GET", f"{url}/rows")["rows"]) == 20
    assert call("GET", f"{url}/rows?start=99")["rows"] == []
    sample = call("GET", "/api/v1/datasets/bundled:sample/rows?limit=1")
    assert (len(sample["rows"]), sample["total"]) == (1, 3000)


def test_lineage_leads_from_a_data_set_to_an_alias(
    call: Any, client: TestClient, alice: Headers, bob: Headers, submit: Any, finished: Any
) -> None:
    """Through the jobs that did it; a stranger sees what is shared, and no name of what is not."""
    name = f"line-{uuid4().hex[:8]}"
    lines = "".join(f"good {n},a\nbad {n},b\n" for n in range(20))
    csv = {"file": (f"{name}.csv", f"text,label\n{lines}".encode())}
    task = client.post("/imports", files=csv, headers=alice).json()["task_id"]
    client.get(f"/imports/{task}", headers=alice | {"Prefer": "wait=30"})
    data = call("GET", f"/api/v1/datasets/{name}")
    training = submit("train_model", input={"data": name, "name": name, "epochs": 1})
    model_id = finished(training)["result"]["model_id"]
    evaluation = submit("evaluate_model", input={"data": name, "model": name})
    finished(evaluation)
    call("PUT", f"/api/v1/models/{name}/aliases/champion", json={"version": 1})
    made_from = {one["id"]: one for one in call("GET", f"/api/v1/models/{name}")["made_from"]}
    assert made_from[data["id"]]["sha256"] == data["sha256"]
    graph = call("GET", f"/api/v1/models/{name}/lineage")
    edges = {(one["from"], one["to"], one["relation"]) for one in graph["edges"]}
    assert {
        (task, data["id"], "made"), (data["id"], training, "read"), (training, model_id, "made"),
        (model_id, evaluation, "read"), (data["id"], evaluation, "read"),
        (model_id, f"{name}@champion", "named"),
    } <= edges  # fmt: skip
    kinds = {one["id"]: one["type"] for one in graph["nodes"]}
    assert (kinds[data["id"]], kinds[training]) == ("dataset", "job")
    assert call("GET", f"/api/v1/datasets/{name}/lineage")["edges"] == graph["edges"]
    call("PATCH", f"/api/v1/models/{name}", json={"shared": True})
    seen = call("GET", f"/api/v1/models/{model_id}/lineage", headers=bob)
    nodes = {one["id"]: one for one in seen["nodes"]}
    assert nodes[data["id"]]["name"] is None
    assert evaluation not in nodes
    assert "champion" not in str(seen)
