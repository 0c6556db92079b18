# Writes a CTest file that runs each Criterion test of EXE alone, named AREA.suite.test. Where the
# tests leave their marks (tests/unit/marks.h) is emptied: EXE has just been built.
execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${EXE} --list --color=never
  OUTPUT_VARIABLE listing RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "${EXE} --list failed: ${status}")
endif()
string(REPLACE "-tests.cmake" "-marks" marks "${OUT}")
file(REMOVE_RECURSE "${marks}")
file(MAKE_DIRECTORY "${marks}")
string(REPLACE "\n" ";" lines "${listing}")
set(suite "")
set(text "")
set(count 0)
foreach(line IN LISTS lines)
  if(line MATCHES "^([A-Za-z0-9_]+): [0-9]+ tests?$")
    set(suite "${CMAKE_MATCH_1}")
  elseif(line MATCHES "-- ([A-Za-z0-9_]+)")
    set(test "${CMAKE_MATCH_1}")
    math(EXPR count "${count} + 1")
    # A filter that matches nothing exits 0, and so does a test with a leak: both must fail here.
    string(APPEND text
      "add_test(\"${AREA}.${suite}.${test}\" \"${EXE}\" --filter \"${suite}/${test}\")\n"
      "set_tests_properties(\"${AREA}.${suite}.${test}\" PROPERTIES TIMEOUT 60 LABELS ${AREA}\n"
      "  FIXTURES_SETUP marks ENVIRONMENT \"ASAN_OPTIONS=detect_leaks=0;PROCBUF_MARKS=${marks}\"\n"
      "  FAIL_REGULAR_EXPRESSION \"Sanitizer:|runtime error:|Tested: 0 \")\n")
  endif()
endforeach()
if(count EQUAL 0)
  message(FATAL_ERROR "${EXE} lists no tests")
endif()
file(WRITE "${OUT}" "${text}")
