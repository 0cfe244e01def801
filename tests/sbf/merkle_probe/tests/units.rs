//! What each deed costs on the chain, in compute units, at depth 20. A ceiling that is broken is a regression.

mod common;

use common::{Asked, Probe, Writers};
use merkle_probe::{verb, Canopied, Plain, BELOW, DEPTH};

/// A tree with its writers; what every deed costs beyond the reading of the meter.
struct Bench {
    probe: Probe,
    writers: Writers,
    overhead: u64,
}

impl Bench {
    fn new(number: u64) -> Self {
        let (size, siblings) = [(Plain::SIZE, DEPTH), (Canopied::SIZE, BELOW)][number as usize];
        let mut probe = Probe::new(number, size);
        let overhead = probe.ask(&[Asked::default()])[0].1;
        Self {
            probe,
            writers: Writers::new(DEPTH, siblings, number),
            overhead,
        }
    }

    /// Units of a deed, which has to succeed.
    fn cost(&mut self, asked: &Asked) -> u64 {
        let (status, units) = self.probe.ask(std::slice::from_ref(asked))[0];
        assert_eq!(status, 0, "{asked:?}");
        self.writers.done(asked);
        units - self.overhead
    }

    fn append(&mut self, verb: u64, count: u64) -> u64 {
        let asked = self.writers.append(verb, count);
        self.cost(&asked)
    }

    fn replacement(&mut self, proof: &Asked) -> Asked {
        let mut asked = proof.clone();
        asked.verb = verb::REPLACE;
        asked.leaves.push(self.writers.node());
        asked
    }

    /// Units of checking and of replacing with a proof that is so many changes old. Others append, batch and replace in between.
    fn late(&mut self, changes: u64) -> (u64, u64) {
        let length = self.writers.whole.length();
        let index = self.writers.draw() % length;
        let proof = self.writers.proof(index);
        for i in 0..changes {
            match i % 4 {
                0 => self.append(verb::APPEND, 1),
                1 => self.append(verb::BATCH, 5),
                _ => {
                    let other = (index + 1 + self.writers.draw() % (length - 1)) % length;
                    let asked = self.writers.proof(other);
                    let asked = self.replacement(&asked);
                    self.cost(&asked)
                }
            };
        }
        let verify = self.cost(&proof);
        let replace = self.replacement(&proof);
        (verify, self.cost(&replace))
    }
}

/// The ceilings of a tree: append, then verify and replace with a fresh proof, with one 32 and one 63 changes old.
fn hold(number: u64, name: &str, append: u64, late: [(u64, u64, u64); 3]) {
    let mut bench = Bench::new(number);
    let mut broken = vec![];
    let mut hold = |what: String, units: &[u64], ceiling: u64| {
        let (most, mean) = (
            *units.iter().max().unwrap(),
            units.iter().sum::<u64>() / units.len() as u64,
        );
        println!("{name}, {what:<32} most {most:>5}, mean {mean:>5}");
        if most > ceiling {
            broken.push(format!("{name}, {what}: {most} > {ceiling}"));
        }
    };
    let units: Vec<_> = (0..300).map(|_| bench.append(verb::APPEND, 1)).collect();
    hold("append".into(), &units, append);
    for (changes, verify, replace) in late {
        let units: Vec<_> = (0..24).map(|_| bench.late(changes)).collect();
        let (verified, replaced): (Vec<_>, Vec<_>) = units.into_iter().unzip();
        hold(format!("verify, {changes} changes late"), &verified, verify);
        hold(format!("replace, {changes} changes late"), &replaced, replace);
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn no_deed_at_depth_20_exceeds_its_ceiling() {
    let late = [(0, 3_100, 6_050), (32, 4_700, 7_650), (63, 5_750, 8_750)];
    hold(0, "plain", 3_000, late);
}

#[test]
fn no_deed_below_a_canopy_exceeds_its_ceiling() {
    let late = [(0, 1_500, 4_600), (32, 2_900, 6_000), (63, 4_200, 7_300)];
    hold(1, "canopy", 3_150, late);
}

#[test]
fn leaves_in_batches_cost_little_more_than_their_own_hash() {
    let mut broken = vec![];
    for (count, ceiling) in [(1, 3_200), (2, 2_300), (8, 710), (16, 430), (32, 295)] {
        let mut bench = Bench::new(0);
        bench.append(verb::APPEND, 1);
        let most = (0..40)
            .map(|_| bench.append(verb::BATCH, count).div_ceil(count))
            .max()
            .unwrap();
        println!("batch of {count:>2}: most {most:>5} a leaf");
        if most > ceiling {
            broken.push(format!("batch of {count}: {most} > {ceiling} a leaf"));
        }
    }
    assert!(broken.is_empty(), "{broken:?}");
}

#[test]
fn a_leaf_costs_the_hash_of_its_content_and_tag() {
    let mut bench = Bench::new(0);
    for words in [1, 8] {
        let content = bench.writers.append(verb::LEAF, words);
        let (_, units) = bench.probe.ask(&[content])[0];
        let units = units - bench.overhead;
        println!("leaf of {} bytes: {units}", 32 * words);
        assert!(units <= 85 + 16 + 16 * words + 40, "{units}");
    }
}
