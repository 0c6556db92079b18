"""Bugs of ports and of the kernel around them: none is of the library, so that nothing on a host sees them. Each is an edit
that must fit exactly once."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrate.tools import ROOT, ToolError

REACHES = "kind=hardware check=probe-reaches"
FAULTS = "kind=hardware check=probe-faults"
DIFFERS = "kind=hardware check=fault-differs"
WINDOW = "kind=hardware check=window-(reaches|faults)"
KERNEL = "kind=hardware check=kernel-faults"
USERSPACE = "kind=hardware check=userspace-faults"
ANSWERS = "kind=hardware check=port-answers"


@dataclass(frozen=True)
class Planted:
    """A bug: on which machine, in which file of lib/ports or tests/kernel, and what shows it."""
    name: str
    machine: str
    file: str
    old: str
    new: str
    shown: str
    story: str

    def plant(self, folder: Path) -> dict[str, Path]:
        """A copy of the ports and the kernel with the bug."""
        copy = {"ports": folder / "ports", "kernel": folder / "source"}
        shutil.copytree(ROOT / "lib/ports", copy["ports"])
        shutil.copytree(ROOT / "tests/kernel", copy["kernel"], ignore=shutil.ignore_patterns("orchestrate", "__pycache__"))
        path = (copy["ports"] if self.file.startswith("lib/") else copy["kernel"]) / Path(self.file).name
        text = path.read_text()
        if text.count(self.old) != 1:
            raise ToolError(f"planted bug {self.name}: fits {text.count(self.old)} times, not once")
        path.write_text(text.replace(self.old, self.new))
        return copy


PMP = ("riscv32", "lib/ports/riscv_pmp.c")
SMAP = ("x86", "lib/ports/x86_smap.c")
X86 = ("x86", "tests/kernel/x86.c")
PAGES = ("x86", "tests/kernel/pages.h")
PAN = ("aarch64", "lib/ports/aarch64_pan.c")
A64 = ("aarch64", "tests/kernel/aarch64.c")
V8 = ("armv8m", "lib/ports/armv8m_mpu.c")
PLANTED = [
    Planted("v8m_limit_not_inclusive", *V8, "(uint32_t)(end - GRANULE) | RLAR_ENABLE", "(uint32_t)end | RLAR_ENABLE",
            f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}", "the limit register names the last granule, not the one after it: 32 bytes too many"),
    Planted("v8m_limit_one_granule_short", *V8, "(uint32_t)(end - GRANULE) | RLAR_ENABLE", "(uint32_t)(end - 2 * GRANULE) | RLAR_ENABLE",
            f"{FAULTS}|{USERSPACE}|{KERNEL}|{WINDOW}", "the last granule is left out"),
    Planted("v8m_region_over_the_grants", *V8, "ram[index] = region_of(protection->mem_start, protection->app_break,",
            "ram[index] = region_of(protection->mem_start, protection->mem_end & ~31u,", f"{REACHES}",
            "the region covers all RAM of the process, its grants too"),
    Planted("v8m_region_of_another_process", *V8, "{ ram[process_index], flash[process_index] }", "{ ram[0], flash[process_index] }",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "the RAM of the first process is left for the next one"),
    Planted("v8m_region_of_another_life", *V8, "    ram[index] = region_of(protection->mem_start, protection->app_break,\n",
            "    if (protection->identifier == 0 || ram[index].rlar == 0 || protection->app_break == protection->mem_start)\n"
            "        ram[index] = region_of(protection->mem_start, protection->app_break,\n",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "a new life, or a moved break, keeps the region of the old one"),
    Planted("v8m_no_region_after_creation", *V8, "    flash[index] = region_of(protection->flash_start, protection->flash_end, RBAR_READ_ONLY);\n", "",
            f"{FAULTS}", "flash of a new process has no region"),
    Planted("v8m_removal_ignored", *V8, "    if (table == NULL)\n",
            "    if (protection->app_break == protection->mem_start)\n        return true;\n    if (table == NULL)\n",
            f"{REACHES}", "what a removed process had stays open: a shipped port of ours had this bug"),
    Planted("v8m_flash_writable", *V8, "protection->flash_end, RBAR_READ_ONLY)", "protection->flash_end, RBAR_READ_WRITE)",
            f"{REACHES}", "flash may be written"),
    Planted("v8m_execute_right_on_data", *V8, "                           RBAR_READ_WRITE | RBAR_EXECUTE_NEVER);", "                           RBAR_READ_WRITE);",
            f"{REACHES}", "the app part may be executed"),
    Planted("v8m_entries_in_the_wrong_order", *V8, "    MPU_RLAR = 0; /* never a region of which one half is another's */\n    MPU_RBAR = region.rbar;\n    MPU_RLAR = region.rlar;",
            "    MPU_RLAR = region.rlar;\n    MPU_RNR = number + 1;\n    MPU_RBAR = region.rbar;", f"{FAULTS}|{USERSPACE}|{KERNEL}|{REACHES}",
            "the base goes to the next region"),
    Planted("v8m_close_closes_the_outer_window", "armv8m", "lib/ports/windows.h", "    for (window_count--; w < window_count; w++)\n        windows[w] = windows[w + 1];",
            "    window_count = 0;", f"{KERNEL}|{WINDOW}", "a close ends every window, the outer ones too"),
    Planted("v8m_window_left_open_over_a_switch", *V8, "    for (unsigned r = 0; r < used; r++)\n        load(FIRST + r, (struct region){ 0, 0 });\n", "",
            f"{FAULTS}|{USERSPACE}|{REACHES}|{KERNEL}|{WINDOW}", "windows of the kernel stay on while a process runs"),
    Planted("v8m_read_window_writable", *V8, "(pieces[p].writable ? RBAR_KERNEL_READ_WRITE : RBAR_KERNEL_READ_ONLY)", "RBAR_KERNEL_READ_WRITE",
            f"{WINDOW}", "a read-only window may be written"),
    Planted("v8m_process_regions_stay_on", *V8, "void armv8m_leave_process(void)\n{\n    load_windows();", "void armv8m_leave_process(void)\n{\n    (void)load_windows;",
            f"{KERNEL}|{FAULTS}|{REACHES}|{WINDOW}", "the process's regions stay on in the kernel"),
    Planted("v8m_refuses_what_it_can_say", *V8, "return start == end || (start % GRANULE == 0 && end % GRANULE == 0);",
            "return start % GRANULE == 0 && end % GRANULE == 0 && start != end;", f"{ANSWERS}|removal-refused", "an empty range is refused"),
    Planted("v8m_accepts_what_it_cannot_say", *V8, "start % GRANULE == 0 && end % GRANULE == 0);", "start % GRANULE == 0);", f"{ANSWERS}",
            "an end between two granules is accepted, and rounded"),
    Planted("v8m_handler_returns_privileged", "armv8m", "tests/kernel/cortex_m.c", " mrs r0, control\\n orr r0, #1\\n msr control, r0\\n isb\\n mvn lr, #2\\n bx lr\\n",
            " mvn lr, #2\\n bx lr\\n", f"{REACHES}|no-fault", "the way to the process leaves the processor privileged"),
    Planted("pmp_end_one_word_too_far", *PMP, "WRITE(pmpaddr3, regions[0].end >> 2);", "WRITE(pmpaddr3, (regions[0].end >> 2) + 1);",
            f"{REACHES}|{WINDOW}", "the first region ends 4 bytes too late"),
    Planted("pmp_data_executable", *PMP, "PMP_USER_READ_WRITE = PMP_TOR | 3", "PMP_USER_READ_WRITE = PMP_TOR | 7", f"{REACHES}",
            "the app part may be executed"),
    Planted("pmp_flash_writable", *PMP, "PMP_USER_READ_EXECUTE = PMP_TOR | 5", "PMP_USER_READ_EXECUTE = PMP_TOR | 7", f"{REACHES}",
            "flash may be written"),
    Planted("pmp_read_window_writable", *PMP, "PMP_KERNEL_READ = 0x80 | PMP_TOR | 1", "PMP_KERNEL_READ = 0x80 | PMP_TOR | 3", f"{WINDOW}",
            "a read-only window may be written"),
    Planted("pmp_entries_in_the_wrong_order", *PMP, "{ ram[process_index], flash[process_index] }",
            "{ { flash[process_index].start, ram[process_index].end, PMP_USER_READ_WRITE }, ram[process_index], flash[process_index] }",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "an entry for all of the process comes before the exact ones, and the lowest number wins"),
    Planted("pmp_window_left_open", *PMP, "    window_close(addr, len, access);\n    load_windows();", "    window_close(addr, len, access);",
            f"{WINDOW}", "a window is open until the next one opens"),
    Planted("pmp_trap_returns_privileged", "riscv32", "tests/kernel/riscv.c", "li t0, 3 << 11\\n csrc mstatus, t0", "li t0, 3 << 11\\n csrs mstatus, t0",
            "kind=hardware", "the way to the process leaves the processor in machine mode"),
    Planted("x86_smap_off_after_an_exception", *X86, "pop %rbx\\n popfq\\n ret", "pop %rbx\\n add $8, %rsp\\n ret", f"{WINDOW}",
            "the process's flag AC stays set in the kernel, and so SMAP is off"),
    Planted("x86_close_closes_the_outer_window", *SMAP, "    if (--open_depth == 0)\n", "    --open_depth;\n", f"{KERNEL}|{WINDOW}",
            "a close locks the body around it out"),
    Planted("x86_window_left_open", *SMAP, "    if (--open_depth == 0)\n", "    if (--open_depth > 0)\n", f"{WINDOW}|{KERNEL}",
            "the outermost close leaves the lock open"),
    Planted("x86_flash_writable", *PAGES, "p->flash_end, CODE_PAGE);", "p->flash_end, CODE_PAGE | WRITABLE);",
            f"{REACHES}", "flash may be written"),
    Planted("x86_data_executable", *PAGES, "p->app_break, DATA_PAGE);",
            "p->app_break, DATA_PAGE & ~NO_EXECUTE);", f"{REACHES}", "the app part may be executed"),
    Planted("x86_pages_over_the_grants", *PAGES, "p->app_break, DATA_PAGE);", "p->mem_end, DATA_PAGE);",
            f"{REACHES}", "grants are mapped for the process, too"),
    Planted("x86_no_flush_after_a_change", *X86, "mov %%cr3, %0\\n\\tmov %0, %%cr3", "mov %%cr3, %0", "kind=hardware",
            "the processor goes on with the pages of the process before"),
    Planted("x86_pages_of_another_life", *PAGES, "    map_rest(table);\n    if (has_ram)", "    if (table[0] == 0)\n        map_rest(table);\n    if (has_ram)",
            f"{REACHES}|removal-refused", "pages that were a process's stay so when its break goes down, or it is removed"),
    Planted("x86_tables_of_another_process", *PAGES, "use(of_process[process]);", "use(of_process[process & ~1u]);", f"{REACHES}|{FAULTS}|{USERSPACE}",
            "every second process runs with the pages of the one before"),
    Planted("pan_off_after_a_process", *A64, " ldr x9, [sp, #96]\\n msr pan, x9\\n", " msr pan, #0\\n", f"{WINDOW}",
            "the kernel goes on unlocked when a process comes back"),
    Planted("pan_never_off", *PAN, "msr pan, #0", "msr pan, #1", f"{KERNEL}|{WINDOW}", "open does not open"),
    Planted("pan_close_closes_the_outer_window", *PAN, "    if (--open_depth == 0)\n", "    --open_depth;\n", f"{KERNEL}|{WINDOW}",
            "a close locks the body around it out"),
    Planted("pan_data_executable", *A64, "#define DATA_PAGE (3 | NORMAL | 1 << 6 | USER_NEVER | KERNEL_NEVER)",
            "#define DATA_PAGE (3 | NORMAL | 1 << 6 | KERNEL_NEVER)", f"{REACHES}", "the app part may be executed"),
    Planted("pan_flash_writable", *A64, "#define CODE_PAGE (3 | NORMAL | 3 << 6 | KERNEL_NEVER)",
            "#define CODE_PAGE (3 | NORMAL | 1 << 6 | KERNEL_NEVER)", f"{REACHES}", "flash may be written"),
    Planted("pan_no_flush_after_a_change", *A64, "tlbi vmalle1\\n\\t", "", "kind=hardware", "the processor goes on with the pages of before"),
]

UNIT_OFF = [
    Planted("pan_unit_off", "aarch64", "tests/kernel/pages.h", "use(of_process[process]);", "use(of_kernel);", f"{REACHES}|no-fault",
            "all of the arena is open to processes"),
    Planted("x86_unit_off", *PAGES, "use(of_process[process]);", "use(of_kernel);", f"{REACHES}|no-fault", "all of the arena is open to processes"),
    Planted("pmp32_unit_off", "riscv32", "tests/kernel/riscv.c", "    riscv_enter_process(process);", "    set_entry(1, 0x0f);", f"{REACHES}|no-fault",
            "processes may do all in the arena and above"),
    Planted("pmp64_unit_off", "riscv64", "tests/kernel/riscv.c", "    riscv_enter_process(process);", "    set_entry(1, 0x0f);", f"{REACHES}|no-fault",
            "processes may do all in the arena and above"),
    Planted("v8m_unit_off", "armv8m", "tests/kernel/armv8m.c", "MPU_CTRL = 1;", "MPU_CTRL = 0;", f"{REACHES}|no-fault|window-reaches",
            "the protection unit is off"),
]
