"""No import fails while releases change: scripts begin on whatever is current then."""

from __future__ import annotations

import pytest

from graft.link.layouts import ISOLATED, VIRTUAL
from harness.crash import workplace
from harness.fleet_flips import flip_under_load
from harness.fleet_runs import needs_node

pytestmark = needs_node


@pytest.mark.parametrize(("layout", "flips"), [(VIRTUAL, 200), (ISOLATED, 40)])
def test_scripts_with_a_lease_keep_their_tree_though_others_go_at_once(
    layout: str, flips: int
) -> None:
    """No tree is spared but for its lease: the next look removes what is not current."""
    with workplace() as folder:
        found = flip_under_load(folder, layout=layout, flips=flips, releases=3, grace=0, leased=2)
    assert found.wrong == []
    assert found.reads > flips and found.gone > flips / 4


@pytest.mark.parametrize("layout", [VIRTUAL, ISOLATED])
def test_scripts_without_a_lease_find_current_at_every_instant(layout: str) -> None:
    with workplace() as folder:
        found = flip_under_load(
            folder, layout=layout, flips=40, releases=3, grace=3_600_000, bare=2, pause=0.02
        )
    assert found.wrong == []
    assert found.gone == 0
