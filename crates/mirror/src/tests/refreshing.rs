use std::sync::atomic::{AtomicBool, Ordering};

use model::cell::Cell;
use model::id::ProviderId;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use store::RecordStore;

use super::bench::{MirrorFixture, TABLES, options, random_row, rows, table};
use crate::{MirrorOptions, MirrorRole};

fn filled(providers: i64) -> (MirrorFixture, ChaCha8Rng) {
    let (bench, mut rng) = (MirrorFixture::new(providers), ChaCha8Rng::seed_from_u64(3));
    for name in TABLES {
        for provider in 1..=providers {
            bench.put(&mut rng, name, provider, 1..=90);
        }
    }
    (bench, rng)
}

#[test]
fn a_refresh_rewrites_only_segments_whose_key_range_changed() {
    let (bench, mut rng) = filled(3);
    let mirror = bench.open();
    let built = mirror.refresh().unwrap();
    assert_eq!(built.rows_written, 5 * 3 * 90);
    assert_eq!(mirror.refresh().unwrap().segments_written, 0);
    bench.put(&mut rng, "customers", 2, [45]);
    let refreshed = mirror.refresh().unwrap();
    assert_eq!(refreshed.segments_written, 1);
    assert!(refreshed.rows_written <= 40, "{refreshed:?}");
    assert_eq!(refreshed.segments_kept, built.segments_written - 1);
    assert_eq!(mirror.status().unwrap().delta_changes, 0);
    bench.check(&mirror, 3);
}

#[test]
fn small_segments_are_merged_and_large_ones_split() {
    let (bench, mut rng) = filled(1);
    let mirror = bench.open();
    mirror.refresh().unwrap();
    let shape = || {
        let status = mirror.status().unwrap();
        let customers = status.tables.into_iter().find(|t| t.table == "customers").unwrap();
        (customers.segments, customers.rows)
    };
    assert_eq!(shape(), (3, 90));
    bench.delete("customers", 1, (1..=90).filter(|id| id % 9 > 1));
    mirror.refresh().unwrap();
    assert_eq!(shape(), (1, 20));
    bench.put(&mut rng, "customers", 1, 100..=300);
    mirror.refresh().unwrap();
    assert_eq!(shape(), (5, 221));
    bench.delete("customers", 1, 1..=300);
    mirror.refresh().unwrap();
    assert_eq!(shape(), (0, 0));
    bench.check(&mirror, 1);
}

#[test]
fn a_rebuilt_mirror_shows_what_a_refreshed_one_shows() {
    let (bench, mut rng) = filled(2);
    let mirror = bench.open();
    mirror.refresh().unwrap();
    bench.put(&mut rng, "newsletters", 1, (1..200).step_by(3));
    bench.delete("newsletters", 2, 10..50);
    mirror.refresh().unwrap();
    let refreshed = rows(&mirror.session(ProviderId(1)).unwrap(), "newsletters");
    bench.check(&mirror, 2);
    mirror.rebuild().unwrap();
    assert_eq!(rows(&mirror.session(ProviderId(1)).unwrap(), "newsletters"), refreshed);
    bench.check(&mirror, 2);
    assert!(mirror.verify().unwrap().is_clean());
}

#[test]
fn old_sessions_keep_their_revision_and_their_files() {
    let (bench, mut rng) = filled(2);
    let mirror = bench.open();
    mirror.refresh().unwrap();
    bench.put(&mut rng, "customers", 1, [10]);
    let (old, expected) = (mirror.session(ProviderId(1)).unwrap(), bench.expected(1));
    let files = bench.files(".parquet").len();
    bench.put(&mut rng, "customers", 1, 1..=90);
    mirror.rebuild().unwrap();
    assert!(bench.files(".parquet").len() > files);
    expected.check(&old);
    drop(old);
    let kept = mirror.rebuild().unwrap().segments_written;
    assert_eq!(bench.files(".parquet").len(), kept, "files that nobody reads are deleted");
    bench.check(&mirror, 2);
}

#[test]
fn a_large_change_goes_to_segments_and_not_to_memory() {
    let (bench, mut rng) = filled(1);
    let bounded = MirrorOptions { delta_rows_max: 500, ..options(MirrorRole::Writer) };
    let mirror = bench.open_with(bounded).unwrap();
    bench.put(&mut rng, "customers", 1, 1..=400);
    bench.check(&mirror, 1);
    bench.put(&mut rng, "customers", 1, 1..=501);
    bench.check(&mirror, 1);
    assert_eq!(mirror.status().unwrap().delta_changes, 0);
    bench.delete("customers", 1, 1..=501);
    bench.check(&mirror, 1);
}

#[test]
fn a_delta_past_its_bound_is_refreshed_in_the_background() {
    let (bench, mut rng) = filled(1);
    let eager = MirrorOptions { refresh_after_rows: 100, ..options(MirrorRole::Writer) };
    let mirror = bench.open_with(eager).unwrap();
    mirror.refresh().unwrap();
    let covered = mirror.status().unwrap().covered;
    bench.put(&mut rng, "customers", 1, 1..=99);
    bench.check(&mirror, 1);
    mirror.wait_for_refresh();
    assert_eq!(mirror.status().unwrap().covered, covered);
    bench.put(&mut rng, "coupons", 1, [1]);
    bench.check(&mirror, 1);
    mirror.wait_for_refresh();
    let status = mirror.status().unwrap();
    assert_eq!((status.covered, status.delta_changes), (bench.store.revision().unwrap(), 0));
    bench.check(&mirror, 1);
}

#[test]
fn one_process_writes_and_others_read_beside_it() {
    let (bench, mut rng) = filled(2);
    let writer = bench.open();
    writer.refresh().unwrap();
    assert_eq!(bench.open_with(options(MirrorRole::Writer)).err().unwrap().code(), "mirror_locked");
    let reader = bench.open_with(options(MirrorRole::Reader)).unwrap();
    bench.check(&reader, 2);
    bench.put(&mut rng, "customers", 2, 50..=120);
    bench.check(&reader, 2);
    let held = (reader.session(ProviderId(2)).unwrap(), bench.expected(2));
    writer.rebuild().unwrap();
    writer.rebuild().unwrap();
    held.1.check(&held.0);
    bench.put(&mut rng, "customers", 1, [4]);
    bench.check(&reader, 2);
    assert!(reader.status().unwrap().generation > 1, "the reader went on to the new manifest");
    assert_eq!(reader.refresh().unwrap_err().code(), "mirror_locked");
}

#[test]
fn a_reader_alone_builds_what_it_needs() {
    let (bench, mut rng) = filled(1);
    let bounded = MirrorOptions { delta_rows_max: 50, ..options(MirrorRole::Reader) };
    let reader = bench.open_with(bounded).unwrap();
    bench.check(&reader, 1);
    assert!(!bench.files(".parquet").is_empty());
    let writer = bench.open();
    bench.put(&mut rng, "customers", 1, 1..=60);
    let waiting = std::thread::scope(|scope| {
        let waiting = scope.spawn(|| bench.check(&reader, 1));
        writer.refresh().unwrap();
        waiting.join()
    });
    waiting.unwrap();
}

#[test]
fn a_reader_does_not_wait_for_ever() {
    let (bench, mut rng) = filled(1);
    let writer = bench.open();
    writer.refresh().unwrap();
    let hasty = MirrorOptions {
        delta_rows_max: 10,
        refresh_wait: std::time::Duration::ZERO,
        ..options(MirrorRole::Reader)
    };
    let reader = bench.open_with(hasty).unwrap();
    bench.put(&mut rng, "customers", 1, 1..=60);
    assert_eq!(reader.session(ProviderId(1)).err().unwrap().code(), "mirror_behind");
}

#[test]
fn files_of_readers_own_refreshes_are_deleted_by_the_next_reader() {
    let (bench, _) = filled(1);
    let reader = || bench.open_with(options(MirrorRole::Reader)).unwrap();
    for _ in 0..3 {
        reader().rebuild().unwrap();
    }
    let reader = reader();
    let segments: usize = reader.status().unwrap().tables.iter().map(|table| table.segments).sum();
    assert_eq!(bench.files(".parquet").len(), segments);
    bench.check(&reader, 1);
}

/// Every commit writes the same number into one row of each of two tables, and adds or deletes one
/// row in both. No session may see a commit in only one of the tables, however threads interleave.
#[test]
fn refreshes_race_safely_with_imports_and_reads() {
    const COMMITS: i64 = 150;
    let (bench, mut rng) = filled(2);
    let busy =
        MirrorOptions { refresh_after_rows: 20, delta_rows_max: 60, ..options(MirrorRole::Writer) };
    let mirror = bench.open_with(busy).unwrap();
    let pair = [table("customers"), table("coupons")];
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in 1..=COMMITS {
                bench.store.commit(|commit| {
                    for table in pair {
                        let mut marked = random_row(&mut rng, table, 1);
                        marked[table.created_at()] = Cell::Int(number);
                        commit.put(table, 1, marked);
                        commit.put(table, 1, random_row(&mut rng, table, 1_000 + number));
                        commit.delete(table, 1, number % 90 + 2);
                    }
                });
            }
            is_done.store(true, Ordering::Release);
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                mirror.refresh().unwrap();
            }
        });
        for _ in 0..2 {
            scope.spawn(|| {
                let mut last = 0;
                while !is_done.load(Ordering::Acquire) {
                    let session = mirror.session(ProviderId(1)).unwrap();
                    let seen = pair.map(|table| {
                        let rows = rows(&session, table.name);
                        let marked = rows[&1][table.created_at()].as_int().unwrap();
                        (rows.keys().copied().collect::<Vec<_>>(), marked)
                    });
                    if seen[0].0.iter().any(|id| *id > 1_000) {
                        assert_eq!(seen[0], seen[1]);
                        assert!(seen[0].1 >= last, "a later session never sees less");
                        last = seen[0].1;
                    }
                }
            });
        }
    });
    bench.check(&mirror, 2);
    assert!(mirror.verify().unwrap().is_clean());
}
