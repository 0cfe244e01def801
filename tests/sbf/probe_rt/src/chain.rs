//! The side of the virtual machine.

use core::hint::black_box;

use crate::{Meter, MAX_OPERANDS};

unsafe extern "C" {
    fn sol_remaining_compute_units() -> u64;
    fn sol_set_return_data(data: *const u8, length: u64);
}

/// The compute units of the call it stood around, by the virtual machine's own meter; the reading itself is in them.
#[derive(Default)]
pub struct Units(pub u64);

impl Meter for Units {
    #[inline(always)]
    fn around<T>(&mut self, call: impl FnOnce() -> T) -> T {
        // SAFETY: the system call only reads
        let before = unsafe { sol_remaining_compute_units() };
        let result = black_box(call());
        // SAFETY: as above
        let after = unsafe { sol_remaining_compute_units() };
        self.0 = before.wrapping_sub(after);
        result
    }
}

/// Answer with words as return data.
pub fn answer<const N: usize>(words: [u64; N]) {
    // SAFETY: that many readable bytes
    unsafe { sol_set_return_data(words.as_ptr().cast(), N.wrapping_mul(8) as u64) }
}

/// Mode, function and operands of an instruction; the operands that were not given are zero. None for anything else.
///
/// # Safety
/// `input` is the loader's input region. Probes take no accounts, so the instruction data lies behind two words.
#[inline(always)]
pub unsafe fn request(input: *const u8) -> Option<(u64, u64, [u64; MAX_OPERANDS])> {
    let words = input.cast::<u64>();
    // SAFETY: the loader wrote the number of accounts, the length and as many bytes
    let (accounts, length) = unsafe { (words.read(), words.add(1).read() / 8) };
    if accounts != 0 || length < 2 {
        return None;
    }
    let mut operands = [0_u64; MAX_OPERANDS];
    // SAFETY: both words are inside the data
    let (asked, function) = unsafe { (words.add(2).read(), words.add(3).read()) };
    let given = length.wrapping_sub(2) as usize;
    for (i, word) in operands.iter_mut().enumerate().take(given) {
        // SAFETY: index below the length
        *word = unsafe { words.add(i.wrapping_add(4)).read() };
    }
    Some((asked, function, black_box(operands)))
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
