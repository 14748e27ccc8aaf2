//! Flipped bits in the mirror's files never show in an answer or a file, from the server, a worker
//! or the command line. Rule: spec/product.md, "What always holds".
//!
//! `FLIPS=10000` tries that many bits with each of the three, instead of a few.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::jobs::{file, queued, succeeded};
use crate::server::{Server, TestDataFolder, Worker, program};

const IDLE: &str = "[rate_limit]\nper_minute = 0\n[jobs]\nwork_in_server = false\n";
const BUSY: &str = "[rate_limit]\nper_minute = 0\n";
const PAGE: &str =
    "/api/v2/reports/customers/data?limit=100&sort=-full_name&columns=full_name,email";
const CUSTOMERS: i64 = 4_000;

/// Returns a data folder with enough customers for several blocks per file, and invoices of some.
fn filled_data(configuration: &str) -> (TestDataFolder, String) {
    let data = TestDataFolder::with_provider();
    data.configure(BUSY);
    let token = data.token(1);
    let server = data.serve();
    let mut csv = String::from("id,name,email,metadata\n");
    for id in 1..=CUSTOMERS {
        let mix = id.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
        csv.push_str(&format!("{id},Name {mix:x},c{mix}@example.org,\"{{\"\"n\"\":{mix}}}\"\n"));
    }
    server.import(&token, "customers", "text/csv", csv.as_bytes()).ok();
    let mut csv = String::from("id,customer_id,status,currency,subtotal,tax,total,date\n");
    for id in 1..=400 {
        csv.push_str(&format!("{id},{id},open,gbp,{id}00,0,{id}00,2026-01-05T00:00:00Z\n"));
    }
    server.import(&token, "invoices", "text/csv", csv.as_bytes()).ok();
    let mut csv = String::from("id,invoice_id,description,amount,tax,currency\n");
    for id in 1..=400 {
        csv.push_str(&format!("{id},{id},Class,{id}00,0,gbp\n"));
    }
    server.import(&token, "invoice_lines", "text/csv", csv.as_bytes()).ok();
    drop(server);
    data.configure(configuration);
    (data, token)
}

fn command(data: &TestDataFolder, arguments: &[&str]) -> (Option<i32>, Vec<u8>) {
    let common = ["--data", data.path(), "--provider", "1"];
    let output = program().args(arguments).args(common).output().unwrap();
    (output.status.code(), output.stdout)
}

fn flips(few: usize) -> usize {
    std::env::var("FLIPS").map_or(few, |count| count.parse().unwrap())
}

fn segments(data: &TestDataFolder) -> Vec<PathBuf> {
    let files = fs::read_dir(data.folder.path().join("mirror")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet")).collect()
}

/// Flips a random bit of a file in place, without a change of size or time.
fn flip_some_bit(data: &TestDataFolder, rng: &mut ChaCha8Rng) {
    let files = segments(data);
    let path = &files[rng.random_range(0..files.len())];
    let file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let (mut byte, at) = ([0], rng.random_range(0..file.metadata().unwrap().len()));
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ (1 << rng.random_range(0..8))], at).unwrap();
}

#[test]
fn the_command_line_shows_and_writes_what_is_true_or_fails() {
    let (data, _) = filled_data(BUSY);
    run_refresh(&data);
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let commands: [&[&str]; 3] = [
        &["report", "customers", "--format", "csv", "--columns", "id,full_name,email"],
        &["report", "invoices", "--format", "csv", "--columns", "number,total_amount"],
        &["accounting", "--month", "2026-01", "--currency", "gbp", "--full", "-o", "-"],
    ];
    let truth = commands.map(|arguments| command(&data, arguments));
    assert!(truth.iter().all(|(code, said)| *code == Some(0) && !said.is_empty()));
    for _ in 0..flips(8) {
        flip_some_bit(&data, &mut rng);
        for (arguments, truth) in commands.iter().zip(&truth) {
            let (code, said) = command(&data, arguments);
            assert!(code == Some(1) || (code, &said) == (Some(0), &truth.1), "{arguments:?}");
            // The next reader rebuilds the damaged file.
            assert_eq!(&command(&data, arguments), truth, "{arguments:?}");
        }
    }
}

fn run_refresh(data: &TestDataFolder) {
    crate::server::run(&["mirror", "refresh", "--data", data.path()]);
}

#[test]
fn the_server_shows_what_is_true() {
    let (data, token) = filled_data(BUSY);
    run_refresh(&data);
    let server = data.serve();
    let truth = server.get(&token, PAGE).ok();
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..flips(25) {
        flip_some_bit(&data, &mut rng);
        let pages = [PAGE, "/api/v2/reports/invoices/data?limit=5"];
        for page in pages {
            let answer = server.get(&token, page);
            assert!([200, 503].contains(&answer.status), "{}", answer.text());
            if page == PAGE && answer.status == 200 {
                assert_eq!(answer.json(), truth);
            }
        }
        assert_eq!(server.get(&token, PAGE).ok(), truth);
    }
}

#[test]
fn a_worker_makes_the_file_that_is_true() {
    let (data, token) = filled_data(IDLE);
    run_refresh(&data);
    let server = data.serve();
    let made = |server: &Server| {
        let body = json!({"columns": ["id", "full_name", "email"], "format": "csv"});
        let job = succeeded(server, &token, queued(server, &token, "customers", &body));
        file(server, &job).body
    };
    let mut worker = Worker::start(&data);
    let truth = made(&server);
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for _ in 0..flips(4) {
        flip_some_bit(&data, &mut rng);
        // A new worker has not read the files yet, like the previous one.
        worker.kill();
        worker = Worker::start(&data);
        assert_eq!(made(&server), truth);
    }
}
