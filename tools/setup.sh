#!/usr/bin/env bash
# Installs what the build needs on Debian 12. Safe to run again: with everything in place it only asks
# dpkg and leaves. Reads nothing from stdin and starts no service. "setup.sh peers" also installs the programs
# that tools/bench_peers.py compares with, and what makes its data; "setup.sh diff" those that diff_bench runs beside;
# "setup.sh fuzz" what `make fuzz` needs.
set -euo pipefail

packages=(
  # Compilers and build tools.
  g++ cmake ninja-build ccache mold pkg-config git
  # The core.
  libabsl-dev libxxhash-dev libzstd-dev liblmdb-dev libssl-dev
  # HTTP and the command line.
  libboost1.81-dev libcurl4-openssl-dev nlohmann-json3-dev libcli11-dev
  # Tests, benchmarks, lint and the demo.
  libgtest-dev libgmock-dev libbenchmark-dev librsync-dev rdiff python3 clang-format clang-tidy curl zstd openssl
)
case "${1:-}" in
  peers) packages+=(restic borgbackup casync bup xdelta3 zpaq xz-utils) ;;
  diff) packages+=(libgit2-dev python3-diff-match-patch) ;;
  fuzz) packages+=(clang-14 libclang-rt-14-dev) ;;
esac
case "${1:-}" in
  peers | diff) command -v npm >/dev/null || packages+=(npm) ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "setup: this script knows Debian 12 only; install the equivalents of: ${packages[*]}" >&2
  exit 1
fi

installed=$(dpkg-query --show --showformat='${db:Status-Abbrev}${Package}\n' "${packages[@]}" 2>/dev/null |
  sed -n 's/^ii *//p' || true)
missing=()
for package in "${packages[@]}"; do
  grep --quiet --line-regexp --fixed-strings -- "$package" <<<"$installed" || missing+=("$package")
done

install_missing() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
      echo "setup: missing ${missing[*]}; run this as root, or install sudo first" >&2
      exit 1
    fi
    as_root=(sudo --non-interactive)
  fi
  echo "setup: installing ${missing[*]}" >&2
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet)
  "${apt[@]}" update </dev/null >&2
  "${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null >&2
}

# npm's diff-match-patch, below build/. Without it the comparison goes on and says so.
install_npm_peer() {
  local place
  place=$(dirname "$0")/../build/diff-peers
  [ -d "$place/node_modules/diff-match-patch" ] && return
  mkdir -p "$place"
  npm install --prefix "$place" --no-save --no-audit --no-fund --silent diff-match-patch@1.0.5 </dev/null >&2 ||
    echo "setup: npm could not install diff-match-patch" >&2
}

if [ ${#missing[@]} -gt 0 ]; then
  install_missing
fi
if [ "${1:-}" = diff ]; then
  install_npm_peer
fi
