//! Measures the job queue while an import runs: `cargo run --release -p store --example
//! queue_speed`.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use model::catalogue::table;
use model::cell::Cell;
use model::id::{ProviderId, Revision};
use model::import::{Change, InputRow};
use model::provider::Provider;
use store::port::jobs::{
    AttemptEnd, AttemptOutcome, JobAttempt, JobCaller, JobClaim, JobKind, JobLimits, JobProgress,
    JobStore, NewJob,
};
use store::sqlite::{SqliteOptions, SqliteStore};
use store::{ImportStart, RecordStore};

const PROVIDER: ProviderId = ProviderId(1);
const JOBS: usize = 300;

type Outcomes<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcomes<()> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(&folder.path().join("store.db"), SqliteOptions::default())?;
    store.create_provider(&Provider::new(PROVIDER, "Speed"))?;
    run("alone", &store)?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            if let Err(error) = import_until(&store, &is_over) {
                eprintln!("the import failed: {error}");
            }
        });
        let done = run("beside an import", &store);
        is_over.store(true, Ordering::Relaxed);
        done
    })
}

fn import_until(store: &SqliteStore, is_over: &AtomicBool) -> Outcomes<()> {
    let Some(sites) = table("sites") else { return Err("no such table".into()) };
    let ImportStart::Started(mut import) =
        store.begin_import(PROVIDER, model::time::Instant::from_micros(0), None)?
    else {
        return Err("the import did not start".into());
    };
    let mut id = 0;
    while !is_over.load(Ordering::Relaxed) {
        let row = |id| {
            let mut cells = vec![Cell::Absent; sites.columns.len()];
            cells[0] = Cell::Int(id);
            cells[1] = Cell::text("A site");
            Change::Upsert(InputRow { id, line: 1, cells })
        };
        import.apply(sites, (id + 1..id + 4097).map(row).collect())?;
        id += 4096;
    }
    Ok(())
}

fn run(what: &str, store: &SqliteStore) -> Outcomes<()> {
    let now = model::time::Instant::from_micros(0);
    let limits = JobLimits { queued_max: 1_000_000, unfinished_max: 1_000_000 };
    let mut times: [Vec<Duration>; 4] = Default::default();
    for n in 0..JOBS {
        let new = NewJob {
            uuid: format!("{what}-{n}"),
            provider: PROVIDER,
            kind: JobKind::Export,
            subject: "invoice".to_owned(),
            request: "{}".repeat(500),
            requester: JobCaller::default(),
            group: None,
            request_id: String::new(),
            revision_min: Revision(0),
            is_exclusive: true,
            notices: Vec::new(),
        };
        let started = Instant::now();
        store.create_jobs(&[new], None, limits, now)?;
        times[0].push(started.elapsed());
        let claim = JobClaim {
            kind: JobKind::Export,
            worker: "w",
            running_per_provider_max: 2,
            attempts_max: 3,
            lease_until: now.plus_seconds(60),
        };
        let started = Instant::now();
        let job = store.claim_jobs(&claim, now)?.pop().ok_or("nothing to claim")?;
        times[1].push(started.elapsed());
        let attempt = JobAttempt { job: job.id, worker: "w", number: job.attempts };
        let started = Instant::now();
        store.report_progress(&attempt, JobProgress::default(), now.plus_seconds(60), now)?;
        times[2].push(started.elapsed());
        let failed = AttemptOutcome::Failed { code: "x".to_owned(), message: "x".to_owned() };
        let started = Instant::now();
        let ended = AttemptEnd { attempt, outcome: &failed, notices: &[] };
        store.finish_jobs(&[ended], now)?;
        times[3].push(started.elapsed());
    }
    for (name, mut times) in ["create", "claim", "progress", "finish"].into_iter().zip(times) {
        times.sort_unstable();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        println!("{what:<18} {name:<10} p50 {:>10.3?}  p99 {:>10.3?}", at(50), at(99));
    }
    Ok(())
}
