use harness::{attacks::Shape, ix_pools as pix, pools::Terms, *};

fn given() -> (World, Instruction) {
    let mut world = World::new();
    let site = world.pool(Terms::default());
    (world, pix::set_paused(&site, true))
}

harness::attacks! { Shape {
    given,
    signer: Some(0),
    stranger: Some(PoolsError::NotOwner.into()),
    owned: &[1],
    written: &[1],
    data: 1,
}}

#[test]
fn the_owner_pauses_and_resumes_any_number_of_times() {
    let mut world = World::new();
    let site = world.pool(Terms::default());
    let before = world.pool_state(&site);
    for paused in [true, true, false, false, true] {
        let done = world.does(&pix::set_paused(&site, paused));
        let after = Pool {
            paused: u8::from(paused),
            ..before
        };
        assert_eq!(world.pool_state(&site), after);
        let expected = PauseSet {
            pool: key(&site.pool()),
            paused: u64::from(paused),
        };
        assert_eq!(done.event::<PauseSet>(), expected);
    }
}

#[test]
fn neither_true_nor_false_is_refused() {
    let (mut world, mut instruction) = given();
    instruction.data[8] = 2;
    world.refuses(&instruction, InstructionError::InvalidInstructionData);
}
