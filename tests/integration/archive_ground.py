"""An exchange whose markets closed a month ago, with an archive: what the archive's tests stand on."""

from __future__ import annotations

from pathlib import Path

from solders.keypair import Keypair

from breakwater import archive
from breakwater.archive._population import Population
from breakwater.chain.archive_instructions import PRUNE_AGE_SLOTS

CLUSTER = "tests"


class Ground:
    """A population a month after its markets closed, an open archive, and a store."""

    def __init__(self, population: Population, directory: Path) -> None:
        self.population, self.directory = population, directory
        self.engine, self.sender, self.key = population.engine, population.sender, population.operator

    @classmethod
    async def make(
        cls, directory: Path, *, seed: int = 3, orders: int = 120, settled: float = 0.5, markets: int = 8
    ) -> Ground:
        """So many orders of a few traders, most markets unsettled unless said otherwise."""
        population = Population(seed)
        await population.found(6)
        await population.open_markets(markets, (24, 48))
        await population.trade(orders)
        await population.settle(settled, 0.5)
        clock = population.engine.clock
        population.engine.advance_time(max(1, 72 * 3_600 - (clock.unix_timestamp - 1_780_000_000)))
        population.engine.warp(clock.slot + PRUNE_AGE_SLOTS)
        await archive.open_chain_archive(population.sender, population.operator)
        return cls(population, directory)

    def store(self) -> archive.Store:
        """The store, opened."""
        return archive.Store(self.directory, cluster=CLUSTER)

    def service(self, store: archive.Store) -> archive.Archive:
        """The archive on this chain."""
        return archive.Archive(self.engine, store)

    async def pick(self) -> archive.Picked:
        """What anybody may archive."""
        return archive.pick(await archive.read_exchange(self.engine, None), self.key.pubkey())

    def owner_of(self, candidate: archive.Candidate) -> Keypair:
        """The key of a position's owner."""
        return next(each for each in self.population.traders if each.pubkey() == candidate.owner)

    async def writers(self, service: archive.Archive, positions: list[archive.Candidate]) -> None:
        """Archive positions one by one, a change of the tree each."""
        for each in positions:
            self.engine.advance_slots(1)
            await service.prune(self.sender, self.key, archive.Picked((each,)))


__all__ = ["CLUSTER", "Ground"]
