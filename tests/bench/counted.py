"""Instructions of a program around the library, counted by callgrind."""
import re
import shutil
from pathlib import Path

from orchestrate.tools import output_of


def counted(program: Path, lib: Path, folder: Path, compiler: str, level: str, hooks: bool) -> Path:
    """Run it. Without hooks, the calls of the port are taken out of the library's source. Returns: callgrind's log."""
    copy, log = folder / "lib", folder / "log"
    shutil.copytree(lib, copy)
    if not hooks:
        source = copy / "src/buffer.c"
        source.write_text(re.sub(r"procbuf_port_user_access_\w+\(.*\);", ";", source.read_text()))
    output_of(compiler, level, "-w", "-gdwarf-4", "-std=gnu11", "-I", copy / "include", program, copy / "ports/host.c",
              *sorted((copy / "src").glob("*.c")), "-o", folder / "program")
    output_of("valgrind", "--tool=callgrind", f"--callgrind-out-file={log}", folder / "program")
    return log


def by_function(log: Path, inclusive: str = "yes") -> dict[str, int]:
    """Instructions in all, by function, with those of what it calls or without."""
    text = output_of("callgrind_annotate", f"--inclusive={inclusive}", "--threshold=100", log)
    found = re.findall(r"^ *([\d,]+) \([ \d.]+%\)  \S+:(\w+) \[", text, re.MULTILINE)
    return {name: int(number.replace(",", "")) for number, name in reversed(found)}
