use std::fs::{self, OpenOptions};
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use model::id::ProviderId;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use store::RecordStore;

use super::bench::{MirrorFixture, TABLES, cells, options, table, try_run};
use super::memory::MemoryStore;
use crate::{MirrorRole, manifest};

fn built() -> (MirrorFixture, ChaCha8Rng) {
    let (bench, mut rng) = (MirrorFixture::new(2), ChaCha8Rng::seed_from_u64(4));
    for name in TABLES {
        bench.put(&mut rng, name, 1, 1..=60);
        bench.put(&mut rng, name, 2, 1..=60);
    }
    bench.open().refresh().unwrap();
    (bench, rng)
}

fn truncate(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(file.metadata().unwrap().len() / 2).unwrap();
}

fn flip(path: &Path, at: impl Fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let position = at(bytes.len());
    bytes[position] ^= 0x41;
    fs::write(path, bytes).unwrap();
}

fn remove(path: &Path) {
    fs::remove_file(path).unwrap();
}

type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 6] = [
    ("missing", remove),
    ("cut in half", truncate),
    ("empty", |path| fs::write(path, "").unwrap()),
    ("another byte near the start", |path| flip(path, |_| 40)),
    ("another byte in the middle", |path| flip(path, |length| length / 2)),
    ("another byte near the end", |path| flip(path, |length| length - 20)),
];

#[test]
fn damaged_segments_are_found_and_written_anew() {
    for (how, damage) in DAMAGES {
        let (bench, _) = built();
        damage(&bench.files(".parquet")[1]);
        let mirror = bench.open();
        // Damage that is noticed at first use makes that read fail, and is repaired before the next
        // one.
        for provider in [1, 2] {
            let session = mirror.session(ProviderId(provider)).unwrap();
            for name in TABLES {
                let plan = session.scan(name, "t").unwrap().build().unwrap();
                let expected = bench.store.rows_of(table(name), provider);
                if let Ok(batches) = try_run(&session, plan) {
                    assert_eq!(super::bench::cells(table(name), &batches), expected, "{how}");
                }
            }
        }
        bench.check(&mirror, 2);
        assert!(mirror.verify().unwrap().is_clean(), "{how}");
    }
}

#[test]
fn damage_is_mended_by_rewriting_the_damaged_segment_alone() {
    let (bench, _) = built();
    truncate(&bench.files(".parquet")[1]);
    let before = bench.files(".parquet");
    let mirror = bench.open();
    bench.check(&mirror, 2);
    drop(mirror);
    bench.open();
    let after = bench.files(".parquet");
    assert_eq!(after.iter().filter(|file| !before.contains(file)).count(), 1);
}

#[test]
fn damaged_manifests_are_found_and_the_mirror_is_rebuilt() {
    for (how, damage) in DAMAGES {
        let (bench, _) = built();
        damage(&bench.folder.path().join(manifest::MANIFEST_FILE));
        let mirror = bench.open();
        assert_eq!(mirror.status().unwrap().covered.0, 0, "{how}");
        bench.check(&mirror, 2);
        mirror.refresh().unwrap();
        bench.check(&mirror, 2);
        assert!(mirror.verify().unwrap().is_clean(), "{how}");
    }
}

#[test]
fn verify_finds_damage_in_segments_already_in_use() {
    let (bench, _) = built();
    let mirror = bench.open();
    bench.check(&mirror, 2);
    flip(&bench.files(".parquet")[0], |length| length / 2);
    let report = mirror.verify().unwrap();
    assert!(report.differences[0].contains("checksum"), "{report:?}");
    bench.check(&mirror, 2);
    assert!(mirror.verify().unwrap().is_clean());
}

#[test]
fn a_read_that_fails_leads_to_a_mended_mirror() {
    let (bench, _) = built();
    let mirror = bench.open();
    bench.check(&mirror, 2);
    for file in bench.files(".parquet") {
        fs::write(&file, "").unwrap();
    }
    let session = mirror.session(ProviderId(1)).unwrap();
    let plan = session.scan("customers", "t").unwrap().build().unwrap();
    let error = try_run(&session, plan).unwrap_err();
    assert!(error.is_read_failure(), "{error:?}");
    bench.check(&mirror, 2);
}

#[test]
fn leftovers_of_a_crash_are_removed() {
    let (bench, _) = built();
    let kept = bench.files(".parquet");
    for name in ["customers-g9-0001.parquet", "customers-g9-0002.parquet.tmp", "manifest.json.tmp"]
    {
        fs::write(bench.folder.path().join(name), "half a").unwrap();
    }
    let mirror = bench.open();
    assert_eq!(bench.files(".parquet"), kept);
    assert!(bench.files(".tmp").is_empty());
    bench.check(&mirror, 2);
}

#[test]
fn a_crash_between_segments_and_manifest_leaves_the_old_mirror() {
    let (bench, mut rng) = built();
    let manifest = fs::read(bench.folder.path().join(manifest::MANIFEST_FILE)).unwrap();
    let copies: Vec<_> =
        bench.files(".parquet").into_iter().map(|file| (fs::read(&file).unwrap(), file)).collect();
    bench.put(&mut rng, "customers", 1, 30..=90);
    bench.open().refresh().unwrap();
    fs::write(bench.folder.path().join(manifest::MANIFEST_FILE), manifest).unwrap();
    for (content, file) in copies {
        fs::write(file, content).unwrap();
    }
    let mirror = bench.open();
    bench.check(&mirror, 2);
    mirror.refresh().unwrap();
    bench.check(&mirror, 2);
}

#[test]
fn a_mirror_of_another_store_is_not_used() {
    let (mut bench, mut rng) = built();
    bench.store = MemoryStore::with_secret(2, [8; 32]);
    while bench.store.revision().unwrap().0 < 20 {
        bench.put(&mut rng, "customers", 1, 1..=3);
    }
    let mirror = bench.open();
    assert_eq!(mirror.status().unwrap().covered.0, 0);
    bench.check(&mirror, 2);
    mirror.refresh().unwrap();
    bench.check(&mirror, 2);
}

#[test]
fn a_mirror_newer_than_a_restored_store_is_not_used() {
    for writes_after in [0, 1, 5] {
        let (bench, mut rng) = built();
        let restore = bench.store.copy();
        bench.put(&mut rng, "customers", 1, 50..=70);
        bench.put(&mut rng, "coupons", 1, 50..=70);
        bench.open().refresh().unwrap();
        restore(&bench.store);
        for _ in 0..writes_after {
            bench.put(&mut rng, "newsletters", 2, [1]);
        }
        let mirror = bench.open();
        assert_eq!(mirror.status().unwrap().covered.0, 0, "{writes_after} writes after");
        bench.check(&mirror, 2);
    }
}

#[test]
fn a_store_that_goes_back_while_in_use_is_noticed() {
    let (bench, mut rng) = built();
    let restore = bench.store.copy();
    let mirror = bench.open();
    bench.put(&mut rng, "customers", 1, 50..=70);
    bench.check(&mirror, 2);
    restore(&bench.store);
    bench.check(&mirror, 2);
    bench.put(&mut rng, "coupons", 1, [1]);
    mirror.refresh().unwrap();
    bench.check(&mirror, 2);
}

#[test]
fn what_a_crash_leaves_behind_is_never_taken_for_the_mirror() {
    for role in [MirrorRole::Writer, MirrorRole::Reader] {
        let (bench, _) = built();
        for file in bench.files(".parquet") {
            truncate(&file);
        }
        let mirror = bench.open_with(options(role)).unwrap();
        bench.check(&mirror, 2);
    }
}

/// Flips one bit of a file in place, as a disk would.
fn flip_bit(path: &Path, bit: u64) {
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, bit / 8).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << (bit % 8))], bit / 8).unwrap();
}

fn flip_some_bit(bench: &MirrorFixture, rng: &mut ChaCha8Rng) {
    let files = bench.files(".parquet");
    let file = &files[rng.random_range(0..files.len())];
    flip_bit(file, rng.random_range(0..fs::metadata(file).unwrap().len() * 8));
}

/// Reads every table of both providers. Each read must show what the store has, or fail. Returns
/// the number of failed reads.
fn read_all(bench: &MirrorFixture, mirror: &crate::Mirror) -> usize {
    let mut failed = 0;
    for provider in [1, 2] {
        for name in TABLES {
            let session = mirror.session(ProviderId(provider)).unwrap();
            let plan = session.scan(name, "t").unwrap().build().unwrap();
            match try_run(&session, plan) {
                Ok(batches) => {
                    let expected = bench.store.rows_of(table(name), provider);
                    assert_eq!(cells(table(name), &batches), expected);
                }
                Err(error) => {
                    assert!(error.is_read_failure(), "{error:?}");
                    failed += 1;
                }
            }
        }
    }
    failed
}

#[test]
fn a_flipped_bit_is_never_served() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for (role, is_in_use) in [
        (MirrorRole::Writer, false),
        (MirrorRole::Writer, true),
        (MirrorRole::Reader, false),
        (MirrorRole::Reader, true),
    ] {
        let (bench, _) = built();
        let mut failed = 0;
        for _ in 0..25 {
            if !is_in_use {
                flip_some_bit(&bench, &mut rng);
            }
            let mirror = bench.open_with(options(role)).unwrap();
            if is_in_use {
                bench.check(&mirror, 2);
                flip_some_bit(&bench, &mut rng);
            }
            failed += read_all(&bench, &mirror);
            bench.check(&mirror, 2);
        }
        // Earlier damage is found when the mirror is opened, so no read meets it.
        assert_eq!(failed > 0, is_in_use, "{role:?}: {failed} reads met a flipped bit");
    }
}

#[test]
fn a_reader_has_the_damage_mended_by_the_process_that_keeps_the_mirror() {
    let (bench, _) = built();
    let keeper = bench.open();
    let reader = bench.open_with(options(MirrorRole::Reader)).unwrap();
    bench.check(&reader, 2);
    for file in bench.files(".parquet") {
        flip_bit(&file, 8 * 8);
    }
    assert!(read_all(&bench, &reader) > 0);
    bench.check(&reader, 2);
    let began = Instant::now();
    while !bench.files(".damaged").is_empty() {
        assert!(began.elapsed() < Duration::from_secs(60), "a report stays");
        std::thread::yield_now();
    }
    assert!(keeper.verify().unwrap().is_clean());
}

#[test]
fn what_a_process_found_damaged_is_mended_by_the_next_one() {
    let (bench, _) = built();
    let reader = bench.open_with(options(MirrorRole::Reader)).unwrap();
    for file in bench.files(".parquet") {
        flip_bit(&file, 8 * 8);
    }
    let session = reader.session(ProviderId(1)).unwrap();
    let plan = session.scan("customers", "t").unwrap().build().unwrap();
    assert!(try_run(&session, plan).unwrap_err().is_read_failure());
    drop((session, reader));
    assert_eq!(bench.files(".damaged").len(), 1);
    let reader = bench.open_with(options(MirrorRole::Reader)).unwrap();
    let session = reader.session(ProviderId(1)).unwrap();
    let plan = session.scan("customers", "t").unwrap().build().unwrap();
    let batches = try_run(&session, plan).unwrap();
    assert_eq!(cells(table("customers"), &batches), bench.store.rows_of(table("customers"), 1));
}

#[test]
fn only_the_owner_may_read_the_mirror() {
    let (bench, _) = built();
    let folder = bench.folder.path();
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    bench.open().rebuild().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder), 0o700);
    for file in bench.files("") {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn a_removed_folder_is_made_again_while_the_mirror_is_in_use() {
    let (bench, mut rng) = built();
    let mirror = bench.open();
    bench.check(&mirror, 2);
    fs::remove_dir_all(bench.folder.path()).unwrap();
    read_all(&bench, &mirror);
    bench.check(&mirror, 2);
    bench.put(&mut rng, "customers", 1, 70..=80);
    mirror.refresh().unwrap();
    bench.check(&mirror, 2);
    assert!(
        bench.open_with(options(MirrorRole::Writer)).is_err(),
        "the right to write is held again"
    );
}
