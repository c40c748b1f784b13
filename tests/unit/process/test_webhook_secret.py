"""Webhooks are signed as the Standard Webhooks specification says."""

from __future__ import annotations

import base64

import pytest
from pydantic import SecretStr, ValidationError

from moments_ray.process.webhook_secret import new_webhook_secret, webhook_key, webhook_signature
from moments_ray.settings import Settings


def test_a_message_is_signed_as_the_specification_signs_its_own() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # of the specification's libraries
    signature = webhook_signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_is_one_and_is_never_the_same() -> None:
    assert len(webhook_key(new_webhook_secret())) == 32
    assert new_webhook_secret() != new_webhook_secret()


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "whsec_",
        base64.b64encode(b"k" * 32).decode(),
        "whsec_" + base64.b64encode(b"k" * 23).decode(),
        "whsec_" + base64.b64encode(b"k" * 65).decode(),
        "whsec_" + "é" * 32,
        "whsec_" + "*" * 32,
    ],
)
def test_what_is_no_secret_is_refused_without_being_repeated(wrong: str) -> None:
    with pytest.raises(ValueError, match="a webhook secret is `whsec_`"):
        webhook_key(wrong)
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, webhook_secret=SecretStr(wrong))
    assert len(wrong) < 10 or wrong not in refused.value.errors()[0]["msg"]
