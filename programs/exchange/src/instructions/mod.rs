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
