//! Who does which task when: a task's priority, its escalation, and the keeper whose turn it is.

/// A task that waits gains a level of urgency every so many slots.
pub const ESCALATION_SLOTS: u64 = 10;
/// Levels that waiting can add; so the least urgent kind never overtakes a fresh task of the most urgent one.
pub const MAX_ESCALATION: u64 = 3;
/// The turn passes to the next keeper every so many slots.
pub const ROTATION_SLOTS: u64 = 100;
const VALUE_BITS: u32 = 56;

/// The level of urgency at `slot` of a task that nobody has claimed since `created_slot`.
#[inline(always)]
pub const fn urgency_at(urgency: u8, created_slot: u64, slot: u64) -> u8 {
    let gained = slot.saturating_sub(created_slot) / ESCALATION_SLOTS;
    let gained = if gained > MAX_ESCALATION {
        MAX_ESCALATION
    } else {
        gained
    };
    urgency.saturating_add(gained as u8)
}

/// Tasks sorted by this, largest first, are sorted by urgency and within it by value.
#[inline(always)]
pub const fn priority(urgency: u8, value: u64) -> u64 {
    let largest = (1 << VALUE_BITS) - 1;
    let value = if value > largest { largest } else { value };
    ((urgency as u64) << VALUE_BITS) | value
}

/// Index of the keeper whose turn a task is: tasks are dealt in the order they were posted, and all turns move on by one
/// every 100 slots. `None` without keepers.
#[inline(always)]
pub const fn turn(sequence: u64, slot: u64, keepers: u64) -> Option<u64> {
    sequence.wrapping_add(slot / ROTATION_SLOTS).checked_rem(keepers)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // an overflow in a test is a failing test
mod tests {
    use super::*;

    #[test]
    fn urgency_comes_before_value() {
        assert!(priority(4, 0) > priority(3, u64::MAX));
        assert!(priority(4, 2) > priority(4, 1));
        assert_eq!(
            priority(0, u64::MAX),
            priority(0, 1 << 60),
            "values beyond 56 bits are equal"
        );
    }

    #[test]
    fn waiting_raises_urgency_every_ten_slots_and_three_times() {
        let at = |slot| urgency_at(2, 100, slot);
        assert_eq!(
            [0, 100, 109, 110, 119, 120, 130, 140, u64::MAX].map(at),
            [2, 2, 2, 3, 3, 4, 5, 5, 5]
        );
    }

    #[test]
    fn every_keeper_has_as_many_turns_as_another() {
        let mut turns = [0; 20];
        for sequence in 0..500 {
            turns[turn(sequence, 12_345, 20).unwrap() as usize] += 1;
        }
        assert_eq!(turns, [25; 20]);
    }

    #[test]
    fn the_turn_passes_on_every_hundred_slots() {
        assert_eq!(
            [0, 99, 100, 250, 700].map(|slot| turn(3, slot, 7)),
            [3, 3, 4, 5, 3].map(Some)
        );
        assert_eq!(turn(3, 0, 0), None);
    }
}
