//! Proof that a program can never change, read from the two accounts the upgradeable loader keeps of it.
//!
//! The program's own account names its programdata account, and that one names who may upgrade. The loader writes
//! both and nobody else can, so their owner and the address they are read at are all the trust this needs.

use {crate::error::ExchangeError, anchor_lang::prelude::*};

/// The upgradeable loader, version 3.
pub const LOADER: Address = Address::from_str_const("BPFLoaderUpgradeab1e11111111111111111111111");

/// Tags of the loader's accounts, little-endian.
const PROGRAM: [u8; 4] = [2, 0, 0, 0];
const PROGRAM_DATA: [u8; 4] = [3, 0, 0, 0];
/// Tag, then the address of the programdata account.
const PROGRAM_LEN: usize = 36;
/// Tag, slot of the last deployment, one byte that says whether an authority follows, and room for it.
const AUTHORITY_FLAG: usize = 12;
const PROGRAM_DATA_HEADER: usize = 45;

/// `program` is the program at `program_id`, `program_data` holds its binary, and nobody can replace it.
///
/// Errors: `NotProgram` if `program` is another account, or no program of the upgradeable loader; `NotProgramData` if
/// `program_data` is not the one it names; `NotFinal` if an upgrade authority is left.
pub fn require_final(program: &AccountView, program_data: &AccountView, program_id: &Address) -> Result<()> {
    let is_program = program.address() == program_id && program.owned_by(&LOADER) && program.executable();
    require!(is_program, ExchangeError::NotProgram);
    let named = named_by(&program.try_borrow()?)?;

    let is_data = program_data.address() == &named && program_data.owned_by(&LOADER);
    require!(is_data, ExchangeError::NotProgramData);
    let header = program_data.try_borrow()?;
    let header = header
        .get(..PROGRAM_DATA_HEADER)
        .filter(|header| header.starts_with(&PROGRAM_DATA));
    let header = header.ok_or(ExchangeError::NotProgramData)?;
    // 0 is the only way the loader writes "nobody"; whatever else stands there is taken for an authority
    require!(header.get(AUTHORITY_FLAG) == Some(&0), ExchangeError::NotFinal);
    Ok(())
}

/// The programdata account that a program's account names.
fn named_by(program: &[u8]) -> Result<Address> {
    let (tag, rest) = program.split_at_checked(4).ok_or(ExchangeError::NotProgram)?;
    require!(
        tag == PROGRAM && program.len() == PROGRAM_LEN,
        ExchangeError::NotProgram
    );
    let address: [u8; 32] = rest.try_into().map_err(|_| ExchangeError::NotProgram)?;
    Ok(Address::new_from_array(address))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: Address = Address::new_from_array([7; 32]);
    const DATA: Address = Address::new_from_array([8; 32]);
    const KEY: [u8; 32] = [9; 32];

    /// An account as the runtime lays it out: a header of 88 bytes, then the data.
    struct Held(Vec<u64>);

    impl Held {
        fn new(address: Address, owner: Address, executable: bool, data: &[u8]) -> Self {
            let mut bytes = vec![u8::MAX, 0, 0, executable.into(), 0, 0, 0, 0];
            bytes.extend_from_slice(address.as_ref());
            bytes.extend_from_slice(owner.as_ref());
            bytes.extend_from_slice(&1_u64.to_le_bytes());
            bytes.extend_from_slice(&u64::try_from(data.len()).unwrap().to_le_bytes());
            bytes.extend_from_slice(data);
            let words = bytes.chunks(8).map(|word| {
                let mut whole = [0; 8];
                whole[..word.len()].copy_from_slice(word);
                u64::from_le_bytes(whole)
            });
            Self(words.collect())
        }

        fn view(&mut self) -> AccountView {
            // SAFETY: the words hold a whole header, aligned to eight bytes, with as much data behind it as it says; they
            // outlive every view the tests make.
            unsafe { AccountView::new_unchecked(self.0.as_mut_ptr().cast()) }
        }
    }

    fn program() -> Vec<u8> {
        [&PROGRAM[..], DATA.as_ref()].concat()
    }

    fn program_data(authority: Option<[u8; 32]>) -> Vec<u8> {
        let mut data = PROGRAM_DATA.to_vec();
        data.extend_from_slice(&77_u64.to_le_bytes());
        data.push(authority.is_some().into());
        data.extend_from_slice(&authority.unwrap_or(KEY)); // a burned key is left behind the flag
        data.extend_from_slice(b"\x7fELF");
        data
    }

    fn judge(program: (Address, Address, bool, Vec<u8>), data: (Address, Address, Vec<u8>)) -> Result<()> {
        let mut program = Held::new(program.0, program.1, program.2, &program.3);
        let mut data = Held::new(data.0, data.1, false, &data.2);
        require_final(&program.view(), &data.view(), &ID)
    }

    fn good() -> (Address, Address, bool, Vec<u8>) {
        (ID, LOADER, true, program())
    }

    #[track_caller]
    fn refused(result: Result<()>, error: ExchangeError) {
        assert_eq!(result, Err(error.into()));
    }

    #[test]
    fn a_program_without_an_authority_is_final() {
        assert_eq!(judge(good(), (DATA, LOADER, program_data(None))), Ok(()));
    }

    #[test]
    fn a_live_authority_is_refused_even_if_it_is_the_zero_key() {
        for key in [KEY, [0; 32]] {
            let data = (DATA, LOADER, program_data(Some(key)));
            refused(judge(good(), data), ExchangeError::NotFinal);
        }
    }

    #[test]
    fn a_flag_that_the_loader_does_not_write_is_no_proof() {
        let mut data = program_data(None);
        data[AUTHORITY_FLAG] = 2;
        refused(judge(good(), (DATA, LOADER, data)), ExchangeError::NotFinal);
    }

    #[test]
    fn another_program_is_refused() {
        let data = || (DATA, LOADER, program_data(None));
        let (id, owner, executable, bytes) = good();
        let other = Address::new_from_array([1; 32]);
        refused(
            judge((other, owner, executable, bytes.clone()), data()),
            ExchangeError::NotProgram,
        );
        refused(
            judge((id, other, executable, bytes.clone()), data()),
            ExchangeError::NotProgram,
        );
        refused(
            judge((id, owner, false, bytes), data()),
            ExchangeError::NotProgram,
        );
    }

    #[test]
    fn an_account_of_the_loader_that_is_no_program_is_refused() {
        let (id, owner, executable, bytes) = good();
        let buffer = [&[1, 0, 0, 0][..], DATA.as_ref()].concat();
        let long = [&bytes[..], &[0]].concat();
        for wrong in [vec![], vec![2, 0], bytes[..35].to_vec(), long, buffer] {
            let result = judge((id, owner, executable, wrong), (DATA, LOADER, program_data(None)));
            refused(result, ExchangeError::NotProgram);
        }
    }

    #[test]
    fn other_program_data_is_refused() {
        let other = Address::new_from_array([1; 32]);
        refused(
            judge(good(), (other, LOADER, program_data(None))),
            ExchangeError::NotProgramData,
        );
        refused(
            judge(good(), (DATA, other, program_data(None))),
            ExchangeError::NotProgramData,
        );
        let mut buffer = program_data(None);
        buffer[0] = 1;
        for wrong in [vec![], program_data(None)[..44].to_vec(), buffer] {
            refused(
                judge(good(), (DATA, LOADER, wrong)),
                ExchangeError::NotProgramData,
            );
        }
    }
}
