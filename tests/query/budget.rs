//! Tables that take turns within a budget which has no room for all of them.

use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use undb::service::record_list::record_list;

use crate::few_or_many;
use crate::fill;
use crate::same::filled;
use crate::world::{Question, World, items, runtime};

#[test]
fn tables_that_take_turns_keep_to_the_budget_and_answer_right() {
    let mut rng = StdRng::seed_from_u64(5);
    runtime().block_on(async move {
        let fields = json!([
            {"name": "name", "type": "string"}, {"name": "age", "type": "number"}, {"name": "day", "type": "date"}
        ]);
        let budget = 120_000;
        let first = World::with_budget(&fields, budget).await;
        let mut worlds = vec![first];
        for name in ["t1", "t2", "t3"] {
            let next = worlds[0].another(name, &fields).await;
            worlds.push(next);
        }
        for (world, count) in worlds.iter().zip([300, 1500, 900, 6000]) {
            filled(world, &fields, count, 0.2, &mut rng).await;
        }
        let sorts = ["name", "-age", "day,name", "name,age,day"];
        let (mut ways, mut most) = (std::collections::BTreeMap::new(), 0);
        for turn in 0..few_or_many(60, 2000) {
            let world = &worlds[(turn * 7 + turn / 5) % worlds.len()];
            if turn % 6 == 0 {
                world.create(None, &fill::values(&fields, turn, 0.2, &mut rng)).await.unwrap();
            }
            let question = Question {
                filter: Some("not (name is empty)".into()),
                sort: Some(sorts[turn % 4].into()),
                search: None,
            };
            let got = record_list(&world.columns, world.reads(), question.input(50, None, true)).await.unwrap();
            let wanted = record_list(&world.stream, world.reads(), question.input(50, None, true)).await.unwrap();
            assert_eq!((got.total, items(&got, usize::MAX)), (wanted.total, items(&wanted, usize::MAX)), "turn {turn}");
            assert_eq!(wanted.plan.unwrap().way, "stream");
            *ways.entry(got.plan.unwrap().way).or_insert(0) += 1;
            let memory = world.columns.columns.memory();
            assert!(memory <= budget, "turn {turn}: {memory} bytes are held");
            assert_eq!(world.stream.columns.memory(), 0, "nothing fits no budget");
            most = most.max(memory);
        }
        println!("ways: {ways:?}; at most {most} of {budget} bytes held");
        assert!(ways["columns"] > 0 && ways["stream"] > 0 && most > budget / 4, "{ways:?}");
    });
}
