# The clang that builds the testbed: the one that the environment variable PROCBUF_CLANG names, else the first of these.
# It has to be 17 or newer. fuzz/setup/install and fuzz/orchestrate/tools.py read the names from here.
set(names clang-19 clang)
if(NOT CMAKE_C_COMPILER)
  if(DEFINED ENV{PROCBUF_CLANG})
    set(names "$ENV{PROCBUF_CLANG}")
  endif()
  find_program(PROCBUF_CLANG NAMES ${names} REQUIRED)
  set(CMAKE_C_COMPILER "${PROCBUF_CLANG}")
endif()
