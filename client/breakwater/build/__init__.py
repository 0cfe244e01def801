"""Build the Solana programs and their IDLs, and tell whether the shipped ones match their sources.

Every program is built twice from one source: SBPF v0 for the embedded engine, v3 for clusters. What is built
goes into `breakwater/programs/` with a manifest of hashes; `check` builds again elsewhere and compares. The
probes, which `breakwater bench math` runs and nobody deploys, go with them for the embedded engine alone.
"""

from ._compile import BuildFailed, compile_program
from ._crates import Crate, find_root, programs
from ._manifest import MANIFEST, Artifact, Manifest
from ._service import BuildResult, CheckResult, build, build_probes, check
from ._toolchain import ARCHES, PlatformTools, RegistryToolchain, Toolchain, find_toolchain

__all__ = [
    "ARCHES",
    "MANIFEST",
    "Artifact",
    "BuildFailed",
    "BuildResult",
    "CheckResult",
    "Crate",
    "Manifest",
    "PlatformTools",
    "RegistryToolchain",
    "Toolchain",
    "build",
    "build_probes",
    "check",
    "compile_program",
    "find_root",
    "find_toolchain",
    "programs",
]
