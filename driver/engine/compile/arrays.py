"""Arrays of a generated C++ project: as small as what they hold, and spread over the cache.

* An array of numbers that all code only ever sets to 0 or 1 is a flag, and takes a byte. What
  comes and goes through the pipe is converted (see `driver.engine.compile.serve`).
* Arrays whose lengths are multiples of a page begin at different places of it. Else the same
  element of all of them falls into the same line of the cache.
* The ends of synapses are kept once: what they were read from is let go, and room is made for as
  many as there are, not for up to twice as many.

All numbers stay what they were.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

SET = re.compile(r"_ptr(_array_\w+)\[[^][]*\] ([-+*/]?)= (\w+);")
NEW = re.compile(r"(?<!_sources)(?<!_targets) = new (\w+)\[(\d+)\];")
STAGGERED = """
#include <cstdlib>
template <typename T>
static T* staggered(size_t n)  // each 704 bytes later in its page than the one before
{
    static size_t place = 0;
    if (n*sizeof(T) < 4096) return new T[n];
    place = (place + 704) % 4096;
    const size_t bytes = (n*sizeof(T) + 2*4096)/4096*4096;
    return reinterpret_cast<T*>(static_cast<char*>(std::aligned_alloc(4096, bytes)) + place);
}
"""
CREATE = re.compile(
    r"(for \(size_t _idx=0; _idx<_numsources; _idx\+\+\) \{.*?^\})", re.MULTILINE | re.DOTALL
)
ENDS = re.compile(r"(_dynamic_array_\w+)\.push_back\(_real_(?:sources|targets)\);")
GIVEN = re.compile(r"_ptr(_array_\w+_(?:sources|targets))\[_idx\]")
MADE = r"%s = new int32_t\[\d+\];\s*for\(int i=0; i<\d+; i\+\+\) %s\[i\] = 0;"
COPIED = r"for\(int i=0; i<_num_%s; i\+\+\)\s*\{\s*%s\[i\] = (\w+)\[i\];\s*\}"


def flags(folder: Path, candidates: Mapping[str, str]) -> dict[str, str]:
    """Of these C++ names of arrays of numbers those that hold 0 and 1 only, if they begin so."""
    texts = [file.read_text() for file in (folder / "code_objects").glob("*.cpp")]
    ever_set = {array for text in texts for array, _, _ in SET.findall(text)}
    return {
        key: name
        for key, name in candidates.items()
        if name in ever_set and all(sets_flags(text, name) for text in texts)
    }


def sets_flags(text: str, name: str) -> bool:
    """Whether the code of a file uses an array of cells only as a flag."""
    if f"_ptr{name}" not in text:
        return name not in text
    values = [(how, value) for array, how, value in SET.findall(text) if array == name]
    reads = re.findall(rf"= _ptr{name}\[[^][]*\];", text)
    if len(re.findall(rf"_ptr{name}\[", text)) != len(reads) + len(values):
        return False  # used in a way that is not known here
    return all(not how and set(given(text, value)) in OF_FLAGS for how, value in values)


OF_FLAGS = ({"0"}, {"1"}, {"0", "1"})


def given(text: str, variable: str) -> list[str]:
    """What a variable is set to, by ``=`` or by another operator."""
    found = re.findall(rf"^\s*{variable} ([-+*/]?= .*);$", text, re.MULTILINE)
    return [words.removeprefix("= ") for words in found]


def shrink(folder: Path, names: Iterable[str]) -> None:
    """Let these arrays of numbers be of bytes."""
    for file in [*folder.glob("objects.*"), *(folder / "code_objects").glob("*.cpp")]:
        text = file.read_text()
        for name in names:
            pointer = rf"\b(?:double|float)\b(\s*\*\s*(?:__restrict\s+)?(?:_ptr)?{name}\b)"
            text = re.sub(pointer, r"int8_t\1", text)
            text = re.sub(rf"\b{name} = new \w+\[", f"{name} = new int8_t[", text)
        file.write_text(text)


def spread(objects: Path) -> None:
    """Let long arrays begin at different places of a page."""
    text = NEW.sub(r" = staggered<\1>(\2);", objects.read_text())
    head, start, rest = text.partition("namespace brian {")
    objects.write_text(head + STAGGERED + start + rest)


def keep_ends_once(folder: Path) -> None:
    """Make room for the synapses that there are, and let go of what they are read from."""
    objects, main = folder / "objects.cpp", folder / "main.cpp"
    made, run = objects.read_text(), main.read_text()
    for file in (folder / "code_objects").glob("*_synapses_create_array_codeobject.cpp"):
        text = file.read_text()
        names = dict.fromkeys(GIVEN.findall(text))
        if not all(re.search(COPIED % (name, name), run) for name in names):
            continue
        for name in names:
            made = re.sub(MADE % (name, name), "", made)
            run = re.sub(COPIED % (name, name), rf"{name} = \1;", run)
        room = [f"{name}.reserve(_new_num_synapses);" for name in dict.fromkeys(ENDS.findall(text))]
        gone = [f"delete[] {name};" for name in names]
        file.write_text(CREATE.sub("\n".join([*room, r"\1", *gone]), text))
    objects.write_text(made)
    main.write_text(run)
