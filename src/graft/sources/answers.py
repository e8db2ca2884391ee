"""What a registry's answers mean: forms, freshness, and refusals in words."""

from __future__ import annotations

from graft.base.diagnostics import GraftError
from graft.base.http import Response, redact
from graft.project.credentials import parse_address
from graft.sources.packument_cache import Validators

FULL = "application/json"
ABBREVIATED_TYPE = "application/vnd.npm.install-v1+json"
ABBREVIATED = f"{ABBREVIATED_TYPE}; q=1.0, application/json; q=0.8"
NOT_FOUND = 404
NOT_MODIFIED = 304


def is_full(response: Response) -> bool:
    """Whether a packument came in full, whatever was asked for."""
    return not response.headers.get("content-type", "").startswith(ABBREVIATED_TYPE)


def validators_of(response: Response, *, full: bool) -> Validators | None:
    """What to keep beside a document; None if the registry wants it not kept at all."""
    said = response.headers
    directives = [word.strip() for word in said.get("cache-control", "").lower().split(",")]
    if "no-store" in directives:
        return None
    max_age = None
    for directive in directives:
        name, _, value = directive.partition("=")
        if name == "no-cache":
            max_age = 0.0
        elif name == "max-age" and max_age is None:
            digits = value.strip('"')
            # What has more digits is longer than anything is kept, and a superscript is a digit.
            max_age = float(digits[:15]) if digits.isascii() and digits.isdigit() else None
    return Validators(
        etag=said.get("etag", ""),
        modified=said.get("last-modified", ""),
        max_age=max_age,
        full=full,
    )


def refusal(response: Response, url: str, subject: str, *, authorized: bool) -> GraftError:
    """The error for a status other than success. ``url`` is what was asked for."""
    status = response.status
    if status in (401, 403):
        said = "refuses the credentials for" if authorized else "asks for credentials for"
        return GraftError(
            "registry-refused",
            f"the registry {said} {subject}",
            where=redact(url),
            why=(f"it answered {status}",),
            fix=f"add this line to ~/.npmrc: {_credential_key(url)}:_authToken=<your token>",
        )
    if status == NOT_FOUND:
        return GraftError(
            "package-not-found",
            f"the registry has no {subject}",
            where=redact(url),
            why=(f"it answered {status}",),
            fix="check the spelling; a private package needs @scope:registry= or a token in "
            "~/.npmrc",
        )
    if status >= 500 or status in (408, 425, 429):
        return GraftError(
            "registry-unreachable",
            f"{subject}: the registry is in trouble",
            where=redact(url),
            why=(f"it answered {status}, also when asked again",),
            fix="try again later",
        )
    return senseless(subject, url, f"it answered {status}")


def senseless(subject: str, url: str, reason: str) -> GraftError:
    return GraftError(
        "registry-answer",
        f"{subject}: the registry's answer makes no sense",
        where=redact(url),
        why=(reason,),
        fix="check that the registry's URL is right, and that no proxy answers in its place",
    )


def _credential_key(url: str) -> str:
    """``//host/path/`` of the registry that ``url`` belongs to, as far as one can tell."""
    address = parse_address(url)
    if address is None:
        return "//registry.example.com/"
    folder = address.path.partition("/-/")[0].partition("/@")[0]
    folder = folder[: folder.rfind("/") + 1] if "/@" not in address.path else f"{folder}/"
    return f"//{address.host}{folder or '/'}"
