"""What well-known packages forget to say, as package extensions that hold in every project.

They matter where a package finds only what it asks for. Only what was seen to fail in
``bench/ecosystems`` stands here, each with the line of code that asks. What a package asks of the
project's own choice, like a view engine, is an optional peer: met where the project has it, and
else absent as before.
"""

from __future__ import annotations

from functools import cache

from graft.project.extensions import Extensions, read_extensions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def _asks_project(*names: str) -> Mapping[str, Any]:
    return {"peerDependenciesMeta": {name: {"optional": True} for name in names}}


KNOWN: Mapping[str, Mapping[str, Any]] = {
    # lib/view.js: require(the view engine's name)
    "express": _asks_project("ejs", "hbs", "pug"),
    # multer/multer/multer.utils.js: require('rxjs')
    "@nestjs/platform-express@>=11": _asks_project("rxjs"),
    # dist/index.mjs: import 'scule'
    "@nuxt/schema@>=3": {"dependencies": {"scule": "^1.0.0"}},
    # dist/legacy/config/config-set.js: require('jest-util'), an optional peer that nobody provides
    "ts-jest@29": {"dependencies": {"jest-util": "^29.0.0 || ^30.0.0"}},
}


@cache
def known_extensions() -> Extensions:
    return read_extensions({"graft": KNOWN}, where="graft")
