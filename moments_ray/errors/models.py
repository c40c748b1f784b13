"""What was wrong with a model, or with the way to it."""

from __future__ import annotations

from moments_ray.errors.base import InputError, MomentsError


class UnknownModel(InputError):
    """No model is registered under this key."""

    code = "model.unknown"


class ModelNotConfigured(InputError):
    """The model has no address yet."""

    code = "model.not_configured"


class ModelInputUnsupported(InputError):
    """The model does not take what the question carries."""

    code = "model.input_unsupported"


class ModelError(MomentsError):
    """A model call failed."""

    code = "model.failed"
    status = 502


class ModelUnavailable(ModelError):
    """The model cannot be reached."""

    code = "model.unavailable"
    status = 503
    retryable = True


class ModelBusy(ModelUnavailable):
    """The model has as much to do as it may."""

    code = "model.busy"


class TunnelUnavailable(ModelUnavailable):
    """The SSH tunnel to the model cannot be opened."""

    code = "tunnel.unavailable"


class TunnelHostKey(ModelError):
    """The SSH host does not show the key that is known of it."""

    code = "tunnel.host_key"


class TunnelDenied(ModelError):
    """The SSH host does not let us in."""

    code = "tunnel.denied"


class ModelBadResponse(ModelError):
    """The model's endpoint answered something that is not a model response."""

    code = "model.bad_response"


class ModelDenied(ModelBadResponse):
    """The model's provider does not accept our key."""

    code = "model.denied"


class ModelQuotaExceeded(ModelBadResponse):
    """The credit with the model's provider is used up."""

    code = "model.quota"


class ModelSilent(ModelBadResponse):
    """The model's answer holds no words."""

    code = "llm.empty"


class ModelRefused(ModelError):
    """The model declined to answer."""

    code = "llm.refused"


class ModelContextExceeded(ModelError):
    """The question and its answer do not fit the model's context."""

    code = "llm.context"


class ModelOutputInvalid(ModelError):
    """The model's answer does not fit the asked schema."""

    code = "llm.schema"
