"""The notebooks run; `NOTEBOOK` is stored with numbers, which are those of a fresh run.

``python -m tests.test_notebook`` executes it and stores it with its outputs. The `OTHERS` are
stored without any, and look at their own numbers in the end.
"""

from __future__ import annotations

import ast
import json
import re
import tempfile
from pathlib import Path

import pytest

from tests.program import REPOSITORY

NOTEBOOK = REPOSITORY / "notebooks" / "lateral_line.ipynb"
OTHERS = sorted(path for path in NOTEBOOK.parent.glob("*.ipynb") if path != NOTEBOOK)
COMPILED = "moving_dot", "sequence_memory"  # minutes without a compiler
MAX_BYTES = 500_000


def executed(folder: Path, path: Path = NOTEBOOK):
    """The notebook, executed in `folder` with all that Jupyter keeps beside it."""
    nbclient, nbformat = (pytest.importorskip(name) for name in ("nbclient", "nbformat"))
    for name in ("here", "tmp", "jupyter"):
        (folder / name).mkdir()
    changed = {
        "PYTHONPATH": str(REPOSITORY),
        "TMPDIR": str(folder / "tmp"),
        "IPYTHONDIR": str(folder / "jupyter"),
        **{f"JUPYTER_{name}_DIR": str(folder / "jupyter") for name in ("RUNTIME", "CONFIG")},
    }
    notebook = nbformat.read(path, as_version=4)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in changed.items():
            patch.setenv(name, value)
        nbclient.NotebookClient(
            notebook,
            timeout=300,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(folder / "here")}},
        ).execute()
    notebook.metadata.language_info = {"name": "python"}  # not the version at hand
    return notebook


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The executed notebook and the folder that it was executed in."""
    folder = tmp_path_factory.mktemp("notebook")
    return executed(folder), folder


def said(cell) -> dict[str, str]:
    """Text that a cell wrote, by stream."""
    outputs = [o for o in cell["outputs"] if o["output_type"] == "stream"]
    return {o["name"]: "".join(o["text"]) for o in outputs}


def stored(path: Path = NOTEBOOK) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.compiler  # minutes without
def test_numbers_stored_in_the_notebook_are_those_of_a_fresh_run(fresh):
    notebook, _ = fresh
    cells = [cell for cell in stored()["cells"] if cell["cell_type"] == "code"]
    again = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [said(cell) for cell in again] == [said(cell) for cell in cells]
    assert sum("sigma_theta" in said(cell).get("stdout", "") for cell in cells) >= 3


@pytest.mark.compiler
def test_the_notebook_leaves_nothing_behind(fresh):
    _, folder = fresh
    assert list((folder / "here").iterdir()) == []
    assert list((folder / "tmp").iterdir()) == []


def test_every_figure_of_the_notebook_is_stored_and_no_error():
    for cell in stored()["cells"]:
        if cell["cell_type"] == "code":
            kinds = [kind for o in cell["outputs"] for kind in o.get("data", ())]
            assert kinds.count("image/png") == "".join(cell["source"]).count("display(figure)")
            assert "stderr" not in said(cell)
            assert "error" not in {o["output_type"] for o in cell["outputs"]}
            assert cell["execution_count"]


def test_the_notebook_tells_nothing_of_the_machine_it_was_run_on():
    assert NOTEBOOK.stat().st_size < MAX_BYTES
    content = stored()
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert set(content["metadata"]["language_info"]) == {"name"}
    for cell in content["cells"]:
        assert cell["metadata"] == {}
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop("image/png", None)
        assert not re.search(r"/(home|root|Users|tmp|var|work|mnt)/|[A-Z]:\\\\", json.dumps(cell))


def each(**marks):
    """The `OTHERS` as parameters."""
    return [pytest.param(path, id=path.stem, marks=marks.get(path.stem, ())) for path in OTHERS]


@pytest.mark.slow
@pytest.mark.parametrize("path", each(**dict.fromkeys(COMPILED, pytest.mark.compiler)))
def test_a_notebook_runs_reaches_its_numbers_and_leaves_nothing_behind(path, tmp_path):
    if "image" in path.stem:
        pytest.importorskip("sklearn", reason="pip install -r requirements-learning.txt")
    notebook = executed(tmp_path, path)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            kinds = [kind for o in cell.outputs for kind in o.get("data", ())]
            assert kinds.count("image/png") == cell.source.count("display(figure)")
            assert "stderr" not in said(cell)
    assert list((tmp_path / "here").iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("path", each())
def test_a_notebook_is_stored_without_outputs_and_its_code_compiles(path):
    content = stored(path)
    assert set(content["metadata"]) == {"kernelspec", "language_info"}
    assert set(content["metadata"]["language_info"]) == {"name"}
    for cell in content["cells"]:
        assert cell["metadata"] == {}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None
            ast.parse(re.sub("^%.*$", "", "".join(cell["source"]), flags=re.MULTILINE))
    ends = "".join(content["cells"][-1]["source"]), "".join(content["cells"][-2]["source"])
    assert ends[0].count("assert ") >= 2 and "**Honestly:**" in ends[1]


if __name__ == "__main__":
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        nbformat.write(executed(Path(folder)), NOTEBOOK)
