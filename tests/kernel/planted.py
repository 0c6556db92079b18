"""Bugs of ports and of the kernel around them: none is of the library, so that nothing on a host sees them. Each is an edit
that must fit exactly once."""
from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestrate.planted import edit
from orchestrate.tools import ROOT

REACHES = "kind=hardware check=probe-reaches"
FAULTS = "kind=hardware check=probe-faults"
DIFFERS = "kind=hardware check=fault-differs"
WINDOW = "kind=hardware check=window-(reaches|faults)"
EXECUTES = "kind=hardware check=kernel-executes"
KERNEL = "kind=hardware check=kernel-faults"
USERSPACE = "kind=hardware check=userspace-faults"
OTHER = "kind=hardware check=loads-another-byte"
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
        path = copy["ports"] / Path(self.file).name if self.file.startswith("lib/") else \
            copy["kernel"] / Path(self.file).relative_to("tests/kernel")
        edit(path, self.old, self.new)
        return copy


V7 = ("armv7m", "lib/ports/armv7m_mpu.c")
V7_KERNEL = ("armv7m", "tests/kernel/armv7m.c")
V7_REGIONS = ("armv7m", "lib/ports/regions.h")
V8 = ("armv8m", "lib/ports/armv8m_mpu.c")
V8_REGIONS = ("armv8m", "lib/ports/regions.h")
V8_PIECES = ("armv8m", "lib/ports/pieces.h")
V8_KERNEL = ("armv8m", "tests/kernel/armv8m.c")
V8_FAULTS = ("armv8m", "tests/kernel/cortex_m.c")
PMP = ("riscv32", "lib/ports/riscv_pmp.c")
PMP_REGIONS = ("riscv32", "lib/ports/regions.h")
PMP_KERNEL = ("riscv32", "tests/kernel/riscv.c")
SMAP = ("x86", "lib/ports/x86_smap.c")
X86 = ("x86", "tests/kernel/x86.c")
X86_SWITCH = ("x86", "tests/kernel/x86.S")
PAGES = ("x86", "tests/kernel/pages.h")
PAN = ("aarch64", "lib/ports/aarch64_pan.c")
A64 = ("aarch64", "tests/kernel/aarch64.c")
A64_SWITCH = ("aarch64", "tests/kernel/aarch64.S")
PLANTED = [
    Planted("v7m_eighths_over_the_grants", *V7, "0xffu << first & 0xffu >> (7 - last)", "0xffu << first", f"{REACHES}|{WINDOW}",
            "no eighth after the break is off: the region covers the grants"),
    Planted("v7m_one_eighth_too_many", *V7, "last = (region->end - 1) >> eighth & 7", "last = region->end >> eighth & 7",
            f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}", "the end belongs to the eighth before it"),
    Planted("v7m_eighths_the_wrong_way_round", *V7, "disabled << 8", "(~disabled & 0xff) << 8", f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}",
            "a bit of SRD switches its eighth off, not on"),
    Planted("v7m_block_twice_as_large", *V7, "(eighth + 2) << 1", "(eighth + 3) << 1", f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}",
            "SIZE is the logarithm less one"),
    Planted("v7m_base_before_its_number", *V7, "        MPU_RNR = FIRST + number;\n        if (region->start != loaded[number].start || region->end != loaded[number].end)\n            MPU_RBAR = base;\n",
            "        if (region->start != loaded[number].start || region->end != loaded[number].end)\n            MPU_RBAR = base;\n        MPU_RNR = FIRST + number;\n",
            f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}", "the base goes to the region that was named before"),
    Planted("v7m_base_kept_when_the_block_grows", *V7, "        if (region->start != loaded[number].start || region->end != loaded[number].end)\n",
            "        if (region->start != loaded[number].start)\n", f"{WINDOW}|{KERNEL}|{FAULTS}|{USERSPACE}",
            "a longer window that begins where the last one did has the base of the smaller block"),
    Planted("v7m_base_without_valid", *V7_KERNEL, "start | RBAR_VALID | number", "start | number", "kind=hardware",
            "without VALID the number in RBAR names no region"),
    Planted("v7m_default_map_without_the_lock", *V7_KERNEL, "set_region(0, arena, 19, NO_ONE", "set_region(0, arena, 19, KERNEL_ONLY", f"{WINDOW}",
            "privileged code keeps the default map, and nothing forbids it process memory"),
    Planted("v7m_lock_ends_early", *V7_KERNEL, "0xe0 << 8", "0xff << 8", f"{WINDOW}", "the last of what processes may get is not locked"),
    Planted("v7m_data_executable", *V7, "3 << 24 | EXECUTE_NEVER", "3 << 24", f"{REACHES}", "the app part may be executed"),
    Planted("v7m_flash_writable", *V7, "6 << 24", "3 << 24", f"{REACHES}", "flash may be written"),
    Planted("v7m_read_window_writable", *V7, "5 << 24", "1 << 24", f"{WINDOW}", "a read-only window may be written"),
    Planted("v7m_read_windows_win", *V7, "right = KERNEL_READ_WRITE + 1; right-- > KERNEL_READ;", "right = KERNEL_READ; right <= KERNEL_READ_WRITE; right++",
            f"{KERNEL}|{WINDOW}", "of regions that overlap, the one with the higher number wins: writing fails in a window to write"),
    Planted("v7m_accepts_what_no_region_says", *V7, "((1u << eighth_of(start, end)) - 1)", "(GRANULE - 1)", f"{ANSWERS}",
            "whole granules that are not eighths of a block are accepted, and rounded"),
    Planted("v7m_refuses_what_a_region_says", *V7, "((1u << eighth_of(start, end)) - 1)", "((2u << eighth_of(start, end)) - 1)", f"{ANSWERS}|removal-refused",
            "odd eighths are refused"),
    Planted("v7m_region_stays_on", *V7, "    MPU_RASR = 0;\n", "", f"{KERNEL}|{FAULTS}|{REACHES}|{WINDOW}", "what is switched off stays on"),
    Planted("v7m_region_kept_when_its_end_moves", *V7_REGIONS, "a->start == b->start && a->end == b->end && a->right", "a->start == b->start && a->right",
            f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}", "what is in the unit is taken for what it should be"),
    Planted("v7m_region_of_another_process", *V7_REGIONS, "*its = memory[process_index];", "its[] = { memory[process_index][0], memory[0][1] };",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "the flash of the first process is left for the next one"),
    Planted("v8m_limit_not_inclusive", *V8, "(uint32_t)(region->end - GRANULE) | RLAR_ENABLE", "(uint32_t)region->end | RLAR_ENABLE",
            f"{REACHES}|{FAULTS}|{USERSPACE}|{WINDOW}|{KERNEL}", "the limit register names the last granule, not the one after it: 32 bytes too many"),
    Planted("v8m_limit_one_granule_short", *V8, "(uint32_t)(region->end - GRANULE) | RLAR_ENABLE", "(uint32_t)(region->end - 2 * GRANULE) | RLAR_ENABLE",
            f"{FAULTS}|{USERSPACE}|{KERNEL}|{WINDOW}", "the last granule is left out"),
    Planted("v8m_region_over_the_grants", *V8_REGIONS, "protection->app_break, PROCESS_READ_WRITE }", "protection->mem_end & ~31u, PROCESS_READ_WRITE }",
            f"{REACHES}", "the region covers all RAM of the process, its grants too"),
    Planted("v8m_region_of_another_process", *V8_REGIONS, "*its = memory[process_index];", "its[] = { memory[0][0], memory[process_index][1] };",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "the RAM of the first process is left for the next one"),
    Planted("v8m_region_of_another_life", *V8_REGIONS, "    memory[index][0] =\n",
            "    if (protection->identifier == 0 || is_empty(&memory[index][0]) ||\n        protection->app_break == protection->mem_start)\n        memory[index][0] =\n",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "a new life, or a moved break, keeps the region of the old one"),
    Planted("v8m_no_region_after_creation", *V8_REGIONS,
            "    memory[index][1] =\n        (struct region){ protection->flash_start, protection->flash_end, PROCESS_READ_EXECUTE };\n", "",
            f"{FAULTS}", "flash of a new process has no region"),
    Planted("v8m_removal_ignored", *V8_REGIONS, "    if (table == NULL)\n",
            "    if (protection->app_break == protection->mem_start)\n        return true;\n    if (table == NULL)\n",
            f"{REACHES}", "what a removed process had stays open: a shipped port of ours had this bug"),
    Planted("v8m_flash_writable", *V8, "[PROCESS_READ_EXECUTE] = 3 << 1", "[PROCESS_READ_EXECUTE] = 1 << 1", f"{REACHES}", "flash may be written"),
    Planted("v8m_execute_right_on_data", *V8, "1 << 1 | EXECUTE_NEVER", "1 << 1", f"{REACHES}", "the app part may be executed"),
    Planted("v8m_entries_in_the_wrong_order", *V8, "            MPU_RBAR = (uint32_t)region->start | rights[region->right];\n        MPU_RLAR = (uint32_t)(region->end - GRANULE) | RLAR_ENABLE;",
            "            MPU_RLAR = (uint32_t)(region->end - GRANULE) | RLAR_ENABLE;\n        MPU_RNR = FIRST + (number + 1) % REGIONS;\n        MPU_RBAR = (uint32_t)region->start | rights[region->right];",
            f"{FAULTS}|{USERSPACE}|{KERNEL}|{REACHES}|{WINDOW}", "the base goes to the next region"),
    Planted("v8m_close_closes_the_outer_window", *V8_REGIONS, "    for (window_count--; w < window_count; w++)\n        windows[w] = windows[w + 1];",
            "    window_count = 0;", f"{KERNEL}|{WINDOW}", "a close ends every window, the outer ones too"),
    Planted("v8m_window_open_over_a_switch", *V8_REGIONS, "load((is_empty(&its[0]) ? 0 : 1u) | (is_empty(&its[1]) ? 0 : 2u), its);",
            "struct region wanted[REGIONS] = { its[0], its[1] };\n    unsigned on = !is_empty(&its[0]) | (unsigned)!is_empty(&its[1]) << 1;\n"
            "    for (unsigned w = 0; w < window_count; w++) {\n        wanted[REGIONS - 1 - w] = windows[w];\n        on |= 1u << (REGIONS - 1 - w);\n    }\n    load(on, wanted);",
            f"{FAULTS}|{USERSPACE}|{REACHES}|{KERNEL}|{WINDOW}", "windows of the kernel stay on while a process runs"),
    Planted("v8m_windows_rounded_inward", *V8_PIECES, "addr + GRANULE - 1", "addr", f"{KERNEL}|{WINDOW}", "a window that ends inside a granule is too short"),
    Planted("v8m_read_window_writable", *V8, "2 << 1 | EXECUTE_NEVER", "0 << 1 | EXECUTE_NEVER /* */", f"{WINDOW}", "a read-only window may be written"),
    Planted("v8m_process_regions_stay_on", *V8_REGIONS, "void port_leave_process(void)\n{\n    load_windows();", "void port_leave_process(void)\n{",
            f"{KERNEL}|{FAULTS}|{REACHES}|{WINDOW}", "the process's regions stay on in the kernel"),
    Planted("v8m_refuses_what_it_can_say", *V8_PIECES, "return start == end || (start % GRANULE == 0 && end % GRANULE == 0);",
            "return start % GRANULE == 0 && end % GRANULE == 0 && start != end;", f"{ANSWERS}|removal-refused", "an empty range is refused"),
    Planted("v8m_accepts_what_it_cannot_say", *V8_PIECES, "start % GRANULE == 0 && end % GRANULE == 0);", "start % GRANULE == 0);", f"{ANSWERS}",
            "an end between two granules is accepted, and rounded"),
    Planted("v8m_handler_returns_privileged", "armv8m", "tests/kernel/cortex_m.c",
            "    __asm__ volatile(\"msr control, %0\" ::\"r\"(1)); /* what is not in a handler is unprivileged */\n", "",
            f"{REACHES}|no-fault", "the way to the process leaves the processor privileged"),
    Planted("v8m_windows_begin_a_granule_early", *V8_PIECES, "{ rounded_down(window->start), rounded_up", "{ rounded_down(window->start) - GRANULE, rounded_up",
            f"{WINDOW}", "a window holds the granule before it, too"),
    Planted("v8m_kernel_data_open", *V8_KERNEL, "bss_end, KERNEL_ONLY", "bss_end, ALL", f"{REACHES}", "processes may touch the kernel's data"),
    Planted("v8m_kernel_code_open", *V8_KERNEL, "code_end, READ_ONLY | KERNEL_ONLY", "code_end, READ_ONLY | ALL", f"{REACHES}",
            "processes may read and execute the kernel's code"),
    Planted("v8m_code_of_processes_writable", *V8_KERNEL, "user_end, READ_ONLY | ALL", "user_end, ALL", f"{REACHES}",
            "a process may change the code that all of them run"),
    Planted("v8m_shared_data_executable", *V8_KERNEL, "stage_end, ALL | EXECUTE_NEVER", "stage_end, ALL", f"{REACHES}",
            "what any process may write, any process may execute"),
    Planted("v8m_address_of_an_earlier_fault", *V8_FAULTS, "    CFSR = status; /* or the address counts as valid next time */\n", "", f"{DIFFERS}",
            "an address stays valid, and a fault that has none is reported with it"),
    Planted("v8m_driver_after_the_last", "armv8m", "tests/kernel/kernel.c", "number < driver_count ?", "number <= driver_count ?",
            "kind=|status", "userspace names a driver that there is not, and the kernel takes what comes after its table"),
    Planted("pmp_end_one_word_too_far", *PMP, "wanted[r].start, wanted[r].end);", "wanted[r].start, wanted[r].end + 4);",
            f"{REACHES}|{WINDOW}", "a region ends 4 bytes too late"),
    Planted("pmp_data_executable", *PMP, "[PROCESS_READ_WRITE] = TOR | READ | WRITE", "[PROCESS_READ_WRITE] = TOR | READ | WRITE | EXECUTE", f"{REACHES}",
            "the app part may be executed"),
    Planted("pmp_flash_writable", *PMP, "TOR | READ | EXECUTE", "TOR | READ | WRITE | EXECUTE", f"{REACHES}", "flash may be written"),
    Planted("pmp_read_window_writable", *PMP, "L | TOR | READ,", "L | TOR | READ | WRITE,", f"{WINDOW}", "a read-only window may be written"),
    Planted("pmp_entries_in_the_wrong_order", *PMP_REGIONS, "load((is_empty(&its[0]) ? 0 : 1u) | (is_empty(&its[1]) ? 0 : 2u), its);",
            "load(7, (const struct region[]){ its[0], its[1], { its[1].start, its[0].end, PROCESS_READ_WRITE } });",
            f"{REACHES}|{FAULTS}|{USERSPACE}", "an entry for all of the process comes before the exact ones, and the lowest number wins"),
    Planted("pmp_window_left_open", *PMP_REGIONS, "        windows[w] = windows[w + 1];\n    load_windows();", "        windows[w] = windows[w + 1];",
            f"{WINDOW}", "a window is open until the next one opens"),
    Planted("pmp_kernel_code_executable", *PMP_KERNEL, "KERNEL_CODE = 0x8d", "KERNEL_CODE = 0x8e", f"{REACHES}", "processes may jump into the kernel"),
    Planted("pmp_trap_returns_privileged", "riscv32", "tests/kernel/riscv.S", "    csrc mstatus, t0\n", "    csrs mstatus, t0\n",
            "kind=hardware", "the way to the process leaves the processor in machine mode"),
    Planted("x86_smap_off_after_an_exception", *X86_SWITCH, "    popfq\n", "    add $8, %rsp\n", f"{WINDOW}",
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
    Planted("x86_flash_in_all_tables", *PAGES, "    if (has_flash)\n        map(table, p->flash_start", "    for (unsigned i = 0; has_flash && i < PROCESSES; i++)\n        map(of_process[i], p->flash_start",
            f"{REACHES}", "each process may read and execute the flash of those that begin after it"),
    Planted("x86_ram_in_all_tables", *PAGES, "    if (has_ram)\n        map(table, p->mem_start", "    for (unsigned i = 0; has_ram && i < PROCESSES; i++)\n        map(of_process[i], p->mem_start",
            f"{REACHES}", "each process may touch the RAM of those that begin after it"),
    Planted("x86_no_smep", *X86, '"i"(1 << 20 | 1 << 21)', '"i"(1 << 21)', f"{EXECUTES}", "the kernel may execute code of processes"),
    Planted("x86_flash_of_the_next_page", *PAGES, "p->flash_end, CODE_PAGE);", "p->flash_end, CODE_PAGE | PAGE);", f"{OTHER}",
            "a process has the page that comes after its flash in its place"),
    Planted("x86_faults_of_one_kind", *X86, "(error & 2) != 0 ? BOARD_WRITE", "(error & 4) != 0 ? BOARD_WRITE", f"{DIFFERS}",
            "every fault of a process counts as one of a store"),
    Planted("x86_tables_of_another_process", *PAGES, "use(of_process[process]);", "use(of_process[process & ~1u]);", f"{REACHES}|{FAULTS}|{USERSPACE}",
            "every second process runs with the pages of the one before"),
    Planted("pan_off_after_a_process", *A64_SWITCH, "    msr pan, x9\n", "    msr pan, #0\n", f"{WINDOW}",
            "the kernel goes on unlocked when a process comes back"),
    Planted("pan_never_off", *PAN, "msr pan, #0", "msr pan, #1", f"{KERNEL}|{WINDOW}", "open does not open"),
    Planted("pan_close_closes_the_outer_window", *PAN, "    if (--open_depth == 0)\n", "    --open_depth;\n", f"{KERNEL}|{WINDOW}",
            "a close locks the body around it out"),
    Planted("pan_data_executable", *A64, "#define DATA_PAGE (3 | NORMAL | 1 << 6 | USER_NEVER | KERNEL_NEVER)",
            "#define DATA_PAGE (3 | NORMAL | 1 << 6 | KERNEL_NEVER)", f"{REACHES}", "the app part may be executed"),
    Planted("pan_kernel_executes_flash", *A64, "#define CODE_PAGE (3 | NORMAL | 3 << 6 | KERNEL_NEVER)", "#define CODE_PAGE (3 | NORMAL | 3 << 6)",
            f"{EXECUTES}", "the kernel may execute code of processes"),
    Planted("pan_flash_writable", *A64, "#define CODE_PAGE (3 | NORMAL | 3 << 6 | KERNEL_NEVER)",
            "#define CODE_PAGE (3 | NORMAL | 1 << 6 | KERNEL_NEVER)", f"{REACHES}", "flash may be written"),
    Planted("pan_no_flush_after_a_change", *A64, "tlbi vmalle1\\n\\t", "", "kind=hardware", "the processor goes on with the pages of before"),
]

UNIT_OFF = [
    Planted("pan_unit_off", "aarch64", "tests/kernel/pages.h", "use(of_process[process]);", "use(of_kernel);", f"{REACHES}|no-fault",
            "all of the arena is open to processes"),
    Planted("x86_unit_off", *PAGES, "use(of_process[process]);", "use(of_kernel);", f"{REACHES}|no-fault", "all of the arena is open to processes"),
    *[Planted(f"pmp{bits}_unit_off", f"riscv{bits}", "tests/kernel/riscv.c", "    switch_to_user(user);\n",
              "    WRITE(pmpcfg0, READ(pmpcfg0) | 0x0f00);\n    switch_to_user(user);\n    WRITE(pmpcfg0, READ(pmpcfg0) & ~0x0f00u);\n", f"{REACHES}|no-fault",
              "processes may do all in the arena and above") for bits in (32, 64)],
    Planted("v7m_unit_off", "armv7m", "tests/kernel/armv7m.c", "MPU_CTRL = 5;", "MPU_CTRL = 0;", f"{REACHES}|no-fault|window-reaches",
            "the protection unit is off"),
    Planted("v8m_unit_off", "armv8m", "tests/kernel/armv8m.c", "MPU_CTRL = 1;", "MPU_CTRL = 0;", f"{REACHES}|no-fault|window-reaches",
            "the protection unit is off"),
]
