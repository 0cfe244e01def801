use harness::{attacks::Shape, *};

const SHARES: u64 = 10 * UNIT;

fn given() -> (World, Instruction) {
    let mut world = World::launched();
    let (party, market) = (world.party(1_000 * UNIT), world.market(3));
    world.position(&party, market, 1, SPOT);
    let instruction = ix::buy(party.owner, market, 1, SHARES, u64::MAX);
    (world, instruction)
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(ExchangeError::NotOwner.into()),
    owned: &[1, 2, 3, 4],
    written: &[1, 2, 3, 4],
    data: 16,
}}
