//! The files under `deploy/`, as far as they speak of the program.

use std::collections::BTreeSet;
use std::path::Path;

use crate::server::program;

/// Variables that are no settings: the data folder, and what the Compose file asks for.
const NOT_SETTINGS: [&str; 2] = ["ROLLBOOK_DATA", "ROLLBOOK_DB_PASSWORD"];

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
