"""Files of a generated program are compiled together: what each has for itself stays its own."""

import subprocess

import pytest

from driver.engine.compile.join import joinable, shorten, units
from driver.engine.compile.program import is_cold
from driver.engine.compiler import compiler

PIECE = """
namespace {{
    static int helper() {{ return {value}; }}
}}
namespace brian {{}}
int _run_{name}()
{{
    using namespace brian;
    return helper();
}}
"""
ARRAYS = """
void _init_arrays()
{
    start();
}
void _write_arrays()
{
    if (true) {
        write();
    }
}
void set_variable_by_name(std::string name, std::string value) {
    set();
}
void _dealloc_arrays()
{
    stop();
}
"""
MAIN = """
int _run_a(); int _run_b(); int _run_c(); int _before_run_d();
int main() { return _run_a() + 10*_run_b() + 100*_run_c() - _before_run_d() == 321 - 4 ? 0 : 1; }
"""


@pytest.fixture
def project(tmp_path):
    (tmp_path / "code_objects").mkdir()
    for value, name in enumerate(("a", "b", "c"), start=1):
        text = PIECE.format(value=value, name=name)
        (tmp_path / "code_objects" / f"{name}_codeobject.cpp").write_text(text)
    text = PIECE.format(value=4, name="d").replace("_run_d", "_before_run_d")
    (tmp_path / "code_objects" / "before_run_d.cpp").write_text(text)
    (tmp_path / "objects.cpp").write_text("")
    (tmp_path / "main.cpp").write_text(MAIN)
    return tmp_path


def test_hot_files_are_shared_out_and_all_others_but_the_arrays_are_one(project):
    assert units(project, is_cold, n_hot=2) == {
        "objects.cpp": True,
        "hot_0.cpp": False,
        "hot_1.cpp": False,
        "cold.cpp": True,
    }
    assert "_run_a()" in (project / "hot_0.cpp").read_text()
    assert "_run_c()" in (project / "hot_0.cpp").read_text()
    cold = (project / "cold.cpp").read_text()
    assert "_before_run_d" in cold and "int main()" in cold


def test_there_are_no_more_units_than_files(project):
    assert list(units(project, is_cold, n_hot=9)) == [
        *("objects.cpp", "hot_0.cpp", "hot_1.cpp", "hot_2.cpp", "cold.cpp")
    ]


@pytest.mark.compiler
@pytest.mark.parametrize("n_hot", [1, 2])
def test_helpers_of_one_name_stay_apart(project, n_hot):
    names = units(project, is_cold, n_hot)
    subprocess.run([compiler(), *names, "-o", "main"], cwd=project, check=True)
    assert subprocess.run([project / "main"]).returncode == 0


def test_a_file_without_helpers_stays_as_it_is():
    assert joinable(MAIN, "cold_0") == MAIN


def test_only_functions_that_nothing_calls_are_emptied_and_only_once(tmp_path):
    file = tmp_path / "objects.cpp"
    file.write_text(ARRAYS)
    shorten(file)
    short = file.read_text()
    assert "void _write_arrays() {}\n" in short
    assert "set_variable_by_name(std::string name, std::string value) {}\n" in short
    assert "start();" in short and "stop();" in short
    assert "write();" not in short and "set();" not in short
    shorten(file)
    assert file.read_text() == short
