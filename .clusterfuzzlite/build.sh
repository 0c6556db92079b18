#!/bin/bash
# Builds every fuzz target for OSS-Fuzz and ClusterFuzzLite, from what their base builder sets:
# CC CXX CFLAGS CXXFLAGS LIB_FUZZING_ENGINE OUT SRC WORK SANITIZER, FUZZING_ENGINE and ARCHITECTURE.
# No dictionaries: the targets mutate operations, not bytes, and find nothing sooner with one.
# Exit status: 0 built; 2 the environment is not as it should be; else the compiler's.
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
for tool in "${CC%% *}" "${CXX%% *}" cmake zip objcopy readelf; do
    command -v "$tool" >/dev/null || fail "$tool is missing"
done

# How the library's accesses are seen, by sanitizer; fuzz/CMakeLists.txt knows the rest.
case ${SANITIZER:-address} in
address) hooks=asan ;;
memory) hooks=msan ;;
undefined | coverage | none | introspector) hooks=tsan ;;
*) fail "SANITIZER=$SANITIZER: address, memory, undefined, coverage and none are known" ;;
esac
case ${FUZZING_ENGINE:-libfuzzer} in
libfuzzer | none | centipede | honggfuzz | afl) ;;
*) fail "FUZZING_ENGINE=$FUZZING_ENGINE: libfuzzer, afl, honggfuzz, centipede and none are known" ;;
esac

# Compilers, their flags and the engine come from the environment. A trial program would be linked without an engine.
build=$WORK/procbuf-$hooks
rm -rf "$build"
cmake -S "$root" -B "$build" -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DPROCBUF_FUZZ=ON -DPROCBUF_ENGINE=given \
    -DPROCBUF_HOOKS="$hooks"
cmake --build "$build" --parallel "$(nproc)" --target targets procbuf-convert

# Saved inputs are text: the targets want bytes. An emulator runs what converts them, if CMake's variable names one.
for target in "$build"/fuzz/fuzz-*; do
    name=${target##*/fuzz-}
    cp "$target" "$OUT"
    printf '[libfuzzer]\nlen_control = 0\n' >"$OUT/fuzz-$name.options"
    seeds=$WORK/seeds-$name
    rm -rf "$seeds" "$OUT/fuzz-${name}_seed_corpus.zip"
    mkdir -p "$seeds"
    ${CMAKE_CROSSCOMPILING_EMULATOR:-} "$build/fuzz/procbuf-convert" "$root/corpus/$name"/*.trace "$root"/corpus/regressions/*.trace "$seeds"
    (cd "$seeds" && zip -q -X "$OUT/fuzz-${name}_seed_corpus.zip" -- *)
done
