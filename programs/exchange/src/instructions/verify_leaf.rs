use {crate::state::Archive, anchor_lang::prelude::*};

/// Read by other programs: they call it and go on if the leaf is there.
#[derive(Accounts)]
pub struct VerifyLeaf {
    pub archive: Account<Archive>,
}
