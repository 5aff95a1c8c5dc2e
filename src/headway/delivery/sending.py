"""One notice to one target, whatever its kind."""

from collections.abc import Mapping

from headway.delivery.mail import MailServer, send
from headway.delivery.notice import Notice
from headway.delivery.webhook import post
from headway.errors import NotRetryable
from headway.job import Json
from headway.notices import Reach


async def deliver(told: Mapping[str, Json], message_id: str, settings: Mapping[str, Json]) -> Json:
    """Send what the store wrote down, or raise why not; `settings` of the service say how."""
    notice, target = Notice.of(told, message_id), told["target"]
    if "email" in target:
        await send(notice, target["email"], _mail_server(settings))
        return {"sent": "email"}
    reach = Reach(private=bool(settings.get("webhook_private")), mail=False)
    return {
        "sent": "webhook",
        "status": await post(notice, target["webhook"], told["secrets"], reach),
    }


def _mail_server(settings: Mapping[str, Json]) -> MailServer:
    url, sender = settings.get("smtp_url"), settings.get("mail_from")
    if url is None or sender is None:
        raise NotRetryable(
            "expected a mail server, got none: this worker has no HEADWAY_SMTP_URL and"
            " HEADWAY_MAIL_FROM"
        )
    return MailServer.at(url, sender)
