/* What the library's coverage instrumentation calls, for programs without an engine and without
 * a sanitizer's run-time. Weak: an engine's own come first. */
#define IGNORE(function)                                                                           \
    __attribute__((weak)) void function(void);                                                     \
    __attribute__((weak)) void function(void)                                                      \
    {                                                                                              \
    }

IGNORE(__sanitizer_cov_8bit_counters_init)
IGNORE(__sanitizer_cov_pcs_init)
IGNORE(__sanitizer_cov_trace_pc_guard_init)
IGNORE(__sanitizer_cov_trace_pc_guard)
IGNORE(__sanitizer_cov_trace_cmp1)
IGNORE(__sanitizer_cov_trace_cmp2)
IGNORE(__sanitizer_cov_trace_cmp4)
IGNORE(__sanitizer_cov_trace_cmp8)
IGNORE(__sanitizer_cov_trace_const_cmp1)
IGNORE(__sanitizer_cov_trace_const_cmp2)
IGNORE(__sanitizer_cov_trace_const_cmp4)
IGNORE(__sanitizer_cov_trace_const_cmp8)
IGNORE(__sanitizer_cov_trace_switch)
