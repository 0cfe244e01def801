"""Keepers: find unhealthy loans, due orders and everything else that wants doing, and do it once.

Start with `run`; `drill` shows a whole crew at work.
"""
