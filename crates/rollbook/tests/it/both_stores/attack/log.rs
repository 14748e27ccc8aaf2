//! Logs that cannot be written: lines are lost, but requests and jobs go on.

use std::fs::File;
use std::io::pipe;
use std::process::Stdio;

use super::{prepared, works};
use crate::server::Server;

/// Number of requests whose log lines fill a pipe without a reader (64 KiB).
const REQUESTS: usize = 600;

fn works_without_log(log: Stdio) {
    let data = prepared("");
    let token = data.token(1);
    let server = Server::logging_to(data.folder.path(), log);
    for number in 0..REQUESTS {
        let answer = server.request("GET", "/healthz").send();
        assert_eq!(answer.status, 200, "request {number}");
    }
    works(&server, &token);
    assert_eq!(server.request("GET", "/readyz").send().status, 200);
    let figures = server.request("GET", "/metrics").send().text();
    assert!(figures.contains("rollbook_panics_total 0"), "{figures}");
}

#[test]
fn the_reader_of_the_log_has_gone() {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    works_without_log(writer.into());
}

#[test]
fn the_reader_of_the_log_is_stuck() {
    let (_reader, writer) = pipe().unwrap();
    works_without_log(writer.into());
}

#[test]
fn the_disk_of_the_log_is_full() {
    let Ok(full) = File::options().write(true).open("/dev/full") else { return };
    works_without_log(full.into());
}
