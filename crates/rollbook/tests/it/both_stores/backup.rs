//! Backup and restore as described in `docs/operating.md`, with the scripts under `deploy/`.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::json;

use crate::jobs::{file, job, link, queued, succeeded};
use crate::postgres::nodes::load::Load;
use crate::postgres::{fill, pages};
use crate::server::{Server, TestDataFolder, forget_variables, program};
use testkit::postgres;

const UNLIMITED: &str = "[rate_limit]\nper_minute = 0\n";
/// Number of imports before the copy, and again after it.
const IMPORTS: usize = 5;

fn run_script(name: &str, data: &TestDataFolder, argument: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name);
    let program = Path::new(env!("CARGO_BIN_EXE_rollbook")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(script);
    forget_variables(&mut command);
    command.arg(argument).env("ROLLBOOK_DATA", data.path());
    match data.url() {
        Some(url) => {
            command.env("ROLLBOOK_STORE_URL", url);
            command.env("PATH", format!("{}:{path}", postgres::binaries()));
        }
        None => drop(command.env("PATH", path)),
    }
    command.output().unwrap()
}

fn script(name: &str, data: &TestDataFolder, argument: &Path) {
    let output = run_script(name, data, argument);
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
    assert!(output.status.success(), "{name}: {said:?}");
}

fn load(server: &Server, token: &str) -> Load {
    let addresses = [server.address.clone(), server.address.clone()];
    Load::without_imports(token.to_owned(), Arc::new(Mutex::new(addresses)))
}

/// Copies the data folder while imports run, before and after.
fn copied_under_load(data: &TestDataFolder, server: &Server, token: &str, to: &Path) -> Load {
    let load = load(server, token);
    load.begin();
    std::thread::scope(|scope| {
        let stopping = load.stop_when_dropped();
        scope.spawn(|| load.import(0));
        while load.commits() < IMPORTS {
            std::thread::yield_now();
        }
        script("backup.sh", data, to);
        let then = load.commits();
        while load.commits() < then + IMPORTS {
            std::thread::yield_now();
        }
        drop(stopping);
    });
    load
}

#[test]
fn what_is_restored_in_a_new_place_answers_as_it_did_at_that_revision() {
    let data = TestDataFolder::empty();
    data.configure(UNLIMITED);
    fill(&data);
    data.add_provider(2, "Europe/London", "gbp");
    let (token, other) = (data.token(1), data.token(2));
    let server = data.serve();
    let made = succeeded(&server, &token, queued(&server, &token, "customers", &json!({})));
    let (expected, id) = (pages(&server, &token), made["id"].as_i64().unwrap());
    let whole = file(&server, &made).body;

    let outer = tempfile::tempdir().unwrap();
    let copy = outer.path().join("copy");
    let load_here = copied_under_load(&data, &server, &other, &copy);
    let again = run_script("backup.sh", &data, &copy);
    assert!(!again.status.success(), "a copy is written over another");
    drop(server);

    let there = TestDataFolder::empty();
    script("restore.sh", &there, &copy);
    let again = run_script("restore.sh", &there, &copy);
    assert!(!again.status.success(), "what is there is overwritten");
    let server = there.serve();
    assert_eq!(pages(&server, &token), expected);
    let load_there = load(&server, &other);
    load_there.look(0);
    let (history, reads) = (load_here.history(), load_there.reads());
    history.check_reads(&reads);
    assert!(reads[0].revision < history.last(), "all of the load was before the copy");
    assert_eq!(file(&server, &job(&server, &token, id)).body, whole);
    let found = program().args(["doctor", "--data", there.path(), "--full"]).output().unwrap();
    let found = String::from_utf8(found.stdout).unwrap();
    assert!(found.contains("ok      store") && found.contains("rows as in the store"), "{found}");

    // The restored store can be used like any other.
    assert_eq!(server.import(&token, "customers", "text/csv", b"id,name\n1,Ann\n").status, 200);
}

#[test]
fn a_copy_is_for_its_owner_only_and_its_time_is_told() {
    use std::os::unix::fs::PermissionsExt;
    let data = TestDataFolder::with_provider();
    data.configure("[smtp]\nhost = \"mail.example\"\npassword = \"s3cret\"\n");
    let settings = data.folder.path().join("rollbook.toml");
    let readable = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&settings, readable).unwrap();
    let figure = "rollbook_last_backup_timestamp_seconds ";
    let told = |server: &Server| {
        let text = server.request("GET", "/metrics").send().text();
        let line = text.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
        line.parse::<f64>().unwrap()
    };
    let server = data.serve();
    assert_eq!(told(&server), 0.0);
    let outer = tempfile::tempdir().unwrap();
    let copy = outer.path().join("copy");
    script("backup.sh", &data, &copy);
    let copied = std::fs::metadata(copy.join("rollbook.toml")).unwrap();
    assert_eq!(copied.permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o700);
    let written = std::fs::metadata(data.folder.path().join("last-backup")).unwrap();
    let written = written.modified().unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((told(&server) - written.as_secs_f64()).abs() < 60.0, "{}", told(&server));
}

#[test]
fn of_a_damaged_store_there_is_no_copy() {
    let data = TestDataFolder::in_folder();
    data.add_provider(1, "Europe/London", "gbp");
    crate::doctor::damage(&data);
    let outer = tempfile::tempdir().unwrap();
    let copy = outer.path().join("copy");
    let copy = copy.to_str().unwrap();
    let output = program().args(["backup", "--data", data.path(), "--to", copy]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("is not whole") || said.contains("damaged"), "{said}");
    assert!(!Path::new(copy).exists());
}

#[test]
fn without_the_copy_of_the_files_everything_else_is_restored_and_they_are_named_as_lost() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    let made = succeeded(&server, &token, queued(&server, &token, "customers", &json!({})));
    let id = made["id"].as_i64().unwrap();
    let outer = tempfile::tempdir().unwrap();
    let copy = outer.path().join("copy");
    script("backup.sh", &data, &copy);
    drop(server);
    if data.is_over_database() {
        std::fs::remove_file(copy.join("files.tar")).unwrap()
    } else {
        std::fs::remove_dir_all(copy.join("files")).unwrap()
    }
    let there = TestDataFolder::empty();
    script("restore.sh", &there, &copy);
    let server = there.serve();
    let path = link(&server, &job(&server, &token, id));
    assert_eq!(server.request("GET", &path).send().status, 500);
    let lost = job(&server, &token, id);
    assert_eq!((&lost["status"], &lost["error_code"]), (&json!("failed"), &json!("file_missing")));
}
