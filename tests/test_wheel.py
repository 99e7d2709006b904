"""The companion away from its repository: what its wheel carries.

That every chapter runs alone with the wheel is seen by `scripts/alone.py`, which `make test` runs.
"""

from pathlib import Path

from scripts.alone import unpack_wheel

ROOT = Path(__file__).parent.parent


def test_the_wheel_carries_the_vocabulary_the_sets_and_their_licences(tmp_path):
    data = unpack_wheel(tmp_path) / "companion" / "data"
    for name in ("r50k_base.tiktoken", "entries.json", "conversations.json", "LICENSES.md"):
        assert (data / name).read_bytes() == (ROOT / "companion" / "data" / name).read_bytes()
