"""Where the state of one symbol lies: a row of 64-bit words, integers and floats in one block of memory.

A row is the whole memory of a symbol, so a copy of its bytes is an exact checkpoint. Rings are indexed by the
number of the tick (Unix milliseconds / 100), modulo their length, which is a power of two.
"""

from __future__ import annotations

TICK_MS = 100
FRAMES = (1, 5, 20, 100, 600)
"""The five timeframes in ticks: 100 ms, 500 ms, 2 s, 10 s, 60 s."""
FRAME_MS = tuple(ticks * TICK_MS for ticks in FRAMES)
EXCHANGES = 6

# rings of running totals: the total up to and including a tick
RING = 2048  # three frames of 60 s are 1,800 ticks
COUNT = 0  # liquidations
USD = COUNT + RING  # liquidated notional, micro-dollars
TRADED_RING = 1024
TRADED = USD + RING  # traded notional, micro-dollars
LONG_RING = 512
LONG = TRADED + TRADED_RING  # liquidated notional of longs, micro-dollars
VENUE_RING = 256
VENUE = LONG + LONG_RING  # liquidations of each exchange

# ring of floats: the price after a tick
PRICE_RING = 1024
PRICE = VENUE + EXCHANGES * VENUE_RING

# what was counted lately: sets of identities, the oldest of a set makes room
WAYS = 8
SETS = 128
IDS = PRICE + PRICE_RING
WAY = IDS + SETS * WAYS  # which way of a set is the oldest

# newest value of each kind in ticks that are not closed: tick, time, identity, value (float)
SLOTS = 16
VALUES = 4
V_PRICE, V_SPREAD, V_INTEREST, V_FUNDING = 0, 1, 2, 3
OPEN = WAY + SETS
OPEN_FIELDS = 4

SCALARS = OPEN + VALUES * SLOTS * OPEN_FIELDS
# integers
BEGUN = SCALARS  # 0 until the first event
NEWEST = SCALARS + 1  # newest tick
NEWEST_MS = SCALARS + 2
CLOSED = SCALARS + 3  # every tick up to this one is evaluated
EVALUATED = SCALARS + 4  # last tick that held an event
LEVEL = SCALARS + 5
SEEN_LEVEL = SCALARS + 6  # of the last evaluation, without hysteresis
CONFIRMED = SCALARS + 7  # last tick that reached LEVEL
COUNTED = SCALARS + 8
DUPLICATES = SCALARS + 9
LATE = SCALARS + 10  # counted after their tick was closed
DROPPED = SCALARS + 11  # too old to count, or senseless
REGIME = SCALARS + 12
VENUES_SEEN = SCALARS + 13  # bits
FIRST = SCALARS + 14  # first tick
SIGNALS = SCALARS + 15
PREVIOUS = SCALARS + 16  # newest tick before the newest was opened
# floats
LAST_PRICE = SCALARS + 20
BASE_COUNT = SCALARS + 21  # slow mean of liquidations a tick
BASE_USD = SCALARS + 22
BASE_TRADED = SCALARS + 23
FAST_VAR = SCALARS + 24  # of the log price, a tick
SLOW_VAR = SCALARS + 25
SPREAD = SCALARS + 26
BASE_SPREAD = SCALARS + 27
INTEREST = SCALARS + 28
BASE_INTEREST = SCALARS + 29
FUNDING = SCALARS + 30
MEAN = SCALARS + 31  # of liquidations a tick over the last half minute
SQUARES = SCALARS + 32
TREND = SCALARS + 33
PATH = SCALARS + 34
PROBABILITY = SCALARS + 35
EVIDENCE = SCALARS + 36
WIDTH = SCALARS + 48

# kinds of events, and sides
LIQUIDATION, TRADE, BOOK, OPEN_INTEREST, FUNDING_RATE = 0, 1, 2, 3, 4
BUY, SELL = 0, 1  # of the order: a long is liquidated by selling

# rows of a batch of signals
S_SYMBOL, S_TICK, S_LEVEL, S_BEFORE, S_PROBABILITY, S_REGIME, S_FEATURES = 0, 1, 2, 3, 4, 5, 6
