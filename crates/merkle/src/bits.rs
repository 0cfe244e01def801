//! Positions of bits, without the instructions that the chain's virtual machine lacks.

const fn positions() -> [u8; 256] {
    let mut table = [0; 256];
    let mut x = 2;
    while x < 256 {
        table[x] = (x as u8).ilog2() as u8;
        x = x.wrapping_add(1);
    }
    table
}

static HIGHEST: [u8; 256] = positions();

#[inline(always)]
fn of_byte(x: u64) -> usize {
    HIGHEST[(x & 0xff) as usize] as usize
}

/// Position of the highest bit of a number below 2^40; 0 of zero.
#[inline(always)]
pub(crate) fn highest_bit(x: u64) -> usize {
    if x < 1 << 8 {
        of_byte(x)
    } else if x < 1 << 16 {
        of_byte(x >> 8).wrapping_add(8)
    } else if x < 1 << 24 {
        of_byte(x >> 16).wrapping_add(16)
    } else if x < 1 << 32 {
        of_byte(x >> 24).wrapping_add(24)
    } else {
        of_byte(x >> 32).wrapping_add(32)
    }
}

#[cfg(test)]
mod tests {
    use super::highest_bit;

    #[test]
    fn the_highest_bit_is_the_logarithm() {
        assert_eq!(highest_bit(0), 0);
        for bit in 0..40 {
            let low = 1_u64 << bit;
            for x in [low, low | 1, low | (low >> 1), (low << 1) - 1] {
                assert_eq!(highest_bit(x), x.ilog2() as usize, "{x:#x}");
            }
        }
    }
}
