//! Every command in README.md and docs/*.md runs as written, in the order of its page.
//!
//! The word after ```` ```sh ```` selects how a block is run:
//!
//! | block | how |
//! | --- | --- |
//! | ```` ```sh ```` | by bash; later blocks see its variables and its folder |
//! | ```` ```sh server ```` | in the background of the later blocks, once it is listening |
//! | ```` ```sh not-run ```` | not run: it needs root, a network, another machine or an hour |
//!
//! A page starts in an empty folder, with `rollbook` on the path and the README's sample data
//! imported into `ROLLBOOK_DATA`, unless the page begins with the README's own commands.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::server::{forget_variables, run};

/// Address of the server in the documents; the test replaces it by one with a free port.
const ADDRESS: &str = "127.0.0.1:8080";
/// Number of blocks per page that are not run, so that a new one is a deliberate change.
const NOT_RUN: [(&str, usize); 5] = [
    ("README.md", 3),
    ("docs/accounting.md", 1),
    ("docs/api.md", 2),
    ("docs/operating.md", 2),
    ("CONTRIBUTING.md", 1),
];

#[derive(Debug, PartialEq)]
enum BlockKind {
    Run,
    Server,
    NotRun,
}

struct ShellBlock {
    kind: BlockKind,
    line: usize,
    text: String,
}

impl ShellBlock {
    fn new(kind: BlockKind, line: usize) -> Self {
        Self { kind, line, text: String::new() }
    }
}

/// Returns the kind of a block with this info string; none if it is not a shell block.
fn kind(info: &str, line: usize) -> Option<BlockKind> {
    let mut words = info.split_whitespace();
    match (words.next(), words.next()) {
        (Some("sh"), None) => Some(BlockKind::Run),
        (Some("sh"), Some("server")) => Some(BlockKind::Server),
        (Some("sh"), Some("not-run")) => Some(BlockKind::NotRun),
        (Some("sh" | "bash" | "shell" | "console"), _) => {
            panic!("line {line}: write sh, sh server or sh not-run, not {info}")
        }
        _ => None,
    }
}

/// Returns the shell blocks of a page.
fn blocks(page: &str) -> Vec<ShellBlock> {
    let (mut blocks, mut open): (Vec<ShellBlock>, Option<Option<ShellBlock>>) = (Vec::new(), None);
    for (line, text) in page.lines().enumerate() {
        match (open.as_mut(), text.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(kind(info, line + 1).map(|kind| ShellBlock::new(kind, line + 2)))
            }
            (None, None) => {}
            (Some(_), Some(_)) => blocks.extend(open.take().flatten()),
            (Some(block), None) => {
                if let Some(block) = block {
                    writeln!(block.text, "{text}").unwrap();
                }
            }
        }
    }
    blocks
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn real_curl() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    let found =
        std::env::split_paths(&path).map(|folder| folder.join("curl")).find(|at| at.exists());
    found.expect("the documents use curl")
}

/// State while one page is run: a folder, shell variables, servers.
struct PageRunner {
    folder: tempfile::TempDir,
    servers: Vec<Child>,
    /// An address that was free when the page started.
    address: SocketAddr,
}

impl PageRunner {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let programs = folder.path().join("bin");
        fs::create_dir(&programs).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        symlink(env!("CARGO_BIN_EXE_rollbook"), programs.join("rollbook")).unwrap();
        // A document whose request is refused is wrong.
        let curl = programs.join("curl");
        let script = format!("#!/bin/sh\nexec {} --fail-with-body \"$@\"\n", real_curl().display());
        fs::write(&curl, script).unwrap();
        fs::set_permissions(&curl, fs::Permissions::from_mode(0o755)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        Self { folder, servers: Vec::new(), address }
    }

    /// Returns bash in the folder and with the variables that the previous blocks have left.
    fn shell(&self, text: &str) -> Command {
        let place = self.folder.path().to_str().unwrap();
        let text = text.replace(ADDRESS, &self.address.to_string());
        let script = format!(
            "set -aeuo pipefail\n\
             cd {place}/work\n\
             if [ -e {place}/state ]; then . {place}/state; fi\n\
             trap 'status=$?; {{ export -p; printf \"cd %q\\n\" \"$PWD\"; }} > {place}/state; \
             exit $status' EXIT\n\
             {text}"
        );
        let mut command = Command::new("bash");
        forget_variables(&mut command);
        let path = format!("{place}/bin:{}", std::env::var("PATH").unwrap());
        command
            .args(["-c", &script])
            .env("PATH", path)
            .env("HOME", place)
            .env("ROLLBOOK_LOG", "warn")
            .stdin(Stdio::null());
        command
    }

    fn read(&mut self, page: &str, block: &ShellBlock) {
        match block.kind {
            BlockKind::NotRun => {}
            BlockKind::Run => {
                let output = self.shell(&block.text).output().unwrap();
                assert!(
                    output.status.success(),
                    "{page}, line {}: {}\n{}{}{}",
                    block.line,
                    output.status,
                    block.text,
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr)
                );
            }
            BlockKind::Server => self.serve(page, block),
        }
    }

    fn serve(&mut self, page: &str, block: &ShellBlock) {
        let text = format!("trap - EXIT\nexec {}", block.text.trim());
        let mut child = self.shell(&text).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        self.servers.push(child);
        let listens = lines.any(|line| line.contains(&self.address.to_string()));
        assert!(listens, "{page}, line {}: the server ended", block.line);
        // The pipe must be drained as long as the server runs.
        std::thread::spawn(move || lines.for_each(drop));
    }

    /// Runs the start of the README.
    fn start(&mut self) {
        let readme = fs::read_to_string(root().join("README.md")).unwrap();
        let start = blocks(&readme).into_iter().find(|block| block.kind == BlockKind::Run).unwrap();
        self.read("README.md", &start);
    }
}

impl Drop for PageRunner {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Runs the blocks of a page; with `with_start`, after the README's first block.
fn read(page: &str, with_start: bool) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let blocks = blocks(&text);
    let mut reader = PageRunner::new();
    if with_start {
        reader.start();
    }
    for block in &blocks {
        reader.read(page, block);
    }
    let not_run = blocks.iter().filter(|block| block.kind == BlockKind::NotRun).count();
    let allowed = NOT_RUN.iter().find(|(name, _)| *name == page).map_or(0, |(_, count)| *count);
    assert_eq!(not_run, allowed, "{page} has blocks that nothing runs");
}

#[test]
fn the_readme_runs_as_written() {
    read("README.md", false);
}

#[test]
fn the_api_guide_runs_as_written() {
    read("docs/api.md", false);
}

#[test]
fn the_other_pages_run_as_written() {
    let mut pages: Vec<String> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".md") && name != "api.md")
        .map(|name| format!("docs/{name}"))
        .collect();
    pages.push("CONTRIBUTING.md".to_owned());
    pages.sort_unstable();
    assert!(pages.len() >= 5, "{pages:?}");
    pages.iter().for_each(|page| read(page, true));
}

/// Links between pages, and to their headings, have a target.
#[test]
fn links_lead_to_pages_and_headings_that_exist() {
    let mut pages = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        pages.extend(name.ends_with(".md").then(|| format!("docs/{name}")));
    }
    for page in pages {
        let text = fs::read_to_string(root().join(&page)).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')) {
            let (path, heading) = link.0.split_once('#').unwrap_or((link.0, ""));
            if path.contains("://") || path.starts_with("mailto:") {
                continue;
            }
            let target = match path {
                "" => root().join(&page),
                path => root().join(&page).parent().unwrap().join(path),
            };
            assert!(target.exists(), "{page}: {path} does not exist");
            if !heading.is_empty() {
                let text = fs::read_to_string(&target).unwrap();
                let has = text.lines().any(|line| line.starts_with('#') && anchor(line) == heading);
                assert!(has, "{page}: {path} has no heading #{heading}");
            }
        }
    }
}

/// Returns the anchor that GitHub makes of a heading.
fn anchor(line: &str) -> String {
    let title = line.trim_start_matches('#').trim().to_lowercase();
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn blocks_are_told_apart_by_their_first_line() {
    let page =
        "a\n```sh\none\n```\n```json\n{}\n```\n```sh not-run\ntwo\n```\n```sh server\nthree\n```\n";
    let found: Vec<_> =
        blocks(page).into_iter().map(|block| (block.kind, block.line, block.text)).collect();
    assert_eq!(
        found,
        [
            (BlockKind::Run, 3, "one\n".to_owned()),
            (BlockKind::NotRun, 9, "two\n".to_owned()),
            (BlockKind::Server, 12, "three\n".to_owned()),
        ]
    );
}

#[test]
fn the_sample_data_imports_as_a_whole_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (sample, data) = (path("sample"), path("data"));
    run(&["demo", "--write", &sample, "--rows", "2000"]);
    for id in ["1", "2"] {
        run(&[
            "provider",
            "create",
            "--data",
            &data,
            "--id",
            id,
            "--name",
            "A",
            "--currency",
            "usd",
        ]);
        run(&["import", "--data", &data, "--provider", id, &sample]);
        let counts = |provider: &str| {
            let arguments = ["report", "customers", "--data", &data, "--provider", provider];
            run(&[&arguments[..], &["--columns", "id", "--format", "csv"]].concat()).lines().count()
        };
        assert!(counts(id) > 10);
    }
}
