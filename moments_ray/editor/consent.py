"""When consent is complete: a rule, asked wherever a film is begun, rendered or published."""

from __future__ import annotations

from moments_ray.database.tables import Consent


def missing_consent(consent: Consent | None, *, document: bool) -> list[str]:
    """Return what is missing: the checkbox, and a signed document where one is asked for."""
    missing = []
    if consent is None or not consent.has_checkbox:
        missing.append("checkbox")
    if document and (consent is None or consent.document_name is None):
        missing.append("document")
    return missing
