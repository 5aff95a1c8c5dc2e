"""An address is shown without the secrets in it."""

import pytest

from headway.masking import masked_url


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("postgresql://h/db?user=u&password=TOP", "postgresql://h/db?user=u&password=********"),
        ("postgresql://h/db?p%61ssword=TOP", "postgresql://h/db?p%61ssword=********"),
        ("postgresql://me:TOP@h:5432/db", "postgresql://me:********@h:5432/db"),
        ("postgresql://me:TO@P/@h/db?a=b", "postgresql://me:********@h/db?a=b"),
        ("redis://:TOP@h:6379/0", "redis://:********@h:6379/0"),
        ("https://TOP@h/v1/traces", "https://********@h/v1/traces"),
        ("https://h/v1/traces?api_key=TOP;x=1", "https://h/v1/traces?api_key=********"),
        ("headway:TOP@h/db", "********"),
        ("host=h password=TOP options=a://b", "********"),
        ("amqp://h/vhost", "amqp://h/vhost"),
        ("s3://bucket/prefix", "s3://bucket/prefix"),
    ],
)
def test_an_address_is_shown_without_its_secrets(address: str, shown: str) -> None:
    assert masked_url(address) == shown
