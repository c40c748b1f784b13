"""How ads fail, beside how runs and models do."""

from __future__ import annotations

from moments_ray.errors import InputError, MomentsError


class CostCapReached(MomentsError):
    """The next paid call would cost more than the ad may: raise max_cost_usd, and retry."""

    code = "cost.cap"
    status = 402


class PriceUnknown(InputError):
    """Nobody has said what this model costs: enter its price in MOMENTS_ADS__PRICES."""

    code = "cost.price_unknown"


class VoiceUnknown(InputError):
    """The embedded voice does not speak this language: choose another one, or a model that does."""

    code = "voice.unknown"


class PictureUnusable(InputError):
    """This is no picture that an ad can be made with."""

    code = "ads.picture"


class MusicUnusable(InputError):
    """This is no music that can lie under an ad."""

    code = "ads.music"


class ScriptInvalid(InputError):
    """The script says what its seller did not, or what cannot be said in its time."""

    code = "ads.script"
