"""Generated packages: graphs of any size below the same direct dependencies."""

from __future__ import annotations

from traffic import CountingRegistry

DIRECT = 10
CHILDREN = 3


def publish_graph(
    registry: CountingRegistry, packages: int, *, prefix: str = "p"
) -> dict[str, str]:
    """Publish that many tiny packages; what a project asks for to get all of them. Graphs with
    another ``prefix`` have other packages.

    Each package but the direct ones is a dependency of one other, which has up to three. Two of the
    direct ones are scoped, and two have a command.
    """
    for number in range(packages):
        first = DIRECT + CHILDREN * number
        children = range(first, min(first + CHILDREN, packages))
        dependencies = {name(child, prefix): "^1.0.0" for child in children}
        if number in (1, 2):
            command = {f"run-{number}": "cli.js"}
            registry.publish(
                f"{name(number, prefix)}@1.0.0", dependencies=dependencies, bin=command
            )
        else:
            registry.publish(f"{name(number, prefix)}@1.0.0", dependencies=dependencies)
    return {name(number, prefix): "^1.0.0" for number in range(min(DIRECT, packages))}


def name(number: int, prefix: str = "p") -> str:
    return f"@scope/{prefix}{number}" if number in (3, 4) else f"{prefix}{number}"
