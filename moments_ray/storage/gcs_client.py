"""The official client of Google Cloud Storage: who it is, its blocking calls away from the event loop, its errors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import google.auth
import google.auth.transport.requests
import httpx
import requests
import stamina
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials, Credentials, Signing
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud import storage
from google.oauth2 import service_account

from moments_ray.errors import ObjectExists, StorageError, StorageForbidden
from moments_ray.storage.blocking import missing
from moments_ray.storage.gcs_media import PASSING_STATUSES, RetryLimits, is_passing

T = TypeVar("T")

CALL_ERRORS = (GoogleAPICallError, GoogleAuthError, requests.RequestException, httpx.HTTPError)
_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class BucketClient:
    """One bucket, with the credentials that reach it."""

    def __init__(self, client: storage.Client, credentials: Credentials, bucket_name: str, limits: RetryLimits) -> None:
        self.client = client
        self.bucket_name = bucket_name
        self.bucket = client.bucket(bucket_name)
        self.timeout = (limits.connect_seconds, limits.silence_seconds)
        self._credentials = credentials
        self._limits = limits

    async def call(self, name: str, function: Callable[[], T]) -> T:
        """Run a short call of the client in a thread, again while it fails in passing.

        Raises:
            StorageError: or the leaf of it that says why; ``name`` is the object in question.
        """
        try:
            return await self._retried(function)
        except CALL_ERRORS as error:
            raise self.translated(error, name) from error

    async def headers(self) -> Mapping[str, str]:
        """Return the headers that authorise a request; tokens are renewed before they expire."""
        headers: dict[str, str] = {}
        request = google.auth.transport.requests.Request()
        await asyncio.to_thread(self._credentials.before_request, request, "GET", self.client.api_endpoint, headers)
        return headers

    def uri(self, name: str) -> str:
        """Return ``gs://BUCKET/NAME``."""
        return f"gs://{self.bucket_name}/{name}"

    async def look_up(self, name: str) -> storage.Blob:
        """Return an object as it stands in the bucket; raises as ``call``."""
        blob = self.bucket.blob(name)
        await self.call(name, partial(blob.reload, timeout=self.timeout, retry=None))
        return blob

    def no_bucket(self) -> StorageForbidden:
        """Return what is wrong where the service finds nothing although no object was asked for."""
        return StorageForbidden(
            f"There is no bucket {self.bucket_name!r} that this account may see: create it, or correct GCS_BUCKET_NAME."
        )

    def page(self, prefix: str, token: str | None) -> tuple[list[storage.Blob], str | None]:
        """Return one page of the objects whose names begin with a prefix, and the token of the next page."""
        found = self.client.list_blobs(self.bucket, prefix=prefix, page_token=token, timeout=self.timeout, retry=None)
        return [*next(found.pages, ())], found.next_page_token

    def media_url(self, name: str, generation: int | None) -> str:
        """Return where an object's bytes are read, those of one generation if it is given."""
        place = f"{self.client.api_endpoint}/download/storage/v1/b/{self.bucket_name}/o/{quote(name, safe='')}"
        return f"{place}?alt=media" + ("" if generation is None else f"&generation={generation}")

    def sign(self, blob: storage.Blob, seconds: int, disposition: str | None) -> str:
        """Return a V4 signed URL, with the account's key or by the IAM service; unsigned where access is anonymous.

        Raises:
            StorageForbidden: these credentials cannot sign.
        """
        arguments = {
            "version": "v4",
            "expiration": seconds,
            "method": "GET",
            "response_disposition": disposition,
            "api_access_endpoint": self.client.api_endpoint,
        }
        if isinstance(self._credentials, AnonymousCredentials):
            return str(blob.public_url)
        if isinstance(self._credentials, Signing):
            return str(blob.generate_signed_url(credentials=self._credentials, **arguments))
        account = getattr(self._credentials, "service_account_email", None)
        if account is None:
            raise StorageForbidden(
                "These Google credentials cannot sign URLs: set GCS_CREDENTIALS_PATH to a service account's key."
            )
        self._credentials.refresh(google.auth.transport.requests.Request())  # type: ignore[no-untyped-call]  # theirs
        token = self._credentials.token
        return str(blob.generate_signed_url(service_account_email=account, access_token=token, **arguments))

    def translated(self, error: Exception, name: str) -> StorageError:
        """Return our error for one of the client's or the transport's."""
        place = self.uri(name)
        status = _status(error)
        if status in {401, 403} or (isinstance(error, GoogleAuthError) and not isinstance(error, TransportError)):
            return StorageForbidden(
                f"Google Cloud Storage refuses access to {place}: give this account the role Storage Object User "
                "on the bucket, or set GCS_CREDENTIALS_PATH to another's key.",
                {"name": name},
            )
        if status == 404:
            return missing(name)
        if status == 412:
            return ObjectExists(f"There is an object {name!r} already.", {"name": name})
        return StorageError(f"Google Cloud Storage failed at {place}: {error or type(error).__name__}", {"name": name})

    async def _retried(self, function: Callable[[], T]) -> T:
        attempts = stamina.retry_context(
            on=_is_passing,
            attempts=self._limits.attempts,
            timeout=None,
            wait_initial=self._limits.first_delay,
            wait_max=self._limits.longest_delay,
            wait_jitter=self._limits.first_delay,
        )
        async for attempt in attempts:
            with attempt:
                # When cancelled, a call is left to its timeout: it holds nothing of ours.
                return await asyncio.to_thread(function)
        raise AssertionError("the last attempt returns or raises")


def connect(credentials_path: Path | None) -> tuple[storage.Client, Credentials]:
    """Return a client with a service account's key, this machine's credentials, or, of an emulator, none.

    Raises:
        StorageForbidden: there are no usable credentials.
    """
    try:
        anonymous = storage.Client.create_anonymous_client()
        # The client library itself reads STORAGE_EMULATOR_HOST; an endpoint that is not Google's shows that it is set.
        if not anonymous.api_endpoint.startswith("https://storage.googleapis.com"):
            return anonymous, AnonymousCredentials()  # type: ignore[no-untyped-call]  # theirs
        if credentials_path is not None:
            load = service_account.Credentials.from_service_account_file
            credentials = load(str(credentials_path), scopes=[_SCOPE])  # type: ignore[no-untyped-call]  # theirs
            project = credentials.project_id
        else:
            credentials, project = google.auth.default(scopes=[_SCOPE])
    except (GoogleAuthError, OSError, ValueError) as error:
        raise StorageForbidden(
            f"There are no usable Google credentials ({error}): set GCS_CREDENTIALS_PATH to a service account's key, "
            "run `gcloud auth application-default login`, or unset GCS_BUCKET_NAME to store in a directory."
        ) from error
    # Objects are reached by their bucket; the client wants a project all the same.
    return storage.Client(project=project or "-", credentials=credentials), credentials


def _status(error: Exception) -> int | None:
    if isinstance(error, GoogleAPICallError):
        return error.code
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code
    return None


def _is_passing(error: Exception) -> bool:
    if isinstance(error, GoogleAPICallError):
        return error.code in PASSING_STATUSES
    if isinstance(error, httpx.HTTPError):
        return is_passing(error)
    return isinstance(error, requests.ConnectionError | requests.Timeout | TransportError)
