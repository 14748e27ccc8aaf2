//! The files under `deploy/`, where they refer to the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::server::program;

/// Variables that are not settings: the data folder, and those of the image build.
const NOT_SETTINGS: [&str; 3] = ["ROLLBOOK_COMMIT", "ROLLBOOK_DATA", "ROLLBOOK_DB_PASSWORD"];
const UNITS: [&str; 3] = ["rollbook.service", "rollbook-worker.service", "rollbook-backup.service"];
/// Largest exposure of a unit that systemd-analyze may report, in tenths.
const EXPOSURE_MAX: u32 = 20;

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy").join(name)
}

fn variables() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let words = text.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        let ours = words.filter(|word| word.starts_with("ROLLBOOK_"));
        found.extend(ours.filter(|word| !NOT_SETTINGS.contains(word)).map(str::to_owned));
    }
    found
}

#[test]
fn what_is_deployed_sets_what_exists() {
    let variables = variables();
    assert!(variables.contains("ROLLBOOK_STORE_URL") && variables.contains("ROLLBOOK_FILES_DIR"));
    for name in variables {
        let mut command = program();
        command.args(["serve", "--print-config", "--data", "/no/such/folder"]);
        let output = command.env(&name, "postgres://nonsense").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains("there is no setting"), "{name}: {said}");
    }
}

#[test]
fn every_unit_is_closed_in_as_tightly_as_the_others() {
    let closed_in = |name: &str| {
        let text = std::fs::read_to_string(deployed(name)).unwrap();
        let rules = text.lines().skip_while(|line| *line != "CapabilityBoundingSet=");
        let rules = rules.filter(|line| line.contains('=') && !line.starts_with(['#', 'W', 'R']));
        rules.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let all = UNITS.map(closed_in);
    assert!(all[0].len() > 15, "{:?}", all[0]);
    assert!(all.iter().all(|rules| *rules == all[0]), "{all:#?}");
    for name in UNITS {
        let mut analyze = Command::new("systemd-analyze");
        analyze.args(["security", "--offline=true", &format!("--threshold={EXPOSURE_MAX}")]);
        // Without systemd, only the checks above run.
        let Ok(output) = analyze.arg(deployed(name)).output() else { continue };
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stdout));
    }
}
