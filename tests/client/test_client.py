"""Every verb of the client, against a real service."""

import json
from pathlib import Path

import pytest
from websockets.sync.client import connect

from headway.client import Client
from headway.client.errors import (
    AlreadyFinished,
    Conflict,
    InvalidInput,
    JobCancelled,
    JobFailed,
    NotAuthorized,
    NotFinished,
    NotFound,
    StillRunning,
    Unauthorized,
    UnknownArtifact,
    UnknownOperation,
)
from headway.job import Status
from tests.client.service import Service
from tests.http.conftest import Gate

ROWS = "".join(f"text {number} is {label},{label}\n" for number in range(40) for label in "ab")


def test_a_user_signs_in_when_he_first_has_to(client: Client) -> None:
    """No verb of its own is needed; the token is kept."""
    assert client.me().username == "alice"
    assert client.sign_in() == client.sign_in() != ""


def test_a_wrong_password_is_told_as_such(service: Service) -> None:
    with service.client("alice", "wrong") as client, pytest.raises(Unauthorized) as refused:
        client.me()
    assert (refused.value.status, refused.value.code) == (401, "unauthorized")


def test_without_a_user_a_call_is_refused(service: Service) -> None:
    with Client(service.url) as client, pytest.raises(Unauthorized, match="Not authenticated"):
        client.me()


def test_a_token_of_before_is_enough(service: Service, client: Client) -> None:
    with Client(service.url, token=client.sign_in()) as other:
        assert other.me().username == "alice"


def test_who_signs_out_has_no_token_and_gets_another(service: Service) -> None:
    with service.client("alice", "secret123") as client:
        token = client.sign_in()
        client.sign_out()
        client.sign_out()
        with Client(service.url, token=token) as other, pytest.raises(Unauthorized):
            other.me()
        assert client.me().username == "alice"
        assert client.sign_in() != token


def test_a_text_is_classified_at_once(client: Client) -> None:
    answer = client.predict("My invoice is wrong")
    assert answer.prediction in answer.probabilities
    assert answer.confidence == max(answer.probabilities.values())


def test_any_operation_can_be_submitted(client: Client) -> None:
    """Its options too; the handle gives its result."""
    job = client.submit("nothing", {"note": "hello"}, priority="high", metadata={"for": "me"})
    assert job.result() == {"note": "hello"}
    ended = job.wait()
    assert (ended.status, ended.priority, ended.metadata) == (Status.COMPLETED, 2, {"for": "me"})
    assert client.job(job.id).now() == ended


def test_a_key_of_your_own_names_one_job(client: Client) -> None:
    """Without one each submission is a job of its own."""
    one, other = (client.submit("nothing", key="the-only-one") for _ in range(2))
    assert one.id == other.id
    assert client.submit("nothing").id != client.submit("nothing").id


def test_many_jobs_are_accepted_together_or_not_at_all(client: Client) -> None:
    """Under one key, so that the same wish made again gives the same jobs."""
    wishes = [{"job_type": "nothing", "input": {"number": n}, "priority": "low"} for n in range(20)]
    made = client.submit_many(wishes, key="twenty")
    assert [one.id for one in client.submit_many(wishes, key="twenty")] == [one.id for one in made]
    assert len({one.id for one in made}) == 20
    assert {one.wait().priority for one in made} == {8}
    before = next(client.jobs()).job_id
    with pytest.raises(UnknownOperation):
        client.submit_many([wishes[0], {"job_type": "unheard_of"}])
    assert next(client.jobs()).job_id == before


def test_a_ticket_opens_one_socket_for_somebody_without_a_token(
    service: Service, client: Client
) -> None:
    """Once, and as the user it was made for."""
    job = client.submit("nothing")
    job.wait()
    ticket = client.ticket()
    assert 0 < ticket.expires_in <= 30
    assert client.ticket().ticket != ticket.ticket
    address = f"{service.url.replace('http', 'ws')}/ws/jobs/{job.id}?ticket={ticket.ticket}"
    with connect(address) as socket:
        assert json.loads(socket.recv())["data"]["job_id"] == job.id


def test_import_train_evaluate_predict(client: Client, tmp_path: Path) -> None:
    """The main job, with progress on the way up and results item by item."""
    file = tmp_path / "tickets.csv"
    file.write_text("text,label\n" + ROWS)
    told: list[tuple[int, int]] = []
    imported = client.import_csv(file, name="tickets", progress=lambda *one: told.append(one))
    assert imported.result()["rows"] == 80
    size = file.stat().st_size
    assert told[-1] == (size, size)
    trained = client.train("tickets", name="ab", epochs=2).result()
    assert trained["epochs"] == 2
    assert 0 <= client.evaluate("tickets", "ab").result()["accuracy"] <= 1
    texts = [f"text {number} is a" for number in range(30)]
    predicted = client.batch_predict(texts, model="ab")
    items = list(predicted.results())
    assert [one["index"] for one in items] == list(range(30))
    assert [one["index"] for one in predicted.results(cursor=20)] == list(range(20, 30))
    assert list(predicted.results(status="failed")) == []
    stored = client.upload(file)
    assert (stored.name, stored.size) == ("tickets.csv", size)
    assert client.batch_predict(file=stored.id, model="ab").result()["predicted"] == 80
    assert "tickets" in [one.name for one in client.datasets()]
    assert "ab" in [one.name for one in client.models()]


def test_the_sample_is_imported_when_no_file_is_named(client: Client) -> None:
    assert client.import_csv(name="the-sample").result()["rows"] > 1000


def test_results_can_be_read_while_the_job_runs(client: Client, gate: Gate) -> None:
    """As they come until its end, or only those there are."""
    job = client.submit("steps", gate.input(3))
    gate.open()
    results = job.results()
    assert next(results)["step"] == 1
    assert [one["step"] for one in job.results(follow=False)] == [1]
    gate.open(2)
    assert [one["step"] for one in results] == [2, 3]
    assert [one["step"] for one in job.results(status="failed")] == [1, 3]


def test_history_metrics_logs_and_attempts_can_be_read(client: Client, gate: Gate) -> None:
    gate.open(2)
    job = client.submit("steps", gate.input(2))
    job.wait()
    events = list(job.history())
    assert [one.id for one in events] == list(range(1, len(events) + 1))
    assert [one.data["step"] for one in job.metrics()] == [1, 2]
    assert [one.data["message"] for one in job.logs()] == ["step 1", "step 2"]
    assert [one.exit_reason for one in job.attempts()] != []


def test_jobs_are_listed_page_by_page(client: Client) -> None:
    """Newest first, by type and by state."""
    made = [client.submit("nothing", {"number": number}).id for number in range(105)]
    client.job(made[-1]).wait()
    listed = [one.job_id for one in client.jobs(job_type="nothing")]
    assert listed[:105] == made[::-1]
    assert made[-1] in [one.job_id for one in client.jobs(Status.COMPLETED, "failed")]
    assert made[-1] not in [one.job_id for one in client.jobs("failed")]


def test_operations_are_listed_with_their_schemas(client: Client) -> None:
    operations = {one.job_type: one for one in client.operations()}
    assert operations["steps"].input_schema["properties"].keys() == {"gate", "steps"}


def test_a_job_is_cancelled_once_and_for_all(client: Client, gate: Gate) -> None:
    """Cancelling it again is no error; its result never comes."""
    job = client.submit("steps", gate.input(1))
    job.cancel()
    job.cancel()
    assert job.now().status is Status.CANCELLED
    with pytest.raises(JobCancelled, match="steps was cancelled"):
        job.result()


def test_what_has_ended_otherwise_cannot_be_cancelled(client: Client) -> None:
    job = client.submit("nothing")
    job.wait()
    with pytest.raises(AlreadyFinished):
        job.cancel()


def test_a_failed_job_says_why_and_can_be_retried(client: Client) -> None:
    job = client.submit("fail", {"note": "rain"})
    with pytest.raises(JobFailed, match="rain") as failed:
        job.result()
    assert failed.value.job_id == job.id
    assert job.retry().job_id == job.id
    with pytest.raises(JobFailed, match="rain"):
        job.result()


def test_who_waits_too_short_is_told_so(client: Client, gate: Gate) -> None:
    """The job goes on."""
    job = client.submit("steps", gate.input(1))
    for progress in (False, True):
        with pytest.raises(StillRunning, match="within 1 s"):
            job.wait(1, progress=progress)
    with pytest.raises(NotFinished):
        job.retry()
    gate.open()
    assert job.wait(60).status is Status.COMPLETED


def test_errors_are_told_by_their_code(service: Service, client: Client) -> None:
    """With the server's sentence, pointers into the request, and the request's id."""
    with pytest.raises(NotFound, match="Job not found"):
        client.job("nobody").now()
    with pytest.raises(UnknownOperation, match="nonsense"):
        client.submit("nonsense")
    with pytest.raises(UnknownArtifact, match="no-such-data"):
        client.train("no-such-data")
    with pytest.raises(InvalidInput) as wrong:
        client.train("sample", epochs=0)
    assert [pointer for pointer, _ in wrong.value.errors] == ["/input/epochs"]
    assert wrong.value.request_id
    with service.client("bob", "secret456") as bob, pytest.raises(NotAuthorized):
        bob.job(client.submit("nothing").id).now()


def test_progress_is_one_line_where_there_is_no_terminal(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the standard error: what a program prints is its own."""
    job = client.submit("nothing")
    job.wait(progress=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"{job.id}: completed\n")


def test_the_service_can_be_waited_for(client: Client) -> None:
    client.wait_until_ready(30)


def test_a_model_is_promoted_and_rolled_back(client: Client) -> None:
    """One step each, also when the answer is lost and the call is sent again."""
    examples = [
        {"text": f"{word} {n}", "label": word} for n in range(10) for word in ("up", "down")
    ]
    for _ in range(2):
        client.train(examples=examples, name="moved", epochs=1).result()
    assert [one.version for one in client.model_versions("moved")] == [2, 1]
    assert [one.version for one in client.models("moved")] == [2, 1]
    assert client.promote("moved", 1, "best").version == 1
    assert client.promote("moved", 2, "best", expected=1).version == 2
    with pytest.raises(Conflict):
        client.promote("moved", 2, "best", expected=1)
    assert client.model("moved@best").version == 2
    assert [(one.alias, one.version) for one in client.aliases("moved")] == [("best", 2)]
    with pytest.raises(Conflict):
        client.delete_model("moved@2")
    assert client.roll_back("moved", "best").version == 1
    assert client.predict("up 3", "moved@best").prediction == "up"
    client.delete_model("moved@2")
    with pytest.raises(NotFound):
        client.model("moved@2")
    with pytest.raises(NotFound):
        client.roll_back("moved", "no-such-alias")


def test_a_model_tells_what_it_came_from_and_who_moved_its_aliases(client: Client) -> None:
    """Jobs, data and aliases as a graph; moves newest first, each by its job or by hand."""
    client.import_csv(name="soil").result()
    trained = client.train(data="soil", name="grown", epochs=1, alias="ripe")
    trained.result()
    graph = client.lineage("grown@1")
    named = {node.id: node.name for node in graph.nodes}
    led = {(named[edge.source], edge.relation, named[edge.to]) for edge in graph.edges}
    assert {
        ("import_csv", "made", "soil"),
        ("soil", "read", "train_model"),
        ("train_model", "made", "grown"),
        ("grown", "named", "grown@ripe"),
    } <= led
    assert {node.name for node in client.lineage("soil", kind="datasets").nodes} >= {
        "grown",
        "soil",
    }
    client.train(data="soil", name="grown", epochs=2).result()
    client.promote("grown", 2, "ripe")
    moves = [(one.version, one.job_id) for one in client.alias_history("grown", "ripe")]
    assert moves == [(2, None), (1, trained.id)]
    client.promote("soil", 1, "best", kind="datasets")
    assert [one.version for one in client.alias_history("soil", "best", kind="datasets")] == [1]


def test_what_is_shared_is_seen_by_others(service: Service, client: Client) -> None:
    client.import_csv(name="private").result()
    assert client.dataset("private").meta["rows"] > 1000
    examples = [
        {"text": f"{word} {n}", "label": word} for n in range(10) for word in ("up", "down")
    ]
    client.train(examples=examples, name="shown", epochs=1).result()
    with service.client("bob", "secret456") as bob:
        assert bob.models("shown") == []
        client.share_model("shown@1")
        assert [one.owner for one in bob.models("shown")] == ["alice"]
        client.share_model("shown@1", shared=False)
        assert bob.models("shown") == []
    client.delete_dataset("private")
    assert client.datasets("private") == []
