//! Random operations: after any of them, sessions show exactly what the store has.

use model::id::ProviderId;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::bench::{ExpectedRows, MirrorFixture, TABLES, options, random_row, table};
use crate::{Mirror, MirrorOptions, MirrorRole, MirrorSession};

const PROVIDERS: i64 = 3;
const STEPS: usize = 40;
const SEEDS: u64 = 6;

struct RandomRun {
    bench: MirrorFixture,
    mirror: Option<Mirror>,
    held: Vec<(MirrorSession, ExpectedRows)>,
    rng: ChaCha8Rng,
}

impl RandomRun {
    fn new(seed: u64) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(seed);
        Self { bench: MirrorFixture::new(PROVIDERS), mirror: None, held: Vec::new(), rng }
    }

    fn mirror(&self) -> &Mirror {
        self.mirror.as_ref().unwrap()
    }

    fn open(&mut self) {
        // Sessions end with their mirror: whoever opens it next deletes what it does not use.
        self.held.clear();
        self.mirror = None;
        let options = MirrorOptions {
            segment_rows: self.rng.random_range(5..60),
            group_rows: self.rng.random_range(3..30),
            delta_rows_max: [30, 1_000][self.rng.random_range(0..2)],
            refresh_after_rows: [40, 1_000_000][self.rng.random_range(0..2)],
            ..options(MirrorRole::Writer)
        };
        self.mirror = Some(self.bench.open_with(options).unwrap());
    }

    /// A few changes in a few tables, near each other so that they meet the same rows again.
    fn import(&mut self) {
        let Self { bench, rng, .. } = self;
        bench.store.commit(|commit| {
            for _ in 0..rng.random_range(1..5) {
                let table = table(TABLES[rng.random_range(0..TABLES.len())]);
                let provider = rng.random_range(1..=PROVIDERS);
                let first = rng.random_range(1..150);
                for id in first..first + rng.random_range(1..40) {
                    match rng.random_range(0..4) {
                        0 => commit.delete(table, provider, id),
                        _ => commit.put(table, provider, random_row(rng, table, id)),
                    }
                }
            }
        });
    }

    fn hold(&mut self) {
        let provider = self.rng.random_range(1..=PROVIDERS);
        let session = self.mirror().session(ProviderId(provider)).unwrap();
        self.held.push((session, self.bench.expected(provider)));
        if self.held.len() > 3 {
            self.held.remove(0);
        }
    }

    fn step(&mut self) {
        match self.rng.random_range(0..20) {
            0..10 => self.import(),
            10..13 => drop(self.mirror().refresh().unwrap()),
            13 => drop(self.mirror().rebuild().unwrap()),
            14 => self.open(),
            15..18 => self.hold(),
            _ => {
                let provider = self.rng.random_range(1..=PROVIDERS);
                let session = self.mirror().session(ProviderId(provider)).unwrap();
                self.bench.expected(provider).check(&session);
            }
        }
    }
}

#[test]
fn sessions_always_show_what_the_store_has() {
    for seed in 0..SEEDS {
        let mut run = RandomRun::new(seed);
        run.open();
        for _ in 0..STEPS {
            run.step();
        }
        for (session, expected) in &run.held {
            expected.check(session);
        }
        run.bench.check(run.mirror(), PROVIDERS);
        let report = run.mirror().verify().unwrap();
        assert!(report.is_clean(), "seed {seed}: {report:?}");
    }
}
