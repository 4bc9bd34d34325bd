"""The front end's pure logic is tested in JavaScript, by the Node that comes with Playwright."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from playwright._impl._driver import compute_driver_executable

ROOT = Path(__file__).resolve().parent.parent
FILES = sorted((ROOT / "tests" / "js").rglob("*.test.js"))


def run(*files: Path) -> tuple[int, str]:
    """How many tests pass, and all that Node says."""
    node = compute_driver_executable()[0]
    command = [node, "--test", "--test-reporter=tap", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    empty = re.findall(r"^ok \d+ - (.*\.test\.js)$", said, re.MULTILINE)  # a file without a test counts as one
    return int(re.findall(r"^# pass (\d+)$", said, re.MULTILINE)[-1]) - len(empty), said


def test_every_test_of_the_front_end_passes() -> None:
    passed, said = run(*FILES)
    assert passed >= len(FILES) > 0, said
    assert re.search(r"^# skipped 0$", said, re.MULTILINE), said


def test_a_failure_in_javascript_is_one_here(tmp_path: Path) -> None:
    failing = tmp_path / "failing.test.js"
    failing.write_text('require("node:test")("fails", () => { throw new Error("on purpose"); });', encoding="utf-8")
    with pytest.raises(AssertionError, match="on purpose"):
        run(failing)


def test_a_file_without_a_test_counts_for_nothing(tmp_path: Path) -> None:
    empty = tmp_path / "empty.test.js"
    empty.write_text("", encoding="utf-8")
    assert run(empty)[0] == 0
