//! A caller: passes its instruction data on to the program that is its second account, with its first account to read.
//!
//! It stands for a program of somebody else's that asks the exchange about a leaf. A refusal ends the whole transaction, with the
//! error of the program that was called, before the caller can answer.

use breakwater_sbf_rt::entry::{record_len, ACCOUNT_HEADER};
use probe_rt::{answer, Meter, Units};

/// As the runtime wants a call's account.
#[repr(C)]
struct Meta {
    key: *const u8,
    is_writable: bool,
    is_signer: bool,
}

/// As the runtime wants a call.
#[repr(C)]
struct Call {
    program: *const u8,
    metas: *const Meta,
    metas_length: u64,
    data: *const u8,
    data_length: u64,
}

/// As the runtime wants an account that a call may use.
#[repr(C)]
struct Info {
    key: *const u8,
    lamports: *mut u64,
    data_length: u64,
    data: *mut u8,
    owner: *const u8,
    rent_epoch: u64,
    is_signer: bool,
    is_writable: bool,
    executable: bool,
}

unsafe extern "C" {
    fn sol_invoke_signed_c(
        call: *const Call,
        infos: *const Info,
        count: u64,
        seeds: *const u8,
        signers: u64,
    ) -> u64;
}

/// An account's record in the input region, as the call needs it, and where the next record begins.
///
/// # Safety
/// `record` is a record that the loader wrote, of an account that is not a repetition.
unsafe fn info(record: *mut u8) -> (Info, *mut u8) {
    // SAFETY: flags, key, owner, lamports, length and data lie where the loader puts them
    unsafe {
        let length = record.add(80).cast::<u64>().read();
        let next = record.add(record_len(length as usize));
        let info = Info {
            key: record.add(8),
            lamports: record.add(72).cast(),
            data_length: length,
            data: record.add(ACCOUNT_HEADER),
            owner: record.add(40),
            rent_epoch: next.sub(8).cast::<u64>().read(),
            is_signer: false,
            is_writable: false,
            executable: *record.add(3) != 0,
        };
        (info, next)
    }
}

/// Pass the instruction on; answers `[status, compute units of the call]`.
///
/// # Safety
/// `input` is the loader's input region, of two different accounts.
pub unsafe fn relay(input: *mut u8) -> u64 {
    // SAFETY: the number of accounts, then two records, then the data's length and the data
    let (read, called, data) = unsafe {
        let (read, next) = info(input.add(8));
        let (called, data) = info(next);
        (read, called, data)
    };
    let meta = Meta {
        key: read.key,
        is_writable: false,
        is_signer: false,
    };
    let call = Call {
        program: called.key,
        metas: &meta,
        metas_length: 1,
        // SAFETY: a word, and as many bytes
        data: unsafe { data.add(8) },
        // SAFETY: as above
        data_length: unsafe { data.cast::<u64>().read() },
    };
    let infos = [read, called];
    let mut units = Units::default();
    // SAFETY: the call and both accounts are as the runtime wants them; nobody signs
    let status =
        units.around(|| unsafe { sol_invoke_signed_c(&call, infos.as_ptr(), 2, core::ptr::null(), 0) });
    answer([status, units.0]);
    status
}
