//! The entrypoint inside the virtual machine.

use core::hint::black_box;

use crate::functions::{evaluate, sweep, Meter, NoMeter};
use crate::{mode, MAX_OPERANDS};

unsafe extern "C" {
    fn sol_remaining_compute_units() -> u64;
    fn sol_set_return_data(data: *const u8, length: u64);
}

/// Reads the virtual machine's own meter before and after.
struct Units(u64);

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

fn answer(words: [u64; 2]) {
    // SAFETY: sixteen readable bytes
    unsafe { sol_set_return_data(words.as_ptr().cast(), 16) }
}

/// # Safety
/// Called by the loader with its input region. The probe takes no accounts, so the instruction data lies behind two words.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8, _data: *const u8) -> u64 {
    let words = input.cast::<u64>();
    // SAFETY: the loader wrote the number of accounts, the length and as many bytes
    let (accounts, length) = unsafe { (words.read(), words.add(1).read() / 8) };
    if accounts != 0 || length < 2 {
        return 1;
    }
    let mut data = [0_u64; MAX_OPERANDS];
    // SAFETY: both words are inside the data
    let (asked, function) = unsafe { (words.add(2).read(), words.add(3).read()) };
    for (i, word) in data.iter_mut().enumerate().take(length as usize - 2) {
        // SAFETY: index below the length
        *word = unsafe { words.add(i.wrapping_add(4)).read() };
    }
    let data = black_box(data);
    match asked {
        mode::EVALUATE => {
            let (status, value) = evaluate(function, &data, &mut NoMeter);
            answer([status, value]);
        }
        mode::SWEEP => answer([0, sweep(function, data[0], data[1])]),
        mode::METER => {
            let mut units = Units(0);
            black_box(evaluate(function, &data, &mut units));
            answer([0, units.0]);
        }
        _ => return 1,
    }
    0
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
