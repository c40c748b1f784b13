"""URLs that read one object for a while."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from moments_ray.storage.signing import UrlSigner, signing_key

NOW = 1_800_000_000
KEY = b"k" * 32


def signer(now: float = NOW, key: bytes = KEY) -> UrlSigner:
    return UrlSigner(key, "https://media.example/", lambda: now)


def parts(url: str) -> tuple[str, int, str, str | None]:
    split = urlsplit(url)
    query = parse_qs(split.query)
    return (
        split.path.removeprefix("/objects/"),
        int(query["expires"][0]),
        query["signature"][0],
        query["filename"][0] if "filename" in query else None,
    )


def test_a_url_is_good_until_it_expires() -> None:
    signed = signer().sign("videos/1/source-a.mp4", 60)
    name, expires, signature, filename = parts(signed.url)
    assert signed.url.startswith("https://media.example/objects/videos/1/source-a.mp4?")
    assert (name, expires, filename) == ("videos/1/source-a.mp4", NOW + 60, None)
    assert signed.expires_at.timestamp() == NOW + 60
    assert signer(NOW + 59).verify_signature(name, expires, signature)
    assert not signer(NOW + 60).verify_signature(name, expires, signature)


def test_no_part_can_be_changed_and_no_other_key_signs() -> None:
    name, expires, signature, _ = parts(signer().sign("a/b", 60).url)
    assert not signer().verify_signature("a/c", expires, signature)
    assert not signer().verify_signature(name, expires + 1, signature)
    assert not signer().verify_signature(name, expires, signature, "film.mp4")
    assert not signer().verify_signature(name, expires, signature[:-1])
    assert not signer().verify_signature(name, expires, "ä" * 64)
    assert not signer(key=b"x" * 32).verify_signature(name, expires, signature)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_a_file_name_is_signed_too_whatever_is_in_it(filename: str) -> None:
    name, expires, signature, seen = parts(signer().sign("a", 60, filename).url)
    assert seen == filename
    assert signer().verify_signature(name, expires, signature, filename)
    assert not signer().verify_signature(name, expires, signature, filename + "x")
    assert not signer().verify_signature(name, expires, signature)


def test_a_signed_url_is_not_shown_by_accident() -> None:
    signed = signer().sign("a", 60)
    assert parts(signed.url)[2] not in repr(signed)


def test_all_who_race_for_the_key_get_the_one_that_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "home" / "signing.key"
    with ThreadPoolExecutor(16) as pool:
        keys = set(pool.map(lambda _: signing_key(path), range(16)))
    assert keys == {path.read_bytes()}
    assert len(path.read_bytes()) == 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["signing.key"]
