"""The peers stay on this machine: nothing is looked up, downloaded, or reported."""

import os
import socket

import pytest

# Read when their packages are imported, which is after this file.
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_DATASETS_OFFLINE": "1",
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Let any attempt to reach another machine fail the test."""

    def refuse(self, address):
        raise AssertionError(f"a test of the peers tried to reach {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
