//! One file a verb. A handler checks, computes an update with `breakwater-math`, applies it once and emits an event.

mod admin;
mod buy;
mod close;
mod close_market;
mod close_position;
mod create_market;
mod create_position;
mod deposit;
mod fold;
mod initialize;
mod liquidity;
mod open;
mod redeem;
mod resolve;
mod sell;
mod trade;
mod trader;
mod void;
mod withdraw;

pub use {
    admin::*, close_market::*, close_position::*, create_market::*, create_position::*, deposit::*, fold::*,
    initialize::*, liquidity::*, open::*, redeem::*, resolve::*, trade::*, trader::*, void::*, withdraw::*,
};

mod claim_rewards;
mod claim_task;
mod close_task;
mod complete_task;
mod create_stake;
mod fail_task;
mod initialize_mmt;
mod keeper_duty;
mod mmt_tokens;
mod post_task;
mod register_keeper;
mod stake;
mod unstake;
mod withdraw_bond;
mod withdraw_stake;

pub use {
    claim_rewards::*, claim_task::*, close_task::*, complete_task::*, create_stake::*, fail_task::*,
    initialize_mmt::*, keeper_duty::*, post_task::*, register_keeper::*, stake::*, unstake::*,
    withdraw_bond::*, withdraw_stake::*,
};
