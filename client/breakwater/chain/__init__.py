"""The chain layer: engines, sending, programs and their events."""
