//! A price feed: what the oracle writes and every other program reads.
//!
//! One [`Feed`] account holds the newest publication and the last [`HISTORY`] observations. The history lets a market
//! prove which price was the *first* at or after its close, even when newer prices have been published since.
#![cfg_attr(target_os = "solana", no_std)]

use anchor_lang::prelude::*;

declare_id!("CvGvbpELGii1FdA62TcrZV3u9vi4Y6JPBKKnSWq1Abfo");

/// Observations kept; at one publication a second a little over four minutes.
pub const HISTORY: usize = 256;
/// Up to this age (in seconds) a price that is no longer fresh may still be traded on; older means degraded mode.
pub const CACHE_SECONDS: u64 = 300;

/// How far a publication may be ahead of the one before, in milliseconds, without anybody looking at a clock.
pub const STEP_MS: u64 = 10 * 60 * 1000;
/// How far it may be ahead of the cluster's clock, in milliseconds.
pub const AHEAD_MS: u64 = 60 * 1000;
/// How far a sequence may be ahead of the one before: far enough for any clock's milliseconds.
pub const SEQUENCE_STEP: u64 = 1 << 48;

/// One published price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable, IdlType)]
#[repr(C)]
pub struct Observation {
    /// When the price was observed, Unix time in milliseconds.
    pub timestamp_ms: u64,
    /// In units of `10^exponent` of the feed.
    pub price: u64,
}

/// What a publisher sends. `sequence` must grow and `timestamp_ms` must not fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct Publication {
    pub price: u64,
    /// Half width of the publisher's interval around `price`, in the same unit.
    pub confidence: u64,
    pub sequence: u64,
    /// Slot in which the publisher observed the price.
    pub slot: u64,
    pub timestamp_ms: u64,
}

/// Why a publication is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    SequenceNotGrowing,
    TimeRunsBackwards,
    NoPrice,
    /// A mistaken unit, most likely. Accepted, it would end the feed: nothing may be published behind it.
    TooFarAhead,
}

/// How usable a feed's newest price is at a given time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Not older than the feed's own `max_age_s`.
    Fresh,
    /// Older, but within [`CACHE_SECONDS`]: still traded on.
    Cached,
    /// Older still, or never published: degraded mode.
    Stale,
}

/// The cluster's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    pub slot: u64,
    /// Unix seconds; a clock before 1970 reads as 0.
    pub s: u64,
}

impl Now {
    #[inline(always)]
    pub fn get() -> Result<Self> {
        let clock = Clock::get()?;
        Ok(Self {
            slot: clock.slot,
            s: clock.unix_timestamp.max(0).unsigned_abs(),
        })
    }

    /// Unix milliseconds.
    #[inline(always)]
    pub fn ms(&self) -> u64 {
        self.s.saturating_mul(1000)
    }
}

/// The cluster's Unix time in seconds; a clock before 1970 reads as 0.
#[inline(always)]
pub fn now_s() -> Result<u64> {
    Ok(Now::get()?.s)
}

/// A price feed. PDA of `["feed", id]` of the oracle program.
#[account]
pub struct Feed {
    /// The only key that may publish.
    pub publisher: Address,
    /// The only key that may rotate the publisher.
    pub authority: Address,
    /// Name of the feed, UTF-8, padded with zeros.
    pub id: [u8; 32],
    /// Number of publications so far; the newest observation is `history[(count - 1) % HISTORY]`.
    pub count: u64,
    pub sequence: u64,
    pub price: u64,
    pub confidence: u64,
    pub slot: u64,
    pub timestamp_ms: u64,
    /// Seconds after which the newest price is no longer fresh.
    pub max_age_s: u32,
    /// Power of ten of the unit that prices are counted in.
    pub exponent: i32,
    pub history: [Observation; HISTORY],
}

impl Feed {
    /// Take over one publication that is not later than `latest_ms`, or a step behind the one before. Cheap on purpose: it
    /// is the hottest write of the whole system.
    #[inline(always)]
    pub fn record(&mut self, p: &Publication, latest_ms: u64) -> core::result::Result<(), Refusal> {
        if p.sequence <= self.sequence {
            return Err(Refusal::SequenceNotGrowing);
        }
        if p.timestamp_ms < self.timestamp_ms {
            return Err(Refusal::TimeRunsBackwards);
        }
        if p.price == 0 {
            return Err(Refusal::NoPrice);
        }
        // neither wraps: both are above what is subtracted
        let ahead_ms = p.timestamp_ms.wrapping_sub(self.timestamp_ms);
        if (ahead_ms > STEP_MS && p.timestamp_ms > latest_ms)
            || p.sequence.wrapping_sub(self.sequence) > SEQUENCE_STEP
        {
            return Err(Refusal::TooFarAhead);
        }
        let count = self.count;
        self.history[count as usize % HISTORY] = Observation {
            timestamp_ms: p.timestamp_ms,
            price: p.price,
        };
        self.count = count.wrapping_add(1);
        self.sequence = p.sequence;
        self.price = p.price;
        self.confidence = p.confidence;
        self.slot = p.slot;
        self.timestamp_ms = p.timestamp_ms;
        Ok(())
    }

    /// Age in whole seconds at `now_s` (Unix seconds), rounded down; a price from the future has age 0.
    #[inline(always)]
    pub fn age_s(&self, now_s: u64) -> u64 {
        now_s.saturating_sub(self.timestamp_ms / 1000)
    }

    #[inline(always)]
    pub fn freshness(&self, now_s: u64) -> Freshness {
        let age = self.age_s(now_s);
        if self.count == 0 || age > CACHE_SECONDS {
            Freshness::Stale
        } else if age > u64::from(self.max_age_s) {
            Freshness::Cached
        } else {
            Freshness::Fresh
        }
    }

    /// The price of publication number `index` (counted from 0), provided the history proves that it was the first
    /// at or after `time_ms`: it and the publication before it are still kept, and that one is earlier.
    /// `None` when it proves nothing of the kind.
    pub fn first_at_or_after(&self, time_ms: u64, index: u64) -> Option<u64> {
        let before = index.checked_sub(1)?;
        let oldest = self.count.saturating_sub(HISTORY as u64);
        if index >= self.count || before < oldest {
            return None;
        }
        let (first, previous) = (
            self.history[index as usize % HISTORY],
            self.history[before as usize % HISTORY],
        );
        (previous.timestamp_ms < time_ms && first.timestamp_ms >= time_ms).then_some(first.price)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;
    use bytemuck::Zeroable;

    fn published(times: &[u64]) -> Feed {
        let mut feed = Feed::zeroed();
        for (i, &timestamp_ms) in times.iter().enumerate() {
            let sequence = i as u64 + 1;
            let p = Publication {
                price: 100 + sequence,
                confidence: 0,
                sequence,
                slot: 0,
                timestamp_ms,
            };
            feed.record(&p, u64::MAX).unwrap();
        }
        feed
    }

    #[test]
    fn the_first_price_at_or_after_a_time_is_proven_by_its_predecessor() {
        let feed = published(&[1000, 2000, 5000, 6000]);
        assert_eq!(feed.first_at_or_after(5000, 2), Some(103));
        assert_eq!(feed.first_at_or_after(2001, 2), Some(103));
        assert_eq!(feed.first_at_or_after(5001, 2), None);
        assert_eq!(
            feed.first_at_or_after(2000, 2),
            None,
            "an earlier one was already at or after"
        );
        assert_eq!(
            feed.first_at_or_after(500, 0),
            None,
            "nothing is known before the first publication"
        );
        assert_eq!(feed.first_at_or_after(7000, 4), None, "not published yet");
    }

    #[test]
    fn an_overwritten_observation_proves_nothing() {
        let times: Vec<u64> = (1..=300).map(|i| i * 1000).collect();
        let feed = published(&times);
        assert_eq!(
            feed.first_at_or_after(45_500, 45),
            Some(146),
            "oldest provable: its predecessor is kept"
        );
        assert_eq!(feed.first_at_or_after(44_500, 44), None);
    }

    #[test]
    fn a_publication_must_move_forward_and_not_too_far() {
        let mut feed = published(&[1000]);
        let ok = Publication {
            price: 1,
            confidence: 0,
            sequence: 2,
            slot: 0,
            timestamp_ms: 1000,
        };
        let mut refused = |p: Publication| feed.record(&p, 0);
        assert_eq!(
            refused(Publication { sequence: 1, ..ok }),
            Err(Refusal::SequenceNotGrowing)
        );
        assert_eq!(
            refused(Publication {
                timestamp_ms: 999,
                ..ok
            }),
            Err(Refusal::TimeRunsBackwards)
        );
        assert_eq!(refused(Publication { price: 0, ..ok }), Err(Refusal::NoPrice));
        let late = Publication {
            timestamp_ms: 1001 + STEP_MS,
            ..ok
        };
        assert_eq!(refused(late), Err(Refusal::TooFarAhead));
        let sequence = 2 + SEQUENCE_STEP;
        assert_eq!(refused(Publication { sequence, ..ok }), Err(Refusal::TooFarAhead));
        assert_eq!(feed.record(&ok, 0), Ok(()), "a step needs no clock");
        let late = Publication { sequence: 3, ..late };
        assert_eq!(
            feed.record(&late, late.timestamp_ms),
            Ok(()),
            "the clock allows more"
        );
    }

    #[test]
    fn freshness_goes_from_fresh_over_cached_to_stale() {
        let mut feed = published(&[10_000]);
        feed.max_age_s = 30;
        assert_eq!(feed.freshness(40), Freshness::Fresh);
        assert_eq!(feed.freshness(41), Freshness::Cached);
        assert_eq!(feed.freshness(310), Freshness::Cached);
        assert_eq!(feed.freshness(311), Freshness::Stale);
        assert_eq!(Feed::zeroed().freshness(0), Freshness::Stale);
    }
}
