"""What scripts of users may do on a host: a sandbox, the network, and shares of the machine.

One file of the host's root says it for all package sets there. What it does not say is as by
default; what a change does not say stays as it was. One that cannot be read lets nothing run.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from graft.base.diagnostics import GraftError
from graft.base.files import read_file, write_atomic
from graft.base.records import Record, replace
from graft.scripts.limits import Limits

REQUIRED = "required"
OFF = "off"
SANDBOXES = (REQUIRED, OFF)
FILE = "run-policy.json"


class Policy(Record):
    """``sandbox`` is ``required`` or ``off``. ``seconds`` is what a run may take, 0 for as long as
    it likes; the others are as in ``Limits``."""

    sandbox: str = REQUIRED
    network: bool = False
    seconds: int = 60
    memory: int = 1024**3
    processes: int = 256
    cpu_seconds: int = 300
    file_size: int = 256 * 1024**2
    open_files: int = 1024

    @property
    def limits(self) -> Limits:
        return Limits(**{name: getattr(self, name) for name in Limits.fields})

    def as_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in Policy.fields}


def read_policy(root: str) -> Policy:
    """That of the host whose root this is. Raises ``fleet-run-refused``."""
    path = os.path.join(root, FILE)
    try:
        raw = read_file(path)
        return changed(Policy(), {} if raw is None else json.loads(raw))
    except (OSError, ValueError, RecursionError, GraftError) as error:
        raise GraftError(
            "fleet-run-refused",
            "nothing runs here: what scripts may do cannot be read",
            where=path,
            why=[str(error)],
            fix="correct the file, or remove it for what is allowed by default",
        ) from None


def write_policy(root: str, changes: Mapping[str, Any]) -> Policy:
    """Change what is stored, and nothing else of it; the whole of what holds now. Raises
    ``fleet-invalid`` and ``fleet-run-refused``."""
    policy = changed(read_policy(root), changes)
    os.makedirs(root, exist_ok=True)
    text = json.dumps(policy.as_json(), indent=2) + "\n"
    write_atomic(os.path.join(root, FILE), text.encode(), durable=True)
    return policy


def changed(policy: Policy, changes: Any) -> Policy:
    """``policy`` with what ``changes`` say by the same names. Raises ``fleet-invalid``."""
    wrong = "it is no object" if not isinstance(changes, Mapping) else ""
    for name, value in changes.items() if not wrong else ():
        if name not in Policy.fields:
            wrong = f"nothing is called '{name}'"
        elif name == "sandbox" and value not in SANDBOXES:
            wrong = f"sandbox is neither of {', '.join(SANDBOXES)}"
        elif name != "sandbox" and type(value) is not type(getattr(policy, name)):
            wrong = f"'{name}' is no {'number' if name != 'network' else 'true or false'}"
        elif name not in ("sandbox", "network") and value < 0:
            wrong = f"'{name}' is below 0"
    if wrong:
        raise GraftError(
            "fleet-invalid",
            f"what scripts may do is not said so that it makes sense: {wrong}",
            fix=f"there is {', '.join(Policy.fields)}",
        )
    return replace(policy, **changes)
