"""Teach a copy of Rust's standard library the platform `target_os = "solana"`.

A program has one thread, brings its own allocator, and has neither entropy nor errno. Upstream's std does not
know such a platform; five additions beside platforms that are like it are enough.

Usage: patch_std.py LIBRARY_DIRECTORY
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ALLOCATOR = """\
use crate::alloc::{GlobalAlloc, Layout, System};

#[stable(feature = "alloc_system_type", since = "1.28.0")]
unsafe impl GlobalAlloc for System {
    unsafe fn alloc(&self, _: Layout) -> *mut u8 {
        crate::ptr::null_mut()
    }
    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
"""

# file, the line that an addition follows or precedes, and what the line becomes
EDITS = (
    # programs bring a #[global_allocator]; std's own only has to exist
    ("alloc/mod.rs", r'^(\s*)target_arch = "riscv64",', r'\g<0>\n\1target_arch = "bpf",'),
    (
        "alloc/mod.rs",
        r'^(\s*)target_os = "zkvm" => \{',
        r'\1target_os = "solana" => { mod solana; }\n\g<0>',
    ),
    ("thread_local/mod.rs", r'^(\s*)target_os = "vexos",', r'\g<0>\n\1target_os = "solana",'),
    ("random/mod.rs", r'^(\s*)target_os = "vexos",', r'\g<0>\n\1target_os = "solana",'),
    ("io/error/mod.rs", r'^(\s*)target_os = "vexos",', r'\g<0>\n\1target_os = "solana",'),
)


def main(library: Path) -> None:
    """Apply every edit, or stop at the first whose place is not where it is expected."""
    platform = library / "std/src/sys"
    for name, pattern, replacement in EDITS:
        path = platform / name
        text, count = re.subn(pattern, replacement, path.read_text(), flags=re.MULTILINE)
        if count == 0:
            sys.exit(f"{path} has no line like {pattern!r}: std has moved, and patch_std.py must follow it.")
        path.write_text(text)
    (platform / "alloc/solana.rs").write_text(ALLOCATOR)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: patch_std.py LIBRARY_DIRECTORY")
    main(Path(sys.argv[1]))
