#!/usr/bin/env bash
# Builds the fuzz targets where ClusterFuzzLite says, with its flags and engine.
set -euo pipefail

# GCC's C++ library: in clang's, std::from_chars of a double is too new.
flags=${CXXFLAGS//-stdlib=libc++/}

cmake -G Ninja -S . -B "$WORK/build" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="$flags" \
  -DEXPORTER_FUZZ_ENGINE="$LIB_FUZZING_ENGINE"
cmake --build "$WORK/build" --target fuzzers

fuzz/seeds.py "$WORK/seeds"
for program in "$WORK"/build/fuzz/fuzz_*; do
  [ -x "$program" ] || continue
  target=${program##*/fuzz_}
  cp "$program" "fuzz/$target.dict" "$OUT/"
  mv "$OUT/$target.dict" "$OUT/fuzz_$target.dict"
  seeds=("$WORK/seeds/$target")
  [ ! -d "fuzz/found/$target" ] || seeds+=("fuzz/found/$target")
  zip -q -r -j "$OUT/fuzz_${target}_seed_corpus.zip" "${seeds[@]}"
done
