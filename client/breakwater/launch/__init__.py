"""A whole launch, rehearsed: from an empty validator to an exchange that trades and that nobody can change.

It composes services that do not know each other: `deploy`, `genesis`, `trading`. A launch on a public cluster
takes the same steps one by one, with its operator's own keys: see the guide.
"""

from ._attempts import Refusal
from .keys import Keys, read_keys
from .service import Launched, Stage, launch

__all__ = ["Keys", "Launched", "Refusal", "Stage", "launch", "read_keys"]
