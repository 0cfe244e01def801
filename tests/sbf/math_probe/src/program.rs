//! The entrypoint inside the virtual machine.

use core::hint::black_box;

use probe_rt::{answer, mode, request, NoMeter, Units};

use crate::functions::{evaluate, sweep};

/// # Safety
/// Called by the loader with its input region.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn entrypoint(input: *mut u8, _data: *const u8) -> u64 {
    // SAFETY: as promised above
    let Some((asked, function, operands)) = (unsafe { request(input) }) else {
        return 1;
    };
    let mut units = Units::default();
    match asked {
        mode::EVALUATE => {
            let (status, value) = evaluate(function, &operands, &mut NoMeter);
            answer([status, value]);
        }
        mode::SWEEP => answer([0, sweep(function, operands[0], operands[1])]),
        mode::METER => {
            black_box(evaluate(function, &operands, &mut units));
            answer([0, units.0]);
        }
        mode::MEASURE => {
            let (status, value) = evaluate(function, &operands, &mut units);
            answer([status, value, units.0]);
        }
        _ => return 1,
    }
    0
}
