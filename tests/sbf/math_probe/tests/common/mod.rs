//! The probe inside LiteSVM.

use std::path::PathBuf;

use agave_feature_set::FeatureSet;
use litesvm::LiteSVM;
use math_probe::MAX_OPERANDS;
use solana_address::Address;
use solana_compute_budget::compute_budget::ComputeBudget;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_message::Message;
use solana_signer::Signer;
use solana_transaction::Transaction;

pub struct Probe {
    svm: LiteSVM,
    payer: Keypair,
    program: Address,
}

fn artefact() -> PathBuf {
    let directory = std::env::var_os("BREAKWATER_PROGRAMS").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../../client/breakwater/programs"
            ))
        },
        PathBuf::from,
    );
    directory.join("math_probe.v0.so")
}

impl Probe {
    pub fn new() -> Self {
        let path = artefact();
        let program = std::fs::read(&path).unwrap_or_else(|e| {
            panic!(
                "{}: {e}. Run `breakwater build` or `scripts/build` first.",
                path.display()
            )
        });
        let mut budget = ComputeBudget::new_with_defaults(false, false);
        budget.compute_unit_limit = 1 << 40;
        let mut svm = LiteSVM::new()
            .with_feature_set(FeatureSet::all_enabled())
            .with_compute_budget(budget)
            .with_builtins() // again: which system calls there are depends on the features
            .with_sigverify(false)
            .with_transaction_history(0);
        let payer = Keypair::new();
        svm.airdrop(&payer.pubkey(), 500_000_000_000).unwrap();
        let id = Address::new_from_array([7; 32]);
        svm.add_program(id, &program).unwrap();
        Self {
            svm,
            payer,
            program: id,
        }
    }

    /// Run the probe; its two words of return data.
    pub fn ask(&mut self, mode: u64, function: u64, operands: &[u64]) -> (u64, u64) {
        assert!(operands.len() <= MAX_OPERANDS);
        let words = [mode, function].into_iter().chain(operands.iter().copied());
        let data: Vec<u8> = words.flat_map(u64::to_le_bytes).collect();
        let instruction = Instruction::new_with_bytes(self.program, &data, vec![]);
        let message = Message::new(&[instruction], Some(&self.payer.pubkey()));
        let transaction = Transaction::new(&[&self.payer], message, self.svm.latest_blockhash());
        let done = self
            .svm
            .send_transaction(transaction)
            .unwrap_or_else(|e| panic!("{e:?}"));
        let mut answer = done.return_data.data;
        answer.resize(16, 0); // trailing zeros are not returned
        let word = |i: usize| u64::from_le_bytes(answer[i..i + 8].try_into().unwrap());
        (word(0), word(8))
    }
}
