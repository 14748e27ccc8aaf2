//! Scans large enough to be shared between threads.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::logical_expr::{col, lit};
use datafusion::physical_plan::displayable;
use model::id::ProviderId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bench::{MirrorFixture, options, rows, run, table};
use crate::{MirrorOptions, MirrorRole};

const NAME: &str = "offering_types";

#[test]
fn threads_share_a_scan_and_read_every_row_once() {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    let bench = MirrorFixture::new(2);
    bench.put(&mut rng, NAME, 1, 1..=50_000);
    bench.put(&mut rng, NAME, 2, 1..=3_000);
    // One row group, fewer than threads, about as many, many; one segment, several.
    for (segment_rows, group_rows) in
        [(1 << 20, 1 << 17), (1 << 20, 40_000), (1 << 20, 9_000), (7_000, 1_000), (20_000, 1 << 17)]
    {
        let cut = MirrorOptions { segment_rows, group_rows, ..options(MirrorRole::Writer) };
        let mirror = bench.open_with(cut).unwrap();
        mirror.rebuild().unwrap();
        let session = mirror.session(ProviderId(1)).unwrap();
        let plan = session.scan(NAME, "t").unwrap().build().unwrap();
        let physical = bench.engine.state().create_physical_plan(&plan);
        let physical = futures::executor::block_on(physical).unwrap();
        let shown = displayable(physical.as_ref()).indent(true).to_string();
        assert!(shown.contains("2 groups"), "{shown}");
        assert!(rows(&session, NAME) == bench.store.rows_of(table(NAME), 1));
        bench.delete(NAME, 1, (1..=50_000).step_by(997));
        bench.put(&mut rng, NAME, 1, (100..=60_000).step_by(1_009));
        let session = mirror.session(ProviderId(1)).unwrap();
        assert!(rows(&session, NAME) == bench.store.rows_of(table(NAME), 1));
    }
}

#[test]
fn first_rows_in_any_order_are_those_of_the_store() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let bench = MirrorFixture::new(1);
    bench.put(&mut rng, "customers", 1, 1..=400);
    let mirror = bench.open();
    mirror.refresh().unwrap();
    bench.delete("customers", 1, (1..=400).step_by(11));
    bench.put(&mut rng, "customers", 1, (1..=420).step_by(13));
    let session = mirror.session(ProviderId(1)).unwrap();
    let stored = bench.store.rows_of(table("customers"), 1);
    for column in ["created_at", "is_lead", "id"] {
        let position = table("customers").position_of(column).unwrap();
        for is_ascending in [true, false] {
            let plan = session.scan("customers", "t").unwrap();
            let plan = plan.filter(col("t.id").gt(lit(20))).unwrap();
            let order = [
                col(format!("t.{column}")).sort(is_ascending, false),
                col("t.id").sort(is_ascending, false),
            ];
            let plan = plan.sort_with_limit(order, Some(25)).unwrap().project([col("t.id")]);
            let batches = run(&session, plan.unwrap().build().unwrap());
            let found =
                batches.iter().flat_map(|b| b.column(0).as_primitive::<Int64Type>().values());
            let mut expected: Vec<_> = stored
                .iter()
                .filter(|(id, _)| **id > 20)
                .map(|(id, cells)| (cells[position].as_int(), *id))
                .collect();
            expected.sort_unstable();
            if !is_ascending {
                expected.reverse();
            }
            let expected: Vec<i64> = expected.into_iter().take(25).map(|(_, id)| id).collect();
            assert_eq!(found.copied().collect::<Vec<_>>(), expected, "{column} {is_ascending}");
        }
    }
}

#[test]
fn rows_by_id_come_in_that_order_and_are_not_sorted() {
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let bench = MirrorFixture::new(2);
    bench.put(&mut rng, NAME, 1, 1..=3_000);
    bench.put(&mut rng, NAME, 2, 1..=3_000);
    let cut = MirrorOptions { segment_rows: 700, group_rows: 300, ..options(MirrorRole::Writer) };
    let mirror = bench.open_with(cut).unwrap();
    mirror.rebuild().unwrap();
    for step in 0..2 {
        let session = mirror.session(ProviderId(1)).unwrap();
        let plan = session.scan_by_id(NAME, "t").unwrap();
        let plan = plan.project([col("t.name"), col("t.id")]).unwrap();
        let plan = plan.sort([col("t.id").sort(true, false)]).unwrap().build().unwrap();
        let physical = bench.engine.state().create_physical_plan(&plan);
        let physical = futures::executor::block_on(physical).unwrap();
        let shown = displayable(physical.as_ref()).indent(true).to_string();
        assert!(!shown.contains("SortExec"), "{shown}");
        let batches = run(&session, plan);
        let found = batches.iter().flat_map(|b| b.column(1).as_primitive::<Int64Type>().values());
        let expected: Vec<i64> = bench.store.ids(table(NAME), 1);
        assert_eq!(found.copied().collect::<Vec<_>>(), expected, "{step}");
        bench.delete(NAME, 1, (1..=3_000).step_by(97));
        bench.put(&mut rng, NAME, 1, (100..=3_600).step_by(109));
    }
}
