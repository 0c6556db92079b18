"""The builds that replay on this machine besides the usual one: what engines fuzz, and what each
compiler makes of the library. Options are CMake's."""
from __future__ import annotations


def _compiled(compiler: str, level: str) -> tuple[str, list[str]]:
    # clang 14 does not report bulk copies to the hooks of the build without sanitizers.
    hooks = (["-DPROCBUF_HOOKS=asan"] if compiler == "clang-14" else
             ["-DPROCBUF_HOOKS=tsan", "-DPROCBUF_GUARD_PAGES=ON"])
    return (f"{compiler} -O{level}" + (", ASan+UBSan" if compiler == "clang-14" else ", guard pages"),
            [f"-DCMAKE_C_COMPILER={compiler}", f"-DPROCBUF_LIB_OPTIMIZE=-O{level}", *hooks])


I386 = ("32 bits, ASan+UBSan", ["-DCMAKE_C_COMPILER=clang-19",
                                "-DCMAKE_C_FLAGS=-m32 -idirafter /usr/include/x86_64-linux-gnu"])
"""The headers of the 64-bit C library serve both: gcc-multilib, which links them, conflicts with the
cross compilers."""

BUILDS: dict[str, tuple[str, list[str]]] = {
    "asan": ("clang-19 -O1, ASan alone", ["-DCMAKE_C_COMPILER=clang-19", "-DPROCBUF_UBSAN=OFF"]),
    "ubsan": ("clang-19 -O1, UBSan alone", ["-DCMAKE_C_COMPILER=clang-19", "-DPROCBUF_HOOKS=tsan", "-DPROCBUF_UBSAN=ON"]),
    "plain": _compiled("clang-19", "1"),
    "msan": ("clang-19 -O1, MSan", ["-DCMAKE_C_COMPILER=clang-19", "-DPROCBUF_HOOKS=msan"]),
    "afl": ("as AFL++ sees it", ["-DCMAKE_C_COMPILER=clang-19", "-DPROCBUF_ENGINE=afl"]),
} | {f"{compiler.replace('-', '')}_O{level}": _compiled(compiler, level)
     for compiler in ("gcc", "clang-14", "clang-19") for level in "0123"
     if (compiler, level) != ("clang-19", "1")}
"""Name to what it is, in words, and how to configure it."""
