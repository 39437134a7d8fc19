"""Both solvers: what is found and proven must not depend on which one is installed."""

import pytest


@pytest.fixture(params=["highspy", "scipy"])
def solver(request, monkeypatch):
    """highspy with its persistent models, then scipy as if highspy were not installed."""
    monkeypatch.setattr("simlab.frontier.solvers.session.has_highspy", lambda: request.param == "highspy")
    return request.param
