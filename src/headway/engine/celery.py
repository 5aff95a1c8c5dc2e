"""For Celery's own commands: `celery -A headway.engine.celery worker`, `inspect`, `flower`.

An entry point: it reads the settings when it is imported, and nothing else of Headway imports it.
"""

from headway.engine.celery_app import make_app
from headway.engine.celery_worker import attach
from headway.settings import Settings

_settings = Settings.from_env(engine="celery")

app = attach(make_app(_settings), _settings)
