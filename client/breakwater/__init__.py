"""Breakwater: launch, drive, watch and break an immutable prediction-market exchange on Solana."""

__version__ = "0.1.0"

__all__ = ["__version__"]
