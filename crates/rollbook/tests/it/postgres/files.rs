//! The files folder, which all nodes share.

use serde_json::json;

use super::node;
use crate::jobs::{customers, file, job, link, queued, succeeded};
use crate::server::{Server, TestDataFolder, program, run};
use testkit::postgres;

fn in_folder(folder: &std::path::Path) -> String {
    format!("[files]\ndir = \"{}\"\n", folder.display())
}

/// Returns the message of a server that does not start.
fn refused(data: &TestDataFolder) -> String {
    let mut command = program();
    let output = command.args(["serve", "--listen", "127.0.0.1:0", "--data", data.path()]).output();
    let output = output.unwrap();
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

fn ready(server: &Server) -> u16 {
    server.request("GET", "/readyz").send().status
}

#[test]
fn a_node_with_a_folder_of_its_own_does_not_start_until_it_is_told_that_the_other_is_gone() {
    let url = postgres::database();
    let (first, second) = (node(&url, ""), node(&url, ""));
    first.add_provider(1, "Europe/London", "gbp");
    let server = first.serve();
    let said = refused(&second);
    let expected = "is not the folder that the other nodes put files in";
    assert!(said.contains(expected) && said.contains("hint: set files.dir"), "{said}");
    drop(server);
    let found = program().args(["doctor", "--data", second.path()]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("WRONG   files folder"), "{found}");

    let adopted = run(&["adopt-files", "--data", second.path()]);
    assert!(adopted.contains("is now the shared file folder"), "{adopted}");
    second.serve();
    let found = run(&["doctor", "--data", second.path()]);
    assert!(found.contains("ok      files folder"), "{found}");
}

#[test]
fn two_stores_do_not_share_a_folder_where_each_would_remove_the_others_files() {
    let files = tempfile::tempdir().unwrap();
    let settings = in_folder(files.path());
    let ours = node(&postgres::database(), &settings);
    let theirs = TestDataFolder::in_folder();
    theirs.add_provider(1, "Europe/London", "gbp");
    theirs.configure(&settings);
    ours.add_provider(1, "Europe/London", "gbp");
    drop(ours.serve());
    let said = refused(&theirs);
    assert!(said.contains("holds the files of another store"), "{said}");
}

/// The folder goes and comes back, as the mount of a disk does.
#[test]
fn while_the_folder_is_away_nothing_is_lost_and_no_job_fails() {
    let outer = tempfile::tempdir().unwrap();
    let [files, away] = ["files", "away"].map(|name| outer.path().join(name));
    let data = node(&postgres::database(), &in_folder(&files));
    data.add_provider(1, "Europe/London", "gbp");
    let token = data.token(1);
    let server = data.serve();
    server.import(&token, "customers", "application/x-ndjson", &customers(20)).ok();
    let before = succeeded(&server, &token, queued(&server, &token, "customers", &json!({})));
    let whole = file(&server, &before).body;

    std::fs::rename(&files, &away).unwrap();
    std::fs::create_dir(&files).unwrap();
    let answer = server.request("GET", &link(&server, &before)).send();
    assert_eq!((answer.status, &answer.json()["code"]), (503, &json!("unavailable")));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(ready(&server), 503);
    let meanwhile = queued(&server, &token, "customers", &json!({}));
    // Gives a worker time to look for work.
    while ready(&server) == 200 || job(&server, &token, meanwhile)["status"] == "running" {}
    assert_eq!(job(&server, &token, meanwhile)["status"], "queued");

    std::fs::remove_dir(&files).unwrap();
    std::fs::rename(&away, &files).unwrap();
    assert_eq!(ready(&server), 200);
    assert_eq!(file(&server, &before).body, whole);
    assert_eq!(file(&server, &succeeded(&server, &token, meanwhile)).body, whole);
    // A file that is missing from the right folder counts as lost.
    let path = link(&server, &before);
    for month in std::fs::read_dir(&files).unwrap().map(|entry| entry.unwrap().path()) {
        if month.is_dir() {
            std::fs::remove_dir_all(month).unwrap();
        }
    }
    std::fs::create_dir(files.join("making")).unwrap();
    assert_eq!(server.request("GET", &path).send().status, 500);
    assert_eq!(job(&server, &token, before["id"].as_i64().unwrap())["status"], "failed");
}
