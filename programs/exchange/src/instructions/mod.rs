//! One file a verb. A handler checks, computes an update with `breakwater-math`, applies it once and emits an event.

mod admin;
mod batch;
mod buy;
mod chain;
mod close;
mod close_market;
mod close_position;
mod create_market;
mod create_position;
mod deposit;
mod desk;
mod fold;
mod initialize;
mod legs;
mod liquidate;
mod liquidate_chain;
mod liquidity;
mod open;
mod open_chain;
mod propagate_halt;
mod redeem;
mod resolve;
mod sell;
mod stop;
mod take_over;
mod take_over_chain;
mod trade;
mod trader;
mod unwind_chain;
mod void;
mod withdraw;

pub use {
    admin::*, batch::*, chain::*, close_market::*, close_position::*, create_market::*, create_position::*,
    deposit::*, fold::*, initialize::*, liquidate::*, liquidate_chain::*, liquidity::*, open_chain::*,
    propagate_halt::*, redeem::*, resolve::*, stop::*, trade::*, trader::*, unwind_chain::*, void::*,
    withdraw::*,
};

mod archive_market;
mod archive_positions;
mod claim_bootstrap;
mod claim_rewards;
mod claim_task;
mod close_task;
mod complete_task;
mod create_maker;
mod create_stake;
mod fail_task;
mod initialize_mmt;
mod keeper_duty;
mod lock_liquidity;
mod mmt_tokens;
mod open_archive;
mod open_bootstrap;
mod post_task;
mod redeem_archived;
mod register_keeper;
mod restore_position;
mod stake;
mod unstake;
mod verify_leaf;
mod withdraw_bond;
mod withdraw_stake;

pub use {
    archive_market::*, archive_positions::*, claim_bootstrap::*, claim_rewards::*, claim_task::*,
    close_task::*, complete_task::*, create_maker::*, create_stake::*, fail_task::*, initialize_mmt::*,
    keeper_duty::*, lock_liquidity::*, open_archive::*, open_bootstrap::*, post_task::*, redeem_archived::*,
    register_keeper::*, restore_position::*, stake::*, unstake::*, verify_leaf::*, withdraw_bond::*,
    withdraw_stake::*,
};
