"""Have nbgrader grade a right, a wrong and three malicious notebooks.

    python -m scripts.classroom.grading [--python ENVIRONMENT/bin/python]

Makes an environment of its own in a temporary folder, with nbgrader and the companion, and goes
the whole way of a course: from the assignment that `make classroom` writes, by nbgrader's own
release, to its own grades. It fails unless the release is the task notebook that students are
given, the right notebook has all points, the wrong one none for its mistake, and no malicious one
scores where it has no answer. `--python` names an environment that is there already.

It shows what it is worth, and no more: nbgrader runs a student's program in an ordinary Python,
with all the rights of whoever grades. It is no sandbox.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests"))

import submissions  # noqa: E402
from scripts.classroom.tasks import GRADER_SETTINGS, assignment, tasks  # noqa: E402

NBGRADER = "nbgrader==0.9.6"
NAME = submissions.CHAPTER.stem

HANDED_IN = {
    "right": (submissions.right(), 3),
    "wrong": (submissions.WRONG, 0),
    "overwrites": (submissions.OVERWRITES_CHECK, 0),
    "loops": (submissions.LOOPS_LAST, 0),
    "reads": (submissions.READS_A_FILE, 0),
}
"""What each student hands in, and the points that are due."""


def main(python: Path | None) -> None:
    """Grade, and say what each got; exit with 1 where that is not what is due."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        course = folder / "course"
        write_course(course)
        grader = python or make_environment(folder / "venv")
        for student, (answers, _) in HANDED_IN.items():
            place = course / "submitted" / student / NAME
            place.mkdir(parents=True)
            submissions.write(place, NAME, submissions.notebook(answers, student))
        graded = grade(grader, course)
        compare_release(course / "release" / NAME / f"{NAME}.ipynb")
    print(json.dumps(graded))
    due = {student: points for student, (_, points) in HANDED_IN.items()}
    if graded != due:
        sys.exit(f"due were {due}")


def make_environment(folder: Path) -> Path:
    """Make an environment with nbgrader and the companion, and give its Python."""
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", NBGRADER, "hatchling", "editables"], check=True)
    subprocess.run([*pip, "install", "--no-deps", "--no-build-isolation", str(ROOT)], check=True)
    return python


def grade(python: Path, course: Path) -> dict[str, float]:
    """Have nbgrader release the assignment and grade all that was handed in; give the points."""
    environment = {**os.environ, "PATH": f"{python.parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)  # the companion is the one that is installed there
    done = subprocess.run(
        [python, "-c", GRADE, NAME], cwd=course, env=environment, check=False, text=True,
        capture_output=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    return json.loads(done.stdout.splitlines()[-1])


# In nbgrader's own Python, and in one process: its commands take long to start.
GRADE = """
import json, sys
from nbgrader.apps import NbGraderAPI
from traitlets.config import Config, PyFileConfigLoader

api = NbGraderAPI(config=Config(PyFileConfigLoader("nbgrader_config.py").load_config()))
name = sys.argv[1]
made = api.generate_assignment(name)
if not made["success"]:
    sys.exit(made["log"])
points = {}
for student in sorted(api.get_submitted_students(name)):
    api.autograde(name, student)
    with api.gradebook as gradebook:
        points[student] = gradebook.find_submission(name, student).score
print(json.dumps(points))
"""


def write_course(folder: Path) -> None:
    """Write what a teacher gives to nbgrader: its settings, and the assignment."""
    source = folder / "source" / NAME
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(GRADER_SETTINGS, encoding="utf-8")
    notebook = assignment(json.loads(submissions.CHAPTER.read_text("utf-8")))
    (source / f"{NAME}.ipynb").write_text(json.dumps(notebook), encoding="utf-8")


def compare_release(path: Path) -> None:
    """Fail unless nbgrader's release is the task notebook, cell by cell."""
    released = json.loads(path.read_text("utf-8"))
    given = tasks(json.loads(submissions.CHAPTER.read_text("utf-8")))

    def sources(notebook: dict) -> list[str]:
        return ["".join(cell["source"]).strip() for cell in notebook["cells"]]

    if sources(released) != sources(given):
        sys.exit(f"nbgrader releases {sources(released)}, and students are given {sources(given)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", type=Path)
    main(parser.parse_args().python)
