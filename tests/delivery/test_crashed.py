"""A receiver that fails, and a service that is killed meanwhile: the message arrives."""

from pathlib import Path

from standardwebhooks import Webhook

from tests.delivery.receiver import receiver
from tests.worker.site import Site

QUICK = ("tests.delivery.quick_retries",)


def test_a_message_survives_failures_and_a_kill(data_dir: Path) -> None:
    """Five refusals, the worker killed after the second: one message, verified at each attempt."""
    data_dir.mkdir(parents=True)
    site = Site(data_dir, {"mode": "development"})
    try:
        with receiver(500, 503, 404, 429, 500) as there:
            first = site.worker(entry=QUICK, mode="development")
            job = site.submit("noop", {"notify": [{"webhook": there.url}]})
            there.until(2)
            first.kill()
            site.worker(entry=QUICK, mode="development")
            sent = there.until(6)
        secret = site.service.queue.notifications.settings("ada").secret
        (delivery,) = site.store.notices.deliveries(job.id)
        assert {one.headers["webhook-id"] for one in sent} == {delivery.id}
        assert len({one.body for one in sent}) == 1
        for one in sent:
            Webhook(secret).verify(one.body.decode(), one.headers)
        sending = site.store.jobs.get(delivery.id)
        assert sending is not None
        site.completed(sending)
    finally:
        site.close()
