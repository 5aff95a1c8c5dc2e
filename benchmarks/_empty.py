"""The ceiling: a FastAPI application with one route that does nothing."""

from fastapi import FastAPI

app = FastAPI()


@app.post("/api/v1/jobs", status_code=202)
async def nothing() -> dict[str, str]:
    """Answer at once."""
    return {"status": "pending"}
