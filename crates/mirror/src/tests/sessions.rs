use std::sync::atomic::Ordering;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{col, lit};
use datafusion::physical_plan::displayable;
use model::cell::Cell;
use model::id::ProviderId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bench::{MirrorFixture, TABLES, cells, rows, run, table, try_run};
use crate::{MirrorError, MirrorOptions, MirrorRole, MirrorSession, ScanKeys, ScanRequest};

fn rng() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(1)
}

/// Three providers, two of them with the same ids, in segments and in the delta.
fn filled() -> (MirrorFixture, ChaCha8Rng) {
    let (bench, mut rng) = (MirrorFixture::new(3), rng());
    for name in TABLES {
        bench.put(&mut rng, name, 1, 1..=100);
        bench.put(&mut rng, name, 2, 1..=70);
        bench.put(&mut rng, name, 3, 1_000..=1_005);
    }
    bench.open().refresh().unwrap();
    (bench, rng)
}

fn counted(session: &MirrorSession, name: &str) -> i64 {
    let plan = session.scan(name, "t").unwrap();
    let plan =
        plan.aggregate(Vec::<datafusion::logical_expr::Expr>::new(), vec![count(lit(1_i64))]);
    let batches = run(session, plan.unwrap().build().unwrap());
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

#[test]
fn a_small_store_is_read_without_segments() {
    let (bench, mut rng) = (MirrorFixture::new(2), rng());
    for name in TABLES {
        bench.put(&mut rng, name, 1, 1..=30);
    }
    let mirror = bench.open();
    bench.check(&mirror, 2);
    assert!(bench.files(".parquet").is_empty());
}

#[test]
fn segments_hold_all_kinds_of_cells() {
    let (bench, _) = filled();
    let mirror = bench.open();
    assert!(mirror.status().unwrap().delta_changes == 0);
    bench.check(&mirror, 3);
}

#[test]
fn rows_with_a_rare_key_are_read_without_the_others() {
    let (bench, mut rng) = (MirrorFixture::new(3), rng());
    for provider in 1..=3 {
        bench.put(&mut rng, "customer_memberships", provider, 1..=600);
    }
    let mirror = bench.open_with(MirrorOptions::new(MirrorRole::Writer)).unwrap();
    mirror.refresh().unwrap();
    for (column, position) in [("customer_id", 1), ("id", 0)] {
        for provider in 1..=3 {
            let session = mirror.session(ProviderId(provider)).unwrap();
            let keys = ScanKeys::new("customer_memberships", column, &[7, 9]);
            let request = ScanRequest { is_by_id: false, keys };
            let plan = session.scan_as("customer_memberships", "t", request).unwrap();
            let table = table("customer_memberships");
            assert_eq!(table.position_of(column), Some(position));
            let found = cells(table, &run(&session, plan.build().unwrap()));
            let stored = bench.store.rows_of(table, provider);
            let has_key = |row: &[Cell]| [Some(7), Some(9)].contains(&row[position].as_int());
            let expected: Vec<i64> =
                stored.iter().filter(|(_, row)| has_key(row)).map(|(id, _)| *id).collect();
            assert_eq!(found.into_keys().collect::<Vec<_>>(), expected, "{column} {provider}");
        }
    }
}

#[test]
fn the_status_counts_changes_without_a_session() {
    let (bench, mut rng) = filled();
    let mirror = bench.open();
    let before = mirror.status().unwrap();
    bench.put(&mut rng, "customers", 1, 1..=3);
    mirror.read_changes().unwrap();
    let after = mirror.status().unwrap();
    assert_eq!(after.covered, before.covered);
    assert_eq!((before.delta_changes, after.delta_changes), (0, 3));
    let customers = after.tables.iter().find(|table| table.table == "customers").unwrap();
    assert_eq!((customers.delta_rows, customers.delta_ids), (3, 3));
}

type StoreChange = fn(&MirrorFixture, &mut ChaCha8Rng);

#[test]
fn changes_are_seen_by_the_next_session_and_not_by_older_ones() {
    let (bench, mut rng) = filled();
    let mirror = bench.open();
    let before = (mirror.session(ProviderId(1)).unwrap(), bench.expected(1));
    let steps: [StoreChange; 6] = [
        |bench, rng| {
            bench.put(rng, "customers", 1, [3, 50, 500]);
        },
        |bench, _| {
            bench.delete("customers", 1, [1, 50, 100, 500, 7_777]);
        },
        |bench, rng| {
            bench.put(rng, "customers", 1, [50]);
        },
        |bench, rng| {
            bench.put(rng, "newsletters", 2, 60..80);
        },
        |bench, _| {
            bench.delete("coupons", 2, 1..=70);
        },
        |bench, rng| {
            bench.put(rng, "coupons", 2, [70, 5]);
        },
    ];
    let mut held = vec![before];
    for step in steps {
        step(&bench, &mut rng);
        bench.check(&mirror, 3);
        held.push((mirror.session(ProviderId(2)).unwrap(), bench.expected(2)));
    }
    for (session, expected) in &held {
        expected.check(session);
    }
}

#[test]
fn no_plan_reaches_another_provider() {
    let (bench, mut rng) = filled();
    bench.put(&mut rng, "customers", 2, [5, 200]);
    bench.delete("customers", 1, [5]);
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    let own = bench.store.rows_of(table("customers"), 1);
    let scan = |alias: &str| session.scan("customers", alias).unwrap();
    let plans = [
        scan("t").build().unwrap(),
        scan("t").filter(col("t.id").gt(lit(0)).or(lit(true))).unwrap().build().unwrap(),
        scan("t").filter(col("t.id").lt_eq(lit(1_005))).unwrap().build().unwrap(),
        scan("t").union(scan("u").build().unwrap()).unwrap().distinct().unwrap().build().unwrap(),
        scan("t").sort([col("t.id").sort(false, true)]).unwrap().build().unwrap(),
        scan("t").limit(0, Some(1_000)).unwrap().build().unwrap(),
    ];
    for plan in plans {
        assert_eq!(cells(table("customers"), &run(&session, plan)), own);
    }
    // Another provider's columns cannot even be named.
    for column in ["provider_id", "rev"] {
        let plan = scan("t").filter(col(format!("t.{column}")).eq(lit(2))).and_then(|p| p.build());
        assert!(plan.map_or(true, |plan| try_run(&session, plan).is_err()), "{column}");
    }
}

#[test]
fn counts_and_limits_leave_changed_rows_out() {
    let (bench, mut rng) = filled();
    bench.delete("customers", 1, (1..=100).step_by(2));
    bench.put(&mut rng, "customers", 1, [2, 4, 300]);
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    assert_eq!(counted(&session, "customers"), 51);
    for limit in [1, 7, 30, 51, 99] {
        let plan = session.scan("customers", "t").unwrap().limit(0, Some(limit)).unwrap();
        let found = cells(table("customers"), &run(&session, plan.build().unwrap()));
        assert_eq!(found.len(), limit.min(51));
        let all = rows(&session, "customers");
        assert!(found.iter().all(|(id, cells)| all[id] == *cells));
    }
}

#[test]
fn filters_and_projections_agree_with_the_rows() {
    let (bench, mut rng) = filled();
    bench.put(&mut rng, "customers", 1, (10..60).step_by(7));
    bench.delete("customers", 1, [33, 34]);
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    let ids: Vec<i64> = bench.store.ids(table("customers"), 1);
    for (from, to) in [(1, 1), (16, 17), (30, 40), (99, 1_000), (33, 34)] {
        let plan = session.scan("customers", "t").unwrap();
        let within = col("t.id").between(lit(from), lit(to));
        let plan = plan.filter(within).unwrap().project([col("t.is_lead"), col("t.id")]).unwrap();
        let batches = run(&session, plan.build().unwrap());
        let found = batches.iter().flat_map(|b| b.column(1).as_primitive::<Int64Type>().values());
        let mut found: Vec<i64> = found.copied().collect();
        found.sort_unstable();
        let expected: Vec<i64> =
            ids.iter().copied().filter(|id| (from..=to).contains(id)).collect();
        assert_eq!(found, expected, "{from}..={to}");
    }
}

#[test]
fn filters_reach_the_segments_and_counts_need_no_scan() {
    let (bench, mut rng) = filled();
    bench.put(&mut rng, "customers", 1, [3]);
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    let physical = |plan| {
        let plan = futures::executor::block_on(bench.engine.state().create_physical_plan(&plan));
        displayable(plan.unwrap().as_ref()).indent(true).to_string()
    };
    let scan = || session.scan("customers", "t").unwrap();
    let filtered = physical(scan().filter(col("t.id").eq(lit(7))).unwrap().build().unwrap());
    assert!(filtered.contains("predicate=id"), "{filtered}");
    let none: [datafusion::logical_expr::Expr; 0] = [];
    let counted = physical(scan().aggregate(none, [count(lit(1_i64))]).unwrap().build().unwrap());
    assert!(!counted.contains("parquet"), "{counted}");
}

#[test]
fn an_unchanged_store_is_asked_for_its_revision_only() {
    let (bench, _) = filled();
    let mirror = bench.open();
    mirror.session(ProviderId(1)).unwrap();
    let before = bench.store.snapshots_taken.load(Ordering::Relaxed);
    for _ in 0..10 {
        mirror.session(ProviderId(1)).unwrap();
    }
    assert_eq!(bench.store.snapshots_taken.load(Ordering::Relaxed), before);
}

#[test]
fn settings_are_those_of_the_session_s_revision() {
    let (bench, _) = filled();
    let mirror = bench.open();
    let before = mirror.session(ProviderId(1)).unwrap();
    bench.store.rename_provider(1, "renamed");
    let after = mirror.session(ProviderId(1)).unwrap();
    assert_eq!(
        (before.provider().name.as_str(), after.provider().name.as_str()),
        ("p1", "renamed")
    );
    assert!(before.revision() < after.revision());
}

#[test]
fn unknown_providers_and_tables_are_errors() {
    let (bench, _) = filled();
    let mirror = bench.open();
    let unknown = mirror.session(ProviderId(9)).err().unwrap();
    assert!(matches!(unknown, MirrorError::ProviderUnknown(ProviderId(9))));
    let session = mirror.session(ProviderId(1)).unwrap();
    assert!(session.scan("nonsense", "t").is_err());
}

#[test]
fn joins_see_all_tables_at_one_revision() {
    let (bench, mut rng) = filled();
    let mirror = bench.open();
    bench.put(&mut rng, "coupons", 1, [200]);
    bench.put(&mut rng, "customers", 1, [200]);
    let session = mirror.session(ProviderId(1)).unwrap();
    let right = session.scan("coupons", "c").unwrap().build().unwrap();
    let plan = session.scan("customers", "t").unwrap();
    let plan = plan.join_on(
        right,
        datafusion::logical_expr::JoinType::Inner,
        [col("t.id").eq(col("c.id"))],
    );
    let batches = try_run(&session, plan.unwrap().build().unwrap()).unwrap();
    assert_eq!(batches.iter().map(|batch| batch.num_rows()).sum::<usize>(), 101);
}
