"""Where a notice may go, as far as the text of its target tells."""

import pytest

from headway.errors import InvalidInput
from headway.job import FINISHED, Status
from headway.notices import Reach, targets_of

PUBLIC = Reach(private=False, mail=True)
PRIVATE = Reach(private=True, mail=False)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hooks?x=1",
        "http://example.org",
        "https://example.org:8443/x",
        "https://93.184.216.34/x",
        "https://[2606:2800:220:1:248:1893:25c8:1946]/x",
        "https://192.0.1.1/x",
        "https://192.88.98.1/x",
    ],
)
def test_a_webhook_goes_to_who_can_be_reached_by_everybody(url: str) -> None:
    (target,) = targets_of([{"webhook": url}], PUBLIC, "/notify")
    assert (target.kind, target.to, target.on) == ("webhook", url, FINISHED)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.org",
        "ftp://example.org/x",
        "file:///etc/passwd",
        "gopher://example.org",
        "https://",
        "https://user@example.org/x",
        "https://user:word@example.org/x",
        "https://example.org:22/x",
        "https://example.org:99999/x",
        "https://example.org/x y",
        "https://example.org\\@localhost/x",
        "https://example.org/\nHost: other",
        "https://exämple.org/x",
        "http://localhost/x",
        "http://sub.localhost./x",
        "http://db.internal/x",
        "http://127.0.0.1/x",
        "http://127.1/x",
        "http://0/x",
        "http://2130706433/x",
        "http://0x7f000001/x",
        "http://0177.0.0.1/x",
        "http://10.0.0.8/x",
        "http://172.16.9.9/x",
        "http://192.168.1.1/x",
        "http://169.254.169.254/latest/meta-data",
        "http://100.64.0.1/x",
        "http://224.0.0.1/x",
        "http://255.255.255.255/x",
        "http://[::]/x",
        "http://[::1]/x",
        "http://[::ffff:127.0.0.1]/x",
        "http://[fe80::1]/x",
        "http://[fd00::1]/x",
        "http://[64:ff9b::7f00:1]/x",
        "http://[2002:7f00:1::]/x",
        "http://[2002:a00:1::]/x",
        "http://[::ffff:10.0.0.1]/x",
        "http://[::ffff:169.254.169.254]/x",
        "http://[::10.0.0.1]/x",
        "http://[64:ff9b::a00:1]/x",
        "http://[64:ff9b:1::a00:1]/x",
        "http://[64:ff9b:1::5db8:d822]/x",
        "http://[2001:0:5db8:d822::]/x",
        "http://[fec0::1]/x",
        "http://[feff::1]/x",
        "http://[3fff::1]/x",
        "http://[3fff:fff::1]/x",
        "http://[5f00::1]/x",
        "http://[2001:db8::1]/x",
        "http://[100::1]/x",
        "http://192.0.0.1/x",
        "http://192.0.0.9/x",
        "http://192.0.0.170/x",
        "http://192.88.99.1/x",
        "http://198.18.0.1/x",
        "http://198.51.100.1/x",
        "http://240.0.0.1/x",
        "http://[ff02::1]/x",
    ],
)
def test_a_webhook_goes_nowhere_else(url: str) -> None:
    with pytest.raises(InvalidInput, match="expected"):
        targets_of([{"webhook": url}], PUBLIC, "/notify")


def test_where_it_is_allowed_a_webhook_reaches_this_network() -> None:
    """But no URL that could be taken for another, and no port of the machine's own services."""
    assert targets_of([{"webhook": "http://127.0.0.1:8080/x"}], PRIVATE, "/notify")
    for url in ("http://127.0.0.1:22/x", "http://user@127.0.0.1/x", "ftp://127.0.0.1/x"):
        with pytest.raises(InvalidInput):
            targets_of([{"webhook": url}], PRIVATE, "/notify")


@pytest.mark.parametrize(
    "address",
    ["", "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "ada@example.org\nBcc: x@y.z",
     "ada@example.org, bob@example.org", "<ada@example.org>", "a" * 250 + "@example.org"],
)  # fmt: skip
def test_a_mail_goes_to_one_mailbox(address: str) -> None:
    assert targets_of([{"email": "ada.l+hw@mail.example.org"}], PUBLIC, "/notify")
    with pytest.raises(InvalidInput, match="one mailbox"):
        targets_of([{"email": address}], PUBLIC, "/notify")


def test_a_service_without_a_mail_server_says_so() -> None:
    with pytest.raises(InvalidInput, match="HEADWAY_SMTP_URL") as refused:
        targets_of([{"webhook": "http://127.0.0.1"}, {"email": "a@b.org"}], PRIVATE, "/notify")
    assert refused.value.errors[0][0] == "/notify/1/email"


def test_a_target_can_want_some_ends_only() -> None:
    (target,) = targets_of([{"email": "a@b.org", "on": ["failed"]}], PUBLIC, "")
    assert target.on == {Status.FAILED}
    assert target.told() == {"email": "a@b.org", "on": ["failed"]}
