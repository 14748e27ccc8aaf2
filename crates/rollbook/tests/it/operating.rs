//! Compares docs/operating.md and the files for Prometheus and Grafana with the program, in both
//! directions: every setting, every metric.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::server::{HttpRequest, Server, TestDataFolder, program, run};

fn file(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::read_to_string(root.join(path)).unwrap()
}

/// Returns the rows of every table whose first column has this heading.
fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = file("docs/operating.md");
    let head = format!("| {heading} |");
    let mut found = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.starts_with(&head) {
            let rows = lines.by_ref().skip(1).take_while(|line| line.starts_with('|'));
            found.extend(rows.map(|row| {
                let cells = row.trim_matches('|').split('|');
                cells.map(|cell| cell.trim().to_owned()).collect()
            }));
        }
    }
    assert!(!found.is_empty(), "no table begins with {head}");
    found
}

/// Returns the texts in backticks.
fn quoted(cell: &str) -> Vec<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Returns every setting with its default, as `--print-config` shows it; none for unset ones.
fn settings() -> BTreeMap<String, Option<String>> {
    let text = run(&["serve", "--print-config", "--data", "/no/such/folder"]);
    let lines = text.lines().filter(|line| !line.starts_with("log.filter"));
    let mut found: BTreeMap<_, _> = lines
        .map(|line| match line.strip_prefix("# ") {
            Some(unset) => (unset.split(' ').next().unwrap().to_owned(), None),
            None => {
                let (key, rest) = line.split_once(" = ").unwrap();
                let (value, _) = rest.rsplit_once(" # ").unwrap();
                let value = value.trim().trim_matches('"').to_owned();
                let is_none = value == "[]" || value.starts_with('{');
                (key.to_owned(), Some(value).filter(|_| !is_none))
            }
        })
        .collect();
    // The tests set this one themselves.
    found.insert("log.filter".to_owned(), Some("info".to_owned()));
    found
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let mut documented = BTreeMap::new();
    for row in rows("setting") {
        let names = quoted(&row[0]);
        let defaults: Vec<&str> = row[1].split(", ").collect();
        for (place, name) in names.iter().enumerate() {
            let default = if names.len() == defaults.len() { defaults[place] } else { &row[1] };
            documented.insert(name.clone(), default.trim_matches('`').to_owned());
        }
    }
    let settings = settings();
    let names = |of: &BTreeMap<String, _>| of.keys().cloned().collect::<BTreeSet<String>>();
    let expected: BTreeSet<String> = settings.keys().cloned().collect();
    assert_eq!(names(&documented), expected);
    for (name, default) in &settings {
        // For unset settings, the documentation describes the default in words.
        if let Some(default) = default {
            assert_eq!(&documented[name], default, "{name}");
        }
    }
}

/// Returns every metric of a new server, with the names of its labels.
fn figures(server: &Server) -> BTreeMap<String, BTreeSet<String>> {
    let text = server.request("GET", "/metrics").send().text();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut current = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            current = rest.split(' ').next().unwrap().to_owned();
        } else if line.starts_with(&current) && !current.is_empty() && !line.starts_with('#') {
            let labels =
                line.split_once('{').map_or("", |(_, rest)| rest.rsplit_once('}').unwrap().0);
            let names = labels.split("\",").filter_map(|label| label.split_once("=\""));
            let names = names.map(|(name, _)| name.to_owned()).filter(|name| name != "le");
            found.entry(current.clone()).or_default().extend(names);
        }
    }
    found
}

#[test]
fn every_figure_is_documented_and_there_from_the_start() {
    let server = TestDataFolder::with_provider().serve_and_keep();
    let mut documented = BTreeMap::new();
    for row in rows("metric") {
        for name in quoted(&row[0]) {
            let (name, labels) = name.split_once('{').unwrap_or((&name, ""));
            let labels = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty());
            documented.insert(name.to_owned(), labels.map(str::to_owned).collect::<BTreeSet<_>>());
        }
    }
    assert_eq!(documented, figures(&server.0));
}

/// Returns the names of metrics in a text.
fn figures_named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    let ours = words.filter(|word| word.starts_with("rollbook_") || word.starts_with("process_"));
    ours.map(str::to_owned).collect()
}

#[test]
fn alerts_and_dashboard_use_figures_that_exist() {
    let server = TestDataFolder::with_provider().serve_and_keep();
    let known = figures(&server.0);
    let dashboard: Value = serde_json::from_str(&file("deploy/dashboard.json")).unwrap();
    let panels = dashboard["panels"].as_array().unwrap().iter();
    let targets = panels.flat_map(|panel| panel["targets"].as_array().unwrap());
    let asked: String = targets.map(|target| format!("{} ", target["expr"])).collect();
    for (place, text) in [("alerts.yml", file("deploy/alerts.yml")), ("dashboard.json", asked)] {
        let named = figures_named(&text);
        assert!(named.len() > 5, "{place}: {named:?}");
        for name in named {
            let is_part = ["_bucket", "_sum", "_count"].iter().any(|ending| {
                name.strip_suffix(ending).is_some_and(|whole| known.contains_key(whole))
            });
            assert!(is_part || known.contains_key(&name), "{place}: {name}");
        }
    }
}

#[test]
fn every_alert_is_in_the_documentation() {
    let alerts = file("deploy/alerts.yml");
    let rules = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    let documented = rows("metric").into_iter().flat_map(|row| quoted(&row[2]));
    assert_eq!(documented.collect::<BTreeSet<_>>(), rules.map(str::to_owned).collect());
}

/// If Prometheus' own checker is installed, it checks the rules, runs their tests, and reads the
/// metrics.
#[test]
fn prometheus_takes_the_figures_and_the_alerts_do_what_their_tests_say() {
    let promtool = |arguments: &[&str], input: &str| {
        let mut command = Command::new("promtool");
        command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy"));
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut child) = command.spawn() else { return };
        // The checker may have ended already if it does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap());
        assert!(output.status.success(), "promtool {arguments:?}: {said:?}");
    };
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["test", "rules", "alerts.test.yml"], "");
    let server = TestDataFolder::with_provider().serve_and_keep();
    promtool(&["check", "metrics"], &server.0.request("GET", "/metrics").send().text());
}

#[test]
fn version_and_figures_name_the_same_build() {
    let version = run(&["--version"]);
    let (number, rest) = version.trim().strip_prefix("rollbook ").unwrap().split_once(' ').unwrap();
    let build = rest.strip_prefix("(commit ").unwrap().strip_suffix(" build)").unwrap();
    let (commit, profile) = build.split_once(", ").unwrap();
    assert_eq!(number, env!("CARGO_PKG_VERSION"));
    let is_commit = commit.len() == 12 && commit.bytes().all(|byte| byte.is_ascii_hexdigit());
    assert!(is_commit || commit == "unknown", "{version}");
    assert!(["debug", "release"].contains(&profile), "{version}");
    let server = TestDataFolder::with_provider().serve_and_keep();
    let line = format!(
        "rollbook_build_info{{version=\"{number}\",commit=\"{commit}\",profile=\"{profile}\"}} 1"
    );
    let figures = server.0.request("GET", "/metrics").send().text();
    assert!(figures.contains(&line), "{line} is not in\n{figures}");
}

#[test]
fn imports_and_the_process_are_counted() {
    let data = TestDataFolder::with_provider();
    let token = data.token(1);
    let server = data.serve();
    server.import(&token, "customers", "text/csv", b"id,name\n1,Ann\n2,Bob\n").ok();
    server.import(&token, "customers", "text/csv", b"id,name\n1,Anna\n2,Bob\n").ok();
    server.import(&token, "customers", "text/csv", b"id,no_such_column\n1,x\n");
    let text = server.request("GET", "/metrics").send().text();
    for line in [
        r#"rollbook_import_rows_total{change="inserted"} 2"#,
        r#"rollbook_import_rows_total{change="updated"} 1"#,
        r#"rollbook_import_rows_total{change="unchanged"} 1"#,
        r#"rollbook_import_rows_total{change="deleted"} 0"#,
        r#"rollbook_import_failures_total{code="import_invalid"} 1"#,
        r#"rollbook_import_failures_total{code="internal_error"} 0"#,
        "rollbook_import_duration_seconds_count 3",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let value = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap();
        line.parse::<f64>().unwrap()
    };
    let (resident, _) = server.memory();
    let told = value("process_resident_memory_bytes");
    assert!(told > resident as f64 / 2.0 && told < resident as f64 * 2.0, "{told} {resident}");
    assert!(
        value("process_open_fds") > 3.0 && value("process_max_fds") > value("process_open_fds")
    );
    assert!(value("process_start_time_seconds") > 1.7e9);
    let disk = r#"rollbook_disk_free_bytes{folder="data"}"#;
    assert!(value(disk) > 0.0);
}

#[test]
fn a_log_that_is_no_terminal_has_no_colours() {
    let data = TestDataFolder::with_provider();
    let log = data.folder.path().join("log");
    let mut child = program()
        .args(["serve", "--listen", "127.0.0.1:0", "--data", data.path()])
        .env("ROLLBOOK_LOG", "info")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let address = said.trim().strip_prefix("listening on ").unwrap();
    for path in ["/healthz", "/nowhere"] {
        HttpRequest::new("GET", &format!("{address}{path}")).send();
    }
    let text = loop {
        let text = std::fs::read_to_string(&log).unwrap();
        let has_ended = child.try_wait().unwrap().is_some();
        assert!(!has_ended, "{text}");
        if text.contains("/nowhere") {
            break text;
        }
        std::thread::yield_now();
    };
    let _ = child.kill();
    let _ = child.wait();
    assert!(!text.contains('\u{1b}') && !text.contains("/healthz"), "{text}");
}
