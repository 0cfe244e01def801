//! The entrypoint inside the virtual machine.

use probe_rt::{answer, mode, request, Units};

use crate::evaluate;

/// # Safety
/// Called by the loader with its input region.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8, _data: *const u8) -> u64 {
    // SAFETY: as promised above
    match unsafe { request(input) } {
        Some((mode::MEASURE, function, operands)) => {
            let mut units = Units::default();
            let (status, value) = evaluate(function, &operands, &mut units);
            answer([status, value, units.0]);
            0
        }
        _ => 1,
    }
}
