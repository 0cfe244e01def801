//! From the loader's input region to the instruction data.
//!
//! SIMD-0321 passes the address of the instruction data in `r2`. Runtimes before it (LiteSVM in solders 0.26)
//! leave `r2` zero; there the serialized accounts are walked, about 25 CU for each.

/// Room that the loader leaves behind every account's data for it to grow.
pub const MAX_GROWTH: usize = 10 * 1024;
/// Length of an account record's header: flags, original length, key, owner, lamports and data length.
pub const ACCOUNT_HEADER: usize = 88;
/// First byte of a full account record; any other value is the index of the account it repeats.
pub const NOT_A_DUPLICATE: u8 = 0xff;

/// Length of a full account record whose data is `data_len` bytes long, rent epoch included.
#[inline(always)]
pub const fn record_len(data_len: usize) -> usize {
    let unpadded = ACCOUNT_HEADER.wrapping_add(data_len).wrapping_add(MAX_GROWTH);
    (unpadded.wrapping_add(7) & !7).wrapping_add(8)
}

/// Address of the first byte of the instruction data; the eight bytes before it hold its length, the 32 bytes
/// behind it the program's id.
///
/// # Safety
/// `input` is the input region of the loader (aligned serialization, ABI v1), `from_r2` the entrypoint's second
/// argument, untouched.
#[inline(always)]
pub unsafe fn instruction_data(input: *mut u8, from_r2: *const u8) -> *const u8 {
    if !from_r2.is_null() {
        return from_r2;
    }
    // SAFETY: the loader wrote the number of accounts and then exactly that many records.
    unsafe {
        let mut left = input.cast::<u64>().read();
        let mut record = input.add(8);
        while left > 0 {
            record = if *record == NOT_A_DUPLICATE {
                record.add(record_len(record.add(80).cast::<u64>().read() as usize))
            } else {
                record.add(8)
            };
            left = left.wrapping_sub(1);
        }
        record.add(8)
    }
}

/// The program's entrypoint, allocator and panic handler. With a function as argument, that function sees the raw
/// input first and answers `Some(status)` when it has handled the instruction.
#[macro_export]
macro_rules! entrypoint {
    () => {
        $crate::entrypoint!(|_: *mut u8| None);
    };
    ($fast_path:expr) => {
        #[cfg(target_os = "solana")]
        mod __entry {
            use super::*;

            anchor_lang::pinocchio::default_allocator!();
            anchor_lang::pinocchio::default_panic_handler!();

            /// # Safety
            /// Called by the loader alone, with its input region and (SIMD-0321) the instruction data's address.
            #[unsafe(no_mangle)]
            pub unsafe extern "C" fn entrypoint(input: *mut u8, data: *const u8) -> u64 {
                if let Some(status) = ($fast_path)(input) {
                    return status;
                }
                // SAFETY: both arguments come from the loader unchanged.
                unsafe {
                    let data = $crate::entry::instruction_data(input, data);
                    super::__anchor_dispatch(input, data)
                }
            }
        }
    };
}
