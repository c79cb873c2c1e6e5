#!/usr/bin/env bash
# usage: package_test.sh installed|subdirectory SOURCE_DIR BUILD_DIR COMPONENT...
# Builds the consumer the way an embedder would, outside the tree, and runs it.
set -euo pipefail
mode=$1 source=$2 build=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$source/tests/package/consumer" "$work/consumer"

build_consumer() {
  cmake -S "$work/consumer" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release "$@"
  cmake --build "$work/build" --parallel 2 --target consumer
  find "$work/build" -type f -name consumer -exec {} \; | tee "$work/output"
  grep --quiet '^syncengine ' "$work/output"
}

# A package that can be moved names neither the prefix it was installed to nor the tree it came from.
refuse_paths() {
  if grep --recursive --fixed-strings --files-with-matches -e "$work/first" -e "$source" \
      "$work/moved" --include='*.cmake' --include='*.pc'; then
    echo "package: the files above name a place that moves" >&2
    exit 1
  fi
}

case $mode in
  installed)
    cmake --install "$build" --prefix "$work/first" >/dev/null
    mv "$work/first" "$work/moved"
    refuse_paths
    build_consumer -DCMAKE_PREFIX_PATH="$work/moved" -DSYNCENGINE_COMPONENTS="$(IFS=';'; echo "$*")"
    pkgconfig=$(dirname "$(find "$work/moved" -name syncengine-core.pc)")
    for component in "$@"; do
      read -ra flags < <(PKG_CONFIG_PATH=$pkgconfig pkg-config --cflags --libs "syncengine-$component")
      g++ -std=c++20 "$work/consumer/main.cc" "${flags[@]}" -o "$work/with-$component"
      "$work/with-$component"
    done
    ;;
  subdirectory)
    build_consumer -DSYNCENGINE_SOURCE_DIR="$source" -DCMAKE_CXX_COMPILER_LAUNCHER=ccache
    ;;
  *)
    echo "package: unknown mode $mode; use installed or subdirectory" >&2
    exit 2
    ;;
esac
