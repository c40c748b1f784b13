"""The object store that the settings ask for."""

from __future__ import annotations

from moments_ray.process.metrics import Meter, unmetered
from moments_ray.settings import Settings
from moments_ray.storage.directory import DirectoryStore
from moments_ray.storage.gcs import GoogleStore
from moments_ray.storage.gcs_client import connect
from moments_ray.storage.object_store import ObjectStore
from moments_ray.storage.signing import UrlSigner, signing_key


def open_store(settings: Settings, meter: Meter = unmetered) -> ObjectStore:
    """Return the bucket ``GCS_BUCKET_NAME``, or the directory under ``MOMENTS_HOME``.

    Raises:
        StorageForbidden: there are no usable Google credentials, or the directory is not ours.
        StorageError: the directory cannot be made.
    """
    if settings.gcs_bucket_name is not None:
        return GoogleStore(*connect(settings.gcs_credentials_path), settings.gcs_bucket_name, meter=meter)
    return DirectoryStore(settings.store_directory, url_signer(settings), meter)


def url_signer(settings: Settings) -> UrlSigner:
    """Return what signs the directory store's URLs, and what the API checks them with."""
    secret = settings.secret_key
    key = signing_key(settings.home / "signing.key") if secret is None else secret.get_secret_value().encode()
    return UrlSigner(key, public_url(settings))


def public_url(settings: Settings) -> str:
    """Return where clients reach the API, as the settings say, or else on this machine."""
    return settings.public_url or f"http://127.0.0.1:{settings.backend_port}"
