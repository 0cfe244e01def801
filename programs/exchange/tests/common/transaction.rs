//! Sending instructions, and what comes back.

use {
    crate::{layout::Tagged, world::World},
    base64::{engine::general_purpose::STANDARD, Engine},
    litesvm::types::{TransactionMetadata, TransactionResult},
    solana_account::Account,
    solana_address::Address,
    solana_instruction::{error::InstructionError, Instruction},
    solana_message::Message,
    solana_transaction::Transaction,
    solana_transaction_error::TransactionError,
};

impl World {
    #[allow(clippy::result_large_err)] // it is what LiteSVM answers
    pub fn send(&mut self, instruction: &Instruction) -> TransactionResult {
        self.send_paid_by(instruction, self.payer)
    }

    #[allow(clippy::result_large_err)]
    pub fn send_paid_by(&mut self, instruction: &Instruction, payer: Address) -> TransactionResult {
        let message = Message::new(std::slice::from_ref(instruction), Some(&payer));
        self.svm.send_transaction(Transaction::new_unsigned(message))
    }

    /// The instruction succeeds in a slot of its own, and the books balance afterwards.
    #[track_caller]
    pub fn does(&mut self, instruction: &Instruction) -> TransactionMetadata {
        self.next_slot();
        self.does_at_once(instruction)
    }

    /// The instruction succeeds in the same slot as the one before, and the books balance afterwards.
    #[track_caller]
    pub fn does_at_once(&mut self, instruction: &Instruction) -> TransactionMetadata {
        let done = self
            .send(instruction)
            .unwrap_or_else(|e| panic!("{:?}\n{}", e.err, e.meta.pretty_logs()));
        self.follow(&done);
        self.audit();
        done
    }

    /// The instructions succeed in one transaction, and the books balance afterwards.
    #[track_caller]
    pub fn does_together(&mut self, instructions: &[Instruction]) -> TransactionMetadata {
        self.next_slot();
        let message = Message::new(instructions, Some(&self.payer));
        let sent = self.svm.send_transaction(Transaction::new_unsigned(message));
        let done = sent.unwrap_or_else(|e| panic!("{:?}\n{}", e.err, e.meta.pretty_logs()));
        self.follow(&done);
        self.audit();
        done
    }

    /// The instruction fails with exactly this error, and no account it names has changed.
    #[track_caller]
    pub fn refuses(&mut self, instruction: &Instruction, error: impl Into<InstructionError>) {
        let before = self.snapshot(instruction);
        let result = self.send(instruction);
        let failed = match result {
            Ok(done) => panic!("succeeded:\n{}", done.pretty_logs()),
            Err(failed) => failed,
        };
        let expected = refusal(error);
        assert_eq!(failed.err, expected, "\n{}", failed.meta.pretty_logs());
        assert!(
            before == self.snapshot(instruction),
            "a refused instruction changed an account"
        );
    }

    pub fn snapshot(&self, instruction: &Instruction) -> Vec<Option<Account>> {
        instruction
            .accounts
            .iter()
            .map(|meta| self.account(&meta.pubkey))
            .collect()
    }
}

/// What the runtime reports for a transaction whose instruction failed so.
pub fn refusal(error: impl Into<InstructionError>) -> TransactionError {
    TransactionError::InstructionError(0, error.into())
}

/// What a transaction logged.
pub trait Clearly {
    /// All its events of this type.
    fn events<T: Tagged>(&self) -> Vec<T>;

    /// Its one event of this type.
    fn event<T: Tagged>(&self) -> T;
}

impl Clearly for TransactionMetadata {
    fn events<T: Tagged>(&self) -> Vec<T> {
        self.logs
            .iter()
            .filter_map(|line| STANDARD.decode(line.strip_prefix("Program data: ")?).ok())
            .filter(|bytes| bytes[..8] == T::tag())
            .map(|bytes| bytemuck::pod_read_unaligned(&bytes[8..]))
            .collect()
    }

    #[track_caller]
    fn event<T: Tagged>(&self) -> T {
        let logged = self.events();
        assert_eq!(logged.len(), 1, "events of this type\n{}", self.pretty_logs());
        logged[0]
    }
}
