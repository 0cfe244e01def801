# `just` lists the recipes; each is one script that also runs without just.

default:
    @just --list

# Install what building and testing needs
setup *options:
    scripts/setup {{options}}

# Build the programs and their IDLs into the Python package
build *options:
    scripts/build {{options}}

# Formatting, lints, types, layers, and whether the committed programs match their sources
check:
    scripts/check

# Everything that has to pass: checks, Rust tests, Python tests
test *options:
    scripts/test {{options}}

# The property tests of Rust with inputs never tried before
properties *options:
    cargo test --workspace --release {{options}}

# Replay a generated day on the embedded engine and write replay.html
demo *options:
    scripts/demo {{options}}

# Format Rust and Python
fmt:
    cargo fmt --all
    ruff format client tests scripts
