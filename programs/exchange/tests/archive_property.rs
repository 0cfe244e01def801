//! Nobody's money can tell that there is an archive: a world in which positions are archived and restored at random ends as its
//! twin does, in which the same trades happen and nothing is ever archived.

use {
    harness::{
        archive::PRUNE_AGE_SLOTS,
        ix_archive::{archive_positions, redeem_archived, restore_position, Named},
        random::Random,
        *,
    },
    std::collections::BTreeMap,
};

const OUTCOMES: u8 = 3;

struct Pair {
    /// Archives.
    one: World,
    /// Does not.
    other: World,
    parties: Vec<Party>,
    market: u64,
    /// Where positions lie that are archived: by party and outcome.
    shelved: BTreeMap<(usize, u8), u64>,
    random: Random,
    archived: u64,
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut one = World::with_archive();
        let parties: Vec<Party> = (0..4).map(|_| one.party(1_000 * UNIT)).collect();
        let market = one.market(OUTCOMES);
        for party in &parties {
            for outcome in 0..OUTCOMES {
                one.position(party, market, outcome, SPOT);
            }
        }
        Self {
            other: one.clone(),
            one,
            parties,
            market,
            shelved: BTreeMap::new(),
            random: Random(seed),
            archived: 0,
        }
    }

    /// Both worlds are in the same slot.
    fn meet(&mut self) {
        let (one, other) = (self.one.slot(), self.other.slot());
        self.one.pass_slots(other.saturating_sub(one));
        self.other.pass_slots(one.saturating_sub(other));
    }

    /// The same in both.
    fn both(&mut self, instruction: &Instruction) {
        self.meet();
        let [one, other] = [&mut self.one, &mut self.other].map(|world| {
            world.next_slot();
            let sent = world.send(instruction);
            world.audit();
            sent.map_err(|failed| failed.err).map(|_| ())
        });
        assert_eq!(one, other, "the archive made a difference");
    }

    fn content(&self, index: u64) -> [u8; 104] {
        bytemuck::cast(self.one.shelves[&0].live[&index])
    }

    fn restore(&mut self, place: (usize, u8)) {
        let Some(index) = self.shelved.remove(&place) else {
            return;
        };
        let (content, proof) = (self.content(index), self.one.proof(index));
        let (party, outcome) = (self.parties[place.0], place.1);
        let restore = restore_position(&party, self.market, (outcome, SPOT), &content, &proof);
        self.one.does(&restore);
    }

    /// Archive some of a party's old positions with shares at once.
    fn archive(&mut self, who: usize) {
        let (party, slot) = (self.parties[who], self.one.slot());
        let mut named: Vec<Named> = vec![];
        let mut places = vec![];
        for outcome in 0..OUTCOMES {
            if self.shelved.contains_key(&(who, outcome)) || self.random.one_in(3) {
                continue;
            }
            let held = self.one.position_state(&party, self.market, outcome, SPOT);
            if held.shares > 0 && slot + 1 - held.opened_slot >= PRUNE_AGE_SLOTS {
                named.push((party, outcome, SPOT));
                places.push((who, outcome));
            }
        }
        if named.is_empty() {
            return;
        }
        let first = self.one.archive(0).length;
        self.one
            .does(&archive_positions(party.owner, self.market, &named));
        self.archived += named.len() as u64;
        self.shelved.extend(places.into_iter().zip(first..));
    }

    fn step(&mut self) {
        let (who, outcome) = (self.random.below(4) as usize, self.random.below(3) as u8);
        let owner = self.parties[who].owner;
        match self.random.below(8) {
            0..=2 => self.archive(who),
            3 => self.restore((who, outcome)),
            4 => {
                self.restore((who, outcome));
                let shares = self.random.amount(40 * UNIT);
                self.both(&ix::buy(owner, self.market, outcome, shares, u64::MAX));
            }
            5 => {
                self.restore((who, outcome));
                let held = self
                    .one
                    .position_state(&self.parties[who], self.market, outcome, SPOT);
                let shares = self.random.amount(held.shares);
                self.both(&ix::sell(owner, self.market, outcome, shares, 0));
            }
            6 => self.one.pass_slots(PRUNE_AGE_SLOTS),
            _ => self.one.pass_slots(1),
        }
    }

    /// Everything that belongs to anybody is the same.
    fn compare(&mut self) {
        self.meet();
        let (one, other) = (self.one.books(), self.other.books());
        assert_eq!(one.positions, other.positions);
        assert_eq!(one.traders, other.traders);
        assert_eq!(one.markets, other.markets);
        assert_eq!(one.shards, other.shards);
        for party in &self.parties {
            let lamports = |world: &World| world.account(&party.owner).unwrap().lamports;
            assert_eq!(lamports(&self.one), lamports(&self.other), "rent to the lamport");
        }
    }

    fn settle(&mut self) {
        self.meet();
        let price = (99 + self.random.below(3)) * UNIT;
        self.one.settle(self.market, price);
        self.other.settle(self.market, price);
    }

    /// Pay everybody out: here what is archived from the archive, or restored, or archived as done; there as ever.
    fn pay_out(&mut self) {
        for who in 0..self.parties.len() {
            for outcome in 0..OUTCOMES {
                let party = self.parties[who];
                let market = self.market;
                if self.random.one_in(2) {
                    self.restore((who, outcome));
                }
                if let Some(index) = self.shelved.remove(&(who, outcome)) {
                    let (content, proof) = (self.content(index), self.one.proof(index));
                    self.one.does(&redeem_archived(&party, market, &content, &proof));
                } else {
                    let named = [(party, outcome, SPOT)];
                    self.one.does(&archive_positions(party.owner, market, &named));
                }
                let other = &mut self.other;
                if other.position_state(&party, market, outcome, SPOT).shares > 0 {
                    other.does(&ix::redeem(party.owner, market, outcome, SPOT));
                }
                other.does(&ix::close_position(party.owner, market, outcome, SPOT));
            }
        }
    }
}

#[test]
fn archiving_and_restoring_makes_no_difference_to_anybody() {
    let mut archived = 0;
    for seed in 0..6 {
        let mut pair = Pair::new(seed);
        for _ in 0..150 {
            pair.step();
        }
        let shelved: Vec<_> = pair.shelved.keys().copied().collect();
        let mut restored = Pair {
            one: pair.one.clone(),
            other: pair.other.clone(),
            parties: pair.parties.clone(),
            shelved: pair.shelved.clone(),
            random: Random(seed),
            ..pair
        };
        for place in shelved {
            restored.restore(place);
        }
        restored.compare();
        assert_eq!(restored.one.archive(0).claims, 0);

        pair.settle();
        pair.pay_out();
        pair.compare();
        assert_eq!(pair.one.market_state(pair.market).positions, 0);
        let close = ix::close_market(pair.market, pair.one.operator);
        pair.one.does(&close);
        archived += pair.archived;
    }
    assert!(archived > 100, "only {archived} positions were archived");
}
