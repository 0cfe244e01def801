"""The charter of an exchange: rules, keys and feeds that it is launched with, in a file and on the chain.

`genesis` writes what a charter says and `deploy` verifies it; neither says it a second time. `Charter` is the
file, `Held` what a chain has, `items` the two side by side.
"""

from .held import Held, Mint, TokenAccount, read_held
from .items import Item, items
from .schema import Charter, FeedTerms, Keys, Start, TokenTerms
from .text import default_text

__all__ = [
    "Charter",
    "FeedTerms",
    "Held",
    "Item",
    "Keys",
    "Mint",
    "Start",
    "TokenAccount",
    "TokenTerms",
    "default_text",
    "items",
    "read_held",
]
