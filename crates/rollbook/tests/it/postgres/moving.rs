//! `rollbook move`.

use std::process::Output;

use super::{UNLIMITED, cluster, fill, made, pages};
use crate::server::{Data, program};

fn moved(from: &Data, to: &str) -> Output {
    program().args(["move", "--from", from.path(), "--to", to]).output().unwrap()
}

#[test]
fn a_moved_store_gives_the_same_answers_to_the_same_tokens() {
    let data = Data { folder: tempfile::tempdir().unwrap() };
    data.configure(UNLIMITED);
    fill(&data);
    let token = data.token(1);
    let server = data.serve();
    let before = (pages(&server, &token), made(&server, &token, "customers", "csv").body);
    let url = cluster::database();
    let refused = moved(&data, &url);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("in use by another server"), "{said}");
    drop(server);

    let done = moved(&data, &url);
    let (said, counts) = (String::from_utf8(done.stdout), String::from_utf8(done.stderr).unwrap());
    assert!(done.status.success(), "{counts}");
    let said = said.unwrap();
    assert!(said.contains("each table compared") && !said.contains("s3cret"), "{said}");
    let customers = counts.lines().find(|line| line.starts_with("customers ")).unwrap();
    let lines = String::from_utf8(before.1.clone()).unwrap().lines().count();
    let rows: usize = customers.split_whitespace().nth(1).unwrap().parse().unwrap();
    // The file has a line of names, too.
    assert!(lines > 1 && rows + 1 >= lines, "{customers}, and a file of {lines} lines");

    data.configure(&format!("{UNLIMITED}[store]\nurl = \"{url}\"\n"));
    std::fs::rename(data.folder.path().join("rollbook.db"), data.folder.path().join("old.db"))
        .unwrap();
    let server = data.serve();
    let after = (pages(&server, &token), made(&server, &token, "customers", "csv").body);
    assert_eq!(before.0, after.0);
    assert!(before.1 == after.1, "files differ");
    assert_eq!(server.get(&token, "/api/v2/jobs").ok()["count"], 2);
}

#[test]
fn nothing_is_moved_over_another_store_or_from_an_empty_folder() {
    let data = Data::with_provider();
    let url = cluster::database();
    assert!(moved(&data, &url).status.success());
    let empty = Data { folder: tempfile::tempdir().unwrap() };
    for (from, to, expected) in [
        (&data, url.as_str(), "exists already"),
        (&empty, url.as_str(), "there are no records"),
        (&data, "mysql://ann:s3cret@host/x", "postgres://"),
        (&data, "postgres://ann:s3cret@%2Fno%2Fsuch/x", "cannot be used"),
    ] {
        let output = moved(from, to);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(expected) && !said.contains("s3cret"), "{said}");
    }
}
