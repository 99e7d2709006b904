"""What the explorer weighs on the built site, by the benchmark that is stored."""

import json
import subprocess
import sys
from pathlib import Path


def test_the_explorer_is_as_light_as_promised_and_its_benchmark_runs(site, browser, tmp_path):
    file = tmp_path / "explorer.json"
    # In a process of its own: one Playwright is running here already.
    command = [sys.executable, "-m", "benchmarks.explorer", "--quick", "--out", str(file)]
    root = Path(__file__).parents[2]
    ran = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    results = json.loads(file.read_text())
    assert results["batch"].startswith("inputs and targets of shape (8, 1")
    weighed = [name for name, target in results["targets"].items() if "weighs at most" in target]
    assert weighed == ["script and style", "vocabulary", "front page"]
    assert all(results["targets"][name]["met"] for name in weighed)
    # On demand alone: the front page as it opens does not hold the vocabulary.
    assert results["bytes"]["front page"] < 400_000
    assert all(times["median"] > 0 for times in results["microseconds an edit"].values())
