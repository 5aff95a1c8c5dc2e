"""An application that was there before: its users have keys, and `mount` gives them jobs.

uvicorn classroom:app
curl -X POST -H 'X-Key: key-of-ada' 'localhost:8000/homework?epochs=200'
curl -N -H 'X-Key: key-of-ada' localhost:8000/headway/api/v1/jobs/JOB_ID/stream
"""

from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException

from headway import Settings, mount
from headway.job_request import JobRequest

app = FastAPI(title="Classroom")
app.state.pupils = {"key-of-ada": "ada", "key-of-ben": "ben"}


def pupil(x_key: Annotated[str, Header()]) -> str:
    """Whose key it is, as the application has always found out."""
    if x_key not in app.state.pupils:
        raise HTTPException(401, "expected a key of this class")
    return str(app.state.pupils[x_key])


@app.get("/")
def welcome() -> dict[str, str]:
    """A page of the application's own: nothing about it has changed."""
    return {"hello": "class"}


# All jobs, streams and results, below /headway: each pupil sees his own.
headway = mount(app, Settings.from_env(operations=("training_loop",)), user=pupil)


@app.post("/homework", status_code=202)
def hand_out(epochs: int, name: Annotated[str, Depends(pupil)]) -> dict[str, str]:
    """A route of the application's own, with a job behind it."""
    request = JobRequest(operation="fit", owner=name, input={"epochs": epochs})
    job = headway.queue.submit(request)
    return {"job": f"/headway/api/v1/jobs/{job.id}"}
