use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::{ColumnarValue, LogicalPlan, Volatility, col, create_udf, lit};
use model::id::ProviderId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::bench::{MirrorFixture, engine, run, try_run};
use crate::{MirrorError, MirrorSession};

fn bench() -> MirrorFixture {
    let bench = MirrorFixture::new(2);
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    bench.put(&mut rng, "customers", 1, 1..=300);
    bench.put(&mut rng, "customers", 2, 1..=300);
    bench
}

/// Far more rows than fit into the queue between a plan and its reader.
fn endless(session: &MirrorSession) -> LogicalPlan {
    let customers = |alias: &str| session.scan("customers", alias).unwrap();
    let pairs = customers("a").cross_join(customers("b").build().unwrap()).unwrap();
    pairs.cross_join(customers("c").build().unwrap()).unwrap().build().unwrap()
}

#[test]
fn a_panic_in_a_plan_is_an_error_and_not_a_short_answer() {
    let bench = bench();
    let mirror = bench.open();
    mirror.refresh().unwrap();
    let session = mirror.session(ProviderId(1)).unwrap();
    let panics = |_: &[ColumnarValue]| panic!("on purpose");
    let input = vec![DataType::Int64];
    let udf = create_udf("panics", input, DataType::Int64, Volatility::Volatile, Arc::new(panics));
    let plan = session.scan("customers", "t").unwrap();
    let plan = plan.project([udf.call(vec![col("t.id")])]).unwrap().build().unwrap();
    let error = try_run(&session, plan).unwrap_err();
    assert!(
        matches!(&error, MirrorError::Panicked { message } if message == "on purpose"),
        "{error:?}"
    );
    assert_eq!(error.code(), "plan_panicked");
    let rest = session.scan("customers", "t").unwrap().build().unwrap();
    assert_eq!(run(&session, rest).iter().map(|batch| batch.num_rows()).sum::<usize>(), 300);
}

#[test]
fn a_plan_cut_off_by_shutdown_ends_with_stopped() {
    let bench = bench();
    let mut stream = {
        let mirror = bench.open();
        let session = mirror.session(ProviderId(1)).unwrap();
        let plan = endless(&session);
        session.stream(plan)
    };
    assert!(stream.next_blocking().unwrap().is_ok());
    let MirrorFixture { engine, .. } = bench;
    assert_eq!(Arc::strong_count(&engine), 1);
    drop(engine);
    let last = std::iter::from_fn(|| stream.next_blocking()).last().unwrap();
    assert!(matches!(last, Err(MirrorError::Stopped)), "{last:?}");
    assert!(stream.next_blocking().is_none());
}

#[test]
fn plans_wait_for_their_provider_s_turn_and_no_longer_than_they_may() {
    let mut bench = bench();
    bench.engine = engine(|options| {
        options.plans_max = 2;
        options.plans_per_provider_max = 1;
        options.plan_wait = Duration::from_millis(100);
    });
    let mirror = bench.open();
    let one = mirror.session(ProviderId(1)).unwrap();
    let two = mirror.session(ProviderId(2)).unwrap();
    let small = |session: &MirrorSession| session.scan("customers", "t").unwrap().build().unwrap();
    let mut running = one.stream(endless(&one));
    assert!(running.next_blocking().unwrap().is_ok());
    let refused = try_run(&one, small(&one)).unwrap_err();
    assert!(matches!(refused, MirrorError::Busy { .. }), "{refused:?}");
    assert!(try_run(&two, small(&two)).is_ok(), "another provider has its own turns");
    drop(running);
    let again = std::iter::repeat_with(|| try_run(&one, small(&one))).take(100);
    assert!(
        again.into_iter().any(|outcome| outcome.is_ok()),
        "a dropped stream gives its turn back"
    );
}

#[test]
fn too_many_waiting_plans_are_refused_at_once() {
    let mut bench = bench();
    bench.engine = engine(|options| options.plans_waiting_max = 0);
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    let plan = session.scan("customers", "t").unwrap().build().unwrap();
    assert!(matches!(try_run(&session, plan), Err(MirrorError::Busy { .. })));
}

#[test]
fn an_error_in_a_plan_ends_its_stream() {
    let bench = bench();
    let mirror = bench.open();
    let session = mirror.session(ProviderId(1)).unwrap();
    let plan = session.scan("customers", "t").unwrap();
    let plan = plan.project([col("t.id") / (col("t.id") - col("t.id") + lit(0))]).unwrap();
    let mut stream = session.stream(plan.build().unwrap());
    assert!(matches!(stream.next_blocking(), Some(Err(MirrorError::Plan(_)))));
    assert!(stream.next_blocking().is_none());
}
