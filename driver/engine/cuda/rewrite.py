"""Text of a CUDA project: what stands in front of its ``main``, and few units for the compiler.

See `driver.engine.cuda.generate`. Neither Brian nor brian2cuda is needed here.
"""

from __future__ import annotations

import re
from pathlib import Path

from driver.engine.compile.join import joinable

MAIN = "int main(int argc, char **argv)"
# A tree of all pairs, which for many millions of synapses takes minutes and gigabytes.
PAIRS = re.compile(
    r"std::map<std::pair<int32_t, int32_t>, int32_t> source_target_count;.*?"
    r"source_target\(?[^;]*?(?P<pre>_dynamic_array_\w+__synaptic_pre)\[_i\], "
    r"(?P<post>_dynamic_array_\w+__synaptic_post)\[_i\]\);.*?"
    r"(?P<found>\w+_multiple_pre_post) = true;\s*break;\s*\}\s*\}",
    re.DOTALL,
)
SUPPORT = re.compile(r"^///// Support code /////\n(.*?)^(void _before_run_)", re.M | re.S)
SORTED = r"""
std::vector<std::pair<int32_t, int32_t>> _pairs(newsize);
for (int _i=0; _i<newsize; _i++) _pairs[_i] = {\g<pre>[_i], \g<post>[_i]};
std::sort(_pairs.begin(), _pairs.end());
\g<found> = std::adjacent_find(_pairs.begin(), _pairs.end()) != _pairs.end();
"""
# A copy to the GPU for each source of a pathway; here one for all.
COPIES = (
    (
        "    // loop through connectivity matrix [(preID, postBlock) pairs]",
        "    std::vector<int32_t> _staged(syn_N);\n",
    ),
    (
        """            CUDA_SAFE_CALL(
                    cudaMemcpy(h_ptr_d_ptr_synapse_ids_by_pre[i],
                        thrust::raw_pointer_cast(&(h_vec_synapse_ids_by_pre[i][0])),
                        sizeof(int32_t) * num_elements,
                        cudaMemcpyHostToDevice)
                    );""",
        "            const auto& _ids = h_vec_synapse_ids_by_pre[i];\n"
        "            std::copy(_ids.begin(), _ids.end(), _staged.begin() + sum_num_elements);",
    ),
    (
        "    }  // end for loop through connectivity matrix",
        "    CUDA_SAFE_CALL(cudaMemcpy(d_ptr_synapse_ids, _staged.data(), memory_synapse_ids,"
        " cudaMemcpyHostToDevice));",
    ),
)
# As many threads for a spike as a block can have, of which most cells have work for a few.
THREADS = re.compile(
    r"num_threads = max_threads_per_block;\n(?=//num_threads_per_bundle = (\w+)_bundle_size_max;)"
)
ENOUGH = (
    r"num_threads = std::max(num_threads_per_warp, std::min(max_threads_per_block, "
    r"(\1_max_size + num_threads_per_warp - 1)/num_threads_per_warp*num_threads_per_warp));\n"
)


def switchable(line: str, populations: list[str]) -> str:
    """Let the monitor of a population count its spikes when they are not to be recorded."""
    for name in populations:
        line = line.replace(f"_run_{name}_spikes_codeobject", f"watch_{name}")
    return line


def watch(name: str, space: str, size: int) -> str:
    """A monitor that can count spikes without recording them.

    `space` is the array of the spikes of a step, of so many cells; their number stands behind. It
    is added up on the GPU, so that nobody waits for it before the block ends.
    """
    return f"""
static char record_{name} = 1;
static int64_t count_{name} = 0;
static std::vector<int32_t> cells_{name}, by_step_{name};
static int64_t* dev_count_{name};
static void prepare_{name}() {{
    CUDA_SAFE_CALL(cudaMalloc((void**)&dev_count_{name}, sizeof(int64_t)));
}}
static void start_{name}() {{
    CUDA_SAFE_CALL(cudaMemset(dev_count_{name}, 0, sizeof(int64_t)));
    brian::_array_{name}_spikes_N[0] = 0;
}}
static void watch_{name}() {{
    using namespace brian;
    add_number<<<1, 1>>>(dev_count_{name}, dev{space}[current_idx{space}] + {size});
    if (record_{name}) _run_{name}_spikes_codeobject();
}}
static void keep_{name}(
    const std::vector<int32_t>& i, const std::vector<double>& t, int64_t n_steps, double dt) {{
    cells_{name} = i;
    by_step_{name}.assign(record_{name} ? n_steps : 0, 0);
    for (const double at : t) by_step_{name}[std::llround(at/dt)]++;
}}
static void stop_{name}() {{
    const auto to_host = cudaMemcpyDeviceToHost;
    CUDA_SAFE_CALL(cudaMemcpy(&count_{name}, dev_count_{name}, sizeof(int64_t), to_host));
}}
"""


HELPERS = """
static __global__ void add_number(int64_t* sum, const int32_t* number) { *sum += *number; }
"""


def edit(folder: Path, in_front_of_main: str) -> None:
    """Change what brian2cuda wrote in `folder`.

    Raises
    ------
    RuntimeError
        If it is not what this was written for.
    """
    main = (folder / "main.cu").read_text()
    if main.count(MAIN) != 1:
        raise RuntimeError("the generated main.cu does not look as expected")
    (folder / "main.cu").write_text(main.replace(MAIN, HELPERS + in_front_of_main + MAIN))
    for file in folder.glob("code_objects/*_synapses_create_array_codeobject.cu"):
        rewrite(file, lambda text: PAIRS.subn(SORTED, text))
    for file in folder.glob("code_objects/before_run_*_push_spikes.cu"):
        rewrite(file, one_copy)
    for file in folder.glob("code_objects/*.cu"):
        if "num_threads_per_bundle = getThreadsPerBundle();" in file.read_text():
            rewrite(file, lambda text: THREADS.subn(ENOUGH, text))


def one_copy(text: str) -> tuple[str, int]:
    """Copy the lists of synapses of a pathway at once; whether the text is as expected, 1 or 0."""
    (start, declared), (copy, staged), (end, copied) = COPIES
    as_expected = all(text.count(part) == 1 for part in (start, copy, end))
    text = text.replace(start, declared + start).replace(copy, staged)
    return text.replace(end, f"{end}\n{copied}"), int(as_expected)


def rewrite(file: Path, change) -> None:
    text, n = change(file.read_text())
    if n != 1:
        raise RuntimeError(f"the generated {file.name} does not look as expected")
    file.write_text(text)


def join(folder: Path, sources: list[str], n_units: int) -> list[str]:
    """Join the sources of a project into at most so many units; their names.

    As `driver.engine.compile.join`: each brings the same headers, which take most of the time.
    """
    n_units = min(n_units, len(sources))
    for k in range(n_units):
        texts = [(folder / name).read_text() for name in sources[k::n_units]]
        for n, name in enumerate(sources[k::n_units]):
            if name.startswith("code_objects/"):
                texts[n] = joinable(fenced(texts[n]), f"{k}_{n}")
        (folder / f"unit_{k}.cu").write_text("\n".join(texts))
    return [f"unit_{k}.cu" for k in range(n_units)]


def fenced(text: str) -> str:
    """The text of a file whose helpers all stand in a namespace without a name."""
    return SUPPORT.sub(r"namespace {\n\1}\n\2", text)
