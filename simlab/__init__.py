"""simlab: Monte Carlo engine for segmented safety stock.

Names arrive when first used, so that ``import simlab`` costs next to nothing::

    import simlab as sl

    data = sl.demo()                                  # or sl.load("study.toml")
    seg = sl.segment(data, by="abc")
    policy = sl.Policy.from_targets(seg, fill_rate={"A": 0.98, "B": 0.95, "C": 0.90})
    sim = sl.simulate(data, policy, replications=200, seed=7)
    opt = sl.optimize(data, seg, fill_rate=0.95)
    contest = sl.compare(data, schemes=["abc", "xyz", "abc+xyz", "tree"])
    rules = sl.compare_policies(data, ["order_up_to", "order_up_to:normal"])
    changes = sl.compare_runs("runs/spring", "runs/autumn")
    today = sl.orders("runs/retailer", stock="stock.csv")
"""

from simlab.place import leave_the_working_folder

leave_the_working_folder()

from typing import TYPE_CHECKING  # noqa: E402

from simlab.errors import InfeasibleError, InvalidInputError, SimlabError  # noqa: E402
from simlab.version import __version__  # noqa: E402

if TYPE_CHECKING:
    from simlab.api import (
        Beliefs,
        Policy,
        Rounds,
        audit,
        backend,
        compare,
        compare_policies,
        compare_runs,
        demo,
        gate,
        load,
        load_frames,
        optimize,
        orders,
        segment,
        simulate,
    )

__all__ = [
    "Beliefs",
    "InfeasibleError",
    "InvalidInputError",
    "Policy",
    "Rounds",
    "SimlabError",
    "__version__",
    "audit",
    "backend",
    "compare",
    "compare_policies",
    "compare_runs",
    "demo",
    "gate",
    "load",
    "load_frames",
    "optimize",
    "orders",
    "segment",
    "simulate",
]

_FROM_API = frozenset(
    {
        "Beliefs",
        "Policy",
        "Rounds",
        "audit",
        "backend",
        "compare",
        "compare_policies",
        "compare_runs",
        "demo",
        "gate",
        "load",
        "load_frames",
        "optimize",
        "orders",
        "segment",
        "simulate",
    }
)

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Fetch a public name from `simlab.api` at its first use (PEP 562)."""
        if name not in _FROM_API:
            raise AttributeError(f"module 'simlab' has no attribute '{name}'")
        from simlab import api

        value = getattr(api, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted(__all__)
