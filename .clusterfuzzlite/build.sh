#!/bin/bash
# Builds every fuzz target for OSS-Fuzz and ClusterFuzzLite, from what their base builder sets:
# CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE OUT SRC WORK SANITIZER, FUZZING_ENGINE and ARCHITECTURE.
# No dictionaries: the targets mutate operations, not bytes, and find nothing sooner with one.
# Exit status: 0 built; 2 the environment is not as it should be; else the compiler's.
# shellcheck disable=SC2086 # flags are words
set -eu

fail() {
    echo "build.sh: $1" >&2
    exit 2
}

for name in CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE OUT SRC WORK; do
    [ -n "${!name+set}" ] || fail "$name is not set: this runs in a base builder, or where it is imitated"
done
for name in OUT WORK; do
    if [ ! -d "${!name}" ] || [ ! -w "${!name}" ]; then
        fail "$name=${!name}: no folder that can be written"
    fi
done
root=$SRC/procbuf
[ -d "$root/fuzz" ] || fail "$root: the sources are not there"
for tool in "${CC%% *}" "${CXX%% *}" zip objcopy readelf; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done

# How the library's accesses are seen; design.md's choice, by sanitizer.
case ${SANITIZER:-address} in
address)
    hooks=asan
    see="-fsanitize-recover=address -fsanitize-coverage=edge,trace-stores -fsanitize-address-use-after-return=never"
    see="$see -mllvm -asan-memory-access-callback-prefix=tb_ -mllvm -asan-opt-same-temp=0"
    wraps="-Wl,--wrap=__asan_handle_no_return"
    for access in load{1,2,4,8,16,_n} store{1,2,4,8,16,_n}; do
        wraps="$wraps -Wl,--wrap=__asan_report_${access}_noabort"
    done
    ;;
memory)
    hooks=msan
    see="-fsanitize-coverage=edge,trace-loads,trace-stores"
    wraps="-Wl,--wrap=__msan_memcpy -Wl,--wrap=__msan_memmove -Wl,--wrap=__msan_memset"
    ;;
undefined | coverage | none | introspector)
    hooks=tsan
    see="-fsanitize=thread -mllvm -tsan-instrument-read-before-write=1"
    wraps=""
    ;;
*) fail "SANITIZER=$SANITIZER: address, memory, undefined, coverage and none are known" ;;
esac
case ${FUZZING_ENGINE:-libfuzzer} in
libfuzzer | none | centipede | honggfuzz) options="$root/fuzz/harness/options.c" ;;
afl) options="" ;; # the engine has options of its own
*) fail "FUZZING_ENGINE=$FUZZING_ENGINE: libfuzzer, afl, honggfuzz, centipede and none are known" ;;
esac

# The testbed hashes, and counts in numbers that wrap, on purpose; the library is what is under test.
testbed_flags="$CFLAGS -fno-sanitize=unsigned-integer-overflow -std=gnu11 -D_GNU_SOURCE"

objects=$WORK/procbuf-$hooks
rm -rf "$objects"
mkdir -p "$objects/lib" "$objects/testbed"
includes="-I$root/lib/include"
for folder in trace oracle model machine harness mutator tools; do
    includes="$includes -I$root/fuzz/$folder"
done

# No state survives an input: what the library can write to has names, as in fuzz/CMakeLists.txt.
name_state="$root/fuzz/oracle/name_state objcopy"
case ${SANITIZER:-address} in
introspector) name_state="" ;; # its objects are not machine code
memory) name_state="" ;; # its flags instrument the testbed, too: the check takes what MSan writes for the library's
esac
for source in "$root"/lib/src/*.c; do
    $name_state $CC $CFLAGS $see -std=c11 -fdata-sections -D_Thread_local= -Dthread_local= -D__thread= \
        -DPROCBUF_CHECKED -DPROCBUF_EXITS_ARE_COMPARED "-I$root/lib/include" \
        -c "$source" -o "$objects/lib/$(basename "$source" .c).o"
done
for source in "$root"/fuzz/{trace,oracle,model,machine,mutator,harness}/*.c "$root"/fuzz/tools/files.c; do
    case $source in
    */oracle/hooks_$hooks.c) ;;
    */oracle/hooks_*.c) continue ;;
    */harness/target.c | */harness/options.c | */mutator/afl.c) continue ;;
    esac
    $CC $testbed_flags $includes -c "$source" \
        -o "$objects/testbed/$(basename "$(dirname "$source")")-$(basename "$source" .c).o"
done
[ -z "$options" ] || $CC $CFLAGS -c "$options" -o "$objects/testbed/harness-options.o"

# Saved inputs are text: the targets want bytes.
$CC $testbed_flags $includes -c "$root/fuzz/tools/convert.c" -o "$objects/convert.o"
$CXX $CXXFLAGS $wraps "$objects/convert.o" "$objects"/testbed/*.o "$objects"/lib/*.o -o "$WORK/procbuf-convert"

for source in "$root"/fuzz/harness/*.c; do
    grep -q '^const struct harness harness_' "$source" || continue # what all of them share
    name=$(basename "$source" .c)
    $CC $testbed_flags $includes -DHARNESS="harness_$name" -c "$root/fuzz/harness/target.c" \
        -o "$objects/target-$name.o"
    $CXX $CXXFLAGS $wraps "$objects/target-$name.o" "$objects"/testbed/*.o "$objects"/lib/*.o \
        $LIB_FUZZING_ENGINE -o "$OUT/fuzz-$name"
    printf '[libfuzzer]\nlen_control = 0\n' >"$OUT/fuzz-$name.options"
    seeds=$WORK/seeds-$name
    rm -rf "$seeds" "$OUT/fuzz-${name}_seed_corpus.zip"
    mkdir -p "$seeds"
    for trace in "$root/corpus/$name"/*.trace "$root"/corpus/regressions/*.trace; do
        "$WORK/procbuf-convert" "$trace" "$seeds/$(basename "$trace" .trace)"
    done
    (cd "$seeds" && zip -q -X "$OUT/fuzz-${name}_seed_corpus.zip" -- *)
done
