"""How the tests themselves are run: long files first, and programs that are kept for some days."""

import os
import time

from tests import conftest


def test_every_long_file_is_there():
    assert [name for name in conftest.LONG_FILES if not (conftest.TESTS / name).exists()] == []


def test_programs_are_kept_for_some_days(tmp_path, monkeypatch):
    monkeypatch.setattr(conftest, "PROGRAMS", tmp_path)
    made = [tmp_path / "programs" / name / "main" for name in ("old", "new")]
    made += [tmp_path / "index" / name for name in ("old", "new")]
    for path in made:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a program")
    long_ago = time.time() - (conftest.KEPT_DAYS + 1) * 24 * 3600
    for path in (tmp_path / "programs" / "old", tmp_path / "index" / "old"):
        os.utime(path, (long_ago, long_ago))
    conftest.drop_old_programs()
    assert [path.exists() for path in made] == [False, True, False, True]
