//! `rollbook move`.

use std::io::{BufRead, BufReader};
use std::process::{Output, Stdio};

use super::{UNLIMITED, fill, made, pages};
use crate::server::{TestDataFolder, program};
use testkit::postgres;

fn moved(from: &TestDataFolder, to: &str) -> Output {
    program().args(["move", "--from", from.path(), "--to", to]).output().unwrap()
}

#[test]
fn a_moved_store_gives_the_same_answers_to_the_same_tokens() {
    let data = TestDataFolder::in_folder();
    data.configure(UNLIMITED);
    fill(&data);
    let token = data.token(1);
    let server = data.serve();
    let before = (pages(&server, &token), made(&server, &token, "customers", "csv").body);
    let url = postgres::database();
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
    // The file also has a header line.
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
    let data = TestDataFolder::in_folder();
    data.add_provider(1, "Europe/London", "gbp");
    let other = TestDataFolder::in_folder();
    other.add_provider(1, "Europe/London", "gbp");
    let url = postgres::database();
    assert!(moved(&other, &url).status.success());
    let empty = TestDataFolder::in_folder();
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

#[test]
fn a_move_that_is_killed_goes_on_and_one_that_is_done_is_known_again() {
    let data = TestDataFolder::in_folder();
    fill(&data);
    let url = postgres::database();
    for tables in [1, 2, 5, 9, 14, 20] {
        let mut command = program();
        command.args(["move", "--from", data.path(), "--to", &url]);
        let mut child = command.stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        assert_eq!(lines.take(tables).filter(|line| line.is_ok()).count(), tables);
        child.kill().unwrap();
        child.wait().unwrap();
        let kept = "SELECT to_regclass('rollbook_move') IS NOT NULL";
        assert_eq!(postgres::psql(&url, kept).trim(), "t", "killed after {tables} tables");
        let refused = program()
            .args(["provider", "list", "--data", TestDataFolder::over(&url).path()])
            .output();
        assert!(!refused.unwrap().status.success(), "half a store opens");
    }
    let done = moved(&data, &url);
    let counts = String::from_utf8_lossy(&done.stderr);
    assert!(
        counts.lines().filter(|line| line.contains("(moved before)")).count() >= 20,
        "{counts}"
    );
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let again = moved(&data, &url);
    let said = String::from_utf8(again.stdout).unwrap();
    assert!(again.status.success() && said.contains("already moved: "), "{said}");

    let there = TestDataFolder::over(&url);
    let (token, [here, there]) = (there.token(1), [&data, &there].map(TestDataFolder::serve));
    let refused = moved(&data, &url);
    assert!(!refused.status.success(), "a server is on the folder");
    let of_here = data.token(1);
    assert_eq!(pages(&here, &of_here), pages(&there, &token));
}
