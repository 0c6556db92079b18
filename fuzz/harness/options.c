/* Options of the sanitizers' run-times, compiled into fuzz targets and replay programs, so that a
 * finding exits 77 and 1 can only mean that the tool failed. Not linked into AFL++ builds, where
 * the engine has its own. Each build has those of its sanitizers: OSS-Fuzz takes the others' for a second sanitizer. */
#ifdef HOOKS_asan
const char *__asan_default_options(void);

/* The library has no heap: what is freed are the engine's copies of inputs, and to keep them in a quarantine,
 * filled, with the stacks that led there, takes a third of all time. What the environment says goes before these: with
 * a quarantine, as OSS-Fuzz sets it, ASan refuses to have none in a thread. */
const char *__asan_default_options(void)
{
    return "exitcode=77:handle_sigill=1:handle_abort=1:detect_stack_use_after_return=0:"
           "quarantine_size_mb=0:thread_local_quarantine_size_kb=64:"
           "max_malloc_fill_size=0:malloc_context_size=1";
}
#endif

#ifdef HOOKS_msan
const char *__msan_default_options(void);

const char *__msan_default_options(void)
{
    return "exitcode=77:handle_sigill=1:handle_abort=1";
}
#endif

const char *__ubsan_default_options(void);

const char *__ubsan_default_options(void)
{
    return "exitcode=77:handle_sigill=1:handle_abort=1:print_stacktrace=1";
}
