//! `rollbook doctor`: levels, exit status, and its findings about damage.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};

use crate::server::{TestDataFolder, program, run};

fn doctor(folder: &str, arguments: &[&str]) -> Output {
    program().args(["doctor", "--data", folder]).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(all).unwrap()
}

/// Returns the subjects of the findings at a level.
fn at(level: &str, output: &Output) -> Vec<String> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let of_level = text.lines().filter(|line| line.split(' ').next() == Some(level));
    of_level.map(|line| line[8..22].trim().to_owned()).collect()
}

fn import(data: &TestDataFolder, table: &str, rows: &str) {
    let file = data.folder.path().join(format!("{table}.csv"));
    std::fs::write(&file, rows).unwrap();
    run(&["import", "--data", data.path(), "--provider", "1", file.to_str().unwrap()]);
}

/// Overwrites pages of the store that hold rows, without a change of its size.
pub(crate) fn damage(data: &TestDataFolder) {
    let rows: String = (1..3000).map(|id| format!("{id},Customer number {id}\n")).collect();
    import(data, "customers", &format!("id,name\n{rows}"));
    let path = data.folder.path().join("rollbook.db");
    let mut bytes = std::fs::read(&path).unwrap();
    let marks = b"Customer number 1500";
    let row = bytes.windows(marks.len()).position(|window| window == marks).unwrap();
    // The first bytes of a page describe its content; the page size is in the file's header.
    let page_bytes = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    let page = row - row % page_bytes;
    bytes[page..page + 32].fill(0xee);
    std::fs::write(path, bytes).unwrap();
}

/// `rollbook demo` in a folder of its own; killed when dropped.
struct Demo {
    child: Child,
    outer: tempfile::TempDir,
}

impl Demo {
    fn start(rows: &str) -> Self {
        let outer = tempfile::tempdir().unwrap();
        let mut child = program()
            .args(["demo", "--listen", "127.0.0.1:0", "--rows", rows])
            .env("TMPDIR", outer.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.map_while(Result::ok).any(|line| line.starts_with("address"));
        let demo = Self { child, outer };
        assert!(ready, "the demo ended before it listened");
        demo
    }

    fn folder(&self) -> PathBuf {
        let mut inner = std::fs::read_dir(self.outer.path()).unwrap().map(|e| e.unwrap().path());
        inner.find(|path| path.join("rollbook.db").exists()).unwrap()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn nothing_is_wrong_with_the_demo() {
    let demo = Demo::start("20000");
    let folder = demo.folder();
    let found = doctor(folder.to_str().unwrap(), &[]);
    assert_eq!(found.status.code(), Some(0), "{}", said(&found));
    assert_eq!(at("WRONG", &found), [""; 0], "{}", said(&found));
    let fine = at("ok", &found);
    for subject in ["program", "file modes", "store", "mirror", "files", "server"] {
        assert!(fine.contains(&subject.to_owned()), "{subject}: {}", said(&found));
    }
    let full = doctor(folder.to_str().unwrap(), &["--full", "--only", "system", "--strict"]);
    assert_eq!(full.status.code(), Some(0), "{}", said(&full));
}

#[test]
fn records_that_look_wrong_are_warnings_and_fail_only_when_asked_for() {
    let data = TestDataFolder::with_provider();
    import(&data, "customers", "id,name\n1,Ann\n");
    let invoice = "id,customer_id,status,currency,subtotal,tax,total,date\n\
                   1,1,open,gbp,1000,200,1200,2026-01-05T00:00:00Z\n";
    import(&data, "invoices", invoice);
    for (arguments, status, warnings) in [
        (&[][..], 0, &["books"][..]),
        (&["--strict"][..], 1, &["books"][..]),
        (&["--only", "system"][..], 0, &[][..]),
        (&["--only", "system", "--strict"][..], 0, &[][..]),
        (&["--only", "records"][..], 0, &["books"][..]),
        (&["--only", "records", "--strict"][..], 1, &["books"][..]),
    ] {
        let found = doctor(data.path(), arguments);
        assert_eq!(found.status.code(), Some(status), "{arguments:?}: {}", said(&found));
        assert_eq!(at("WARNING", &found), warnings, "{arguments:?}: {}", said(&found));
    }
    let records = doctor(data.path(), &["--only", "records"]);
    assert!(at("ok", &records).is_empty() && at("note", &records).is_empty());
    let text = said(&records);
    assert!(text.contains("1 record looks wrong, the first is invoices 1"), "{text}");
    // The command in the remedy lists the record.
    let command = text.lines().find_map(|line| line.split_once("rollbook accounting ")).unwrap().1;
    let package = data.folder.path().join("books.zip");
    let arguments = command.split(' ').chain(["--output", package.to_str().unwrap()]);
    run(&["accounting"].into_iter().chain(arguments).collect::<Vec<_>>());
    let mut archive = zip::ZipArchive::new(std::fs::File::open(package).unwrap()).unwrap();
    let mut issues = String::new();
    let mut file = archive.by_name("issues.csv").unwrap();
    std::io::Read::read_to_string(&mut file, &mut issues).unwrap();
    assert!(issues.contains("lines_do_not_sum"), "{issues}");
}

#[test]
fn a_damaged_store_is_wrong_and_no_remedy_leads_back_to_the_doctor() {
    let data = TestDataFolder::in_folder();
    data.add_provider(1, "Europe/London", "gbp");
    damage(&data);
    let found = doctor(data.path(), &[]);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert!(at("WRONG", &found).contains(&"store".to_owned()), "{}", said(&found));
    assert!(said(&found).contains("deploy/restore.sh"), "{}", said(&found));
    assert!(!said(&found).contains("rollbook doctor"), "{}", said(&found));
}

/// Returns the largest segment of the mirror.
fn segment(folder: &Path) -> PathBuf {
    let files = std::fs::read_dir(folder.join("mirror")).unwrap().map(|e| e.unwrap().path());
    let segments = files.filter(|path| path.extension().is_some_and(|ending| ending == "parquet"));
    segments.max_by_key(|path| std::fs::metadata(path).unwrap().len()).unwrap()
}

#[test]
fn one_bit_that_is_flipped_in_the_mirror_is_found() {
    let data = TestDataFolder::with_provider();
    let rows: String = (1..500).map(|id| format!("{id},Customer number {id}\n")).collect();
    import(&data, "customers", &format!("id,name\n{rows}"));
    run(&["mirror", "refresh", "--data", data.path()]);
    let fine = doctor(data.path(), &["--only", "system"]);
    assert!(at("ok", &fine).contains(&"mirror".to_owned()), "{}", said(&fine));
    let path = segment(data.folder.path());
    let mut bytes = std::fs::read(&path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let found = doctor(data.path(), &["--only", "system"]);
    assert_eq!(found.status.code(), Some(1), "{}", said(&found));
    assert_eq!(at("WRONG", &found), ["mirror"], "{}", said(&found));
    run(&["mirror", "rebuild", "--data", data.path()]);
    let mended = doctor(data.path(), &["--only", "system"]);
    assert_eq!(mended.status.code(), Some(0), "{}", said(&mended));
}
