"""The deployable application: `uvicorn app.main:app`. Settings come from `HEADWAY_*` variables."""

from headway.http.app import create_app
from headway.settings import Settings

app = create_app(Settings.from_env())
