"""What goes wrong, as answers: always the same JSON, whoever noticed it."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from graft.base.diagnostics import CODES, Diagnostic, GraftError
from graft.base.records import replace
from graft.fleet.server.answers import Failed
from graft.fleet.server.refusals import RefusedError
from graft.fleet.statuses import status_of

_NEVER_KEPT = {"Cache-Control": "no-store"}
# What whoever installs into a folder would do about it is nothing that an admin of a set can do.
_ADVICE = {
    "package-not-found": "check the spelling; 'graft fleet config {set}' says which registry has "
    "been asked, and takes one for a scope and tokens",
    "registry-refused": "hand in a token for it: graft fleet config {set} --registry-token <host>",
}

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": Failed, "description": text}
    for status, text in (
        (400, "what was asked makes no sense"),
        (401, "no token, or none that is known"),
        (403, "the token's role does not reach"),
        (404, "there is no such thing"),
        (409, "another operation is at work, or what was asked about has changed"),
        (413, "what was sent is too large"),
        (422, "it cannot be resolved, or is too large to be published"),
        (500, "the server made a mistake, or its state cannot be used"),
        (502, "a registry or a blob store does not answer as it should"),
        (503, "not ready yet"),
    )
}


def handle_failures(app: FastAPI) -> None:
    @app.exception_handler(GraftError)
    def graft_error(request: Request, error: GraftError) -> JSONResponse:
        said = error.diagnostic
        set = request.path_params.get("set")
        if set and said.code in _ADVICE:
            said = replace(said, fix=_ADVICE[said.code].format(set=set))
        if isinstance(error, RefusedError):
            return failure(said, error.status)
        return failure(said, status_of(said.code, CODES[said.code]))

    @app.exception_handler(RequestValidationError)
    def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        # Without what was sent: it may be a token.
        why = [
            f"{'.'.join(map(str, each['loc'])) or 'the request'}: {each['msg']}"
            for each in error.errors()[:10]
        ]
        return failure(
            Diagnostic(
                code="fleet-invalid",
                message="the request is not what it must be",
                why=tuple(why),
                fix="/openapi.json has what it must be",
            ),
            400,
        )

    @app.exception_handler(HTTPException)
    def http_exception(request: Request, error: HTTPException) -> JSONResponse:
        code = "fleet-not-found" if error.status_code == 404 else "fleet-invalid"
        message = (
            f"{request.method} is not possible here"
            if error.status_code == 405
            else "there is nothing here"
            if error.status_code == 404
            else str(error.detail)
        )
        said = Diagnostic(
            code=code,
            message=message,
            where=request.url.path,
            fix="/openapi.json has what there is",
        )
        return failure(said, error.status_code)

    @app.exception_handler(Exception)
    def mistake(request: Request, error: Exception) -> JSONResponse:
        # What it was stays here: it may hold what nobody may see.
        print(f"{request.method} {request.url.path}", file=sys.stderr)
        traceback.print_exception(error)
        said = Diagnostic(
            code="internal-error",
            message="the server made a mistake",
            fix="its log has the traceback: report it",
        )
        return failure(said, 500)


def failure(said: Diagnostic, status: int) -> JSONResponse:
    """An error is never kept by anybody on the way."""
    headers = dict(_NEVER_KEPT)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse({"error": said.as_json()}, status, headers)
