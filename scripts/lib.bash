# shellcheck shell=bash disable=SC2034
# What every script here shares: where things are cached, and how it speaks. Sourced, never run.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export BREAKWATER_CACHE=${BREAKWATER_CACHE:-$HOME/.cache/breakwater}
mkdir -p "$BREAKWATER_CACHE"
BREAKWATER_CACHE=$(cd "$BREAKWATER_CACHE" && pwd)
export BREAKWATER_CACHE_DIR=$BREAKWATER_CACHE # the Python settings' name for the same place

SBF=$BREAKWATER_CACHE/sbf
VALIDATOR=$BREAKWATER_CACHE/validator
VENV=$BREAKWATER_CACHE/venv
PROMETHEUS=$BREAKWATER_CACHE/prometheus
TARGETS=$BREAKWATER_CACHE/target

say() { printf '%s\n' "$*" >&2; }

section() { printf '\n==> %s (%s)\n' "$*" "$(elapsed)" >&2; }

# The one sentence a failure ends with.
fail() {
  say "error: $*"
  exit 1
}

elapsed() { printf '%d min %02d s' $((SECONDS / 60)) $((SECONDS % 60)); }

has() { command -v "$1" >/dev/null 2>&1; }

# Join arguments with commas.
listed() {
  local all
  all=$(printf ', %s' "$@")
  echo "${all:2}"
}

# The ordinary SBF toolchain is on this machine and nobody asked for the other one.
uses_platform_tools() { [[ ${BREAKWATER_TOOLCHAIN:-} != registry ]] && has cargo-build-sbf; }

# Install those of the named Debian packages that are missing.
apt_install() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  has apt-get || fail "This needs the Debian packages ${missing[*]}, and there is no apt-get here to install them."
  ((EUID == 0)) || fail "Install these packages as root, then run this again: apt-get install ${missing[*]}"
  say "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2 || fail "apt-get could not update its package lists."
  apt-get install -y -qq "${missing[@]}" >/dev/null || fail "apt-get could not install ${missing[*]}."
}

# One process at a time sets up one part of the cache: lock NAME
lock() {
  exec {lock_fd}>"$BREAKWATER_CACHE/.$1.lock"
  flock -n "$lock_fd" || {
    say "waiting for another process that is setting up $1"
    flock "$lock_fd"
  }
}

# The compiler that rust-toolchain.toml names answers.
need_rust() {
  has cargo || fail "cargo was not found; install Rust with rustup first."
  local wanted
  wanted=$(sed -n 's/^channel = "\(.*\)"/\1/p' "$REPO/rust-toolchain.toml")
  (cd "$REPO" && cargo --version && cargo clippy --version && cargo fmt --version) >/dev/null 2>&1 ||
    fail "Rust $wanted with clippy and rustfmt is needed: rustup toolchain install $wanted -c clippy -c rustfmt"
}

# Build for this machine in the cache: makes Cargo forget our own crates if another checkout used the directory last,
# because it tells their changes by time stamps alone and takes the crates of two checkouts for the same.
use_host_target() {
  export CARGO_TARGET_DIR=$TARGETS/host
  mkdir -p "$CARGO_TARGET_DIR"
  [[ $(cat "$CARGO_TARGET_DIR/.checkout" 2>/dev/null) == "$REPO" ]] && return
  rm -rf "$CARGO_TARGET_DIR"/*/.fingerprint/breakwater-*
  echo "$REPO" >"$CARGO_TARGET_DIR/.checkout"
}
