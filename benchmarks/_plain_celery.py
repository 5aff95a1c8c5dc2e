"""Celery by itself, as its documentation shows it: a task that does nothing, and adds a byte to a file."""

import os
from pathlib import Path

from celery import Celery

app = Celery("plain", broker=os.environ["PLAIN_BROKER"])
app.conf.update(
    task_ignore_result=True,
    worker_send_task_events=True,  # as Headway's, so that Flower can look on
    task_default_queue=os.environ["PLAIN_QUEUE"],
)
DONE = Path(os.environ["PLAIN_DONE"])


@app.task  # type: ignore[untyped-decorator]  # Celery ships no types
def noop() -> None:
    descriptor = os.open(DONE, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, b".")
    os.close(descriptor)
