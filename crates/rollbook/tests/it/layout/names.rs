//! A type's name says what it is without its path: it is unique in its crate, and rare elsewhere.

use std::collections::BTreeMap;

use super::all_sources;

/// The largest number of types with one name, in all crates together.
const SAME_NAME_MAX: usize = 3;

/// Returns the types that are defined in a file, other than those inside functions and traits.
fn types(text: &str) -> Vec<String> {
    let defined = |line: &str| {
        if line.starts_with("    ") {
            return None;
        }
        let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
        let is_type = ["struct", "enum", "trait", "type", "union"].contains(&words.next()?);
        let name: String = words.next()?.chars().take_while(|c| c.is_alphanumeric()).collect();
        (is_type && !name.is_empty()).then_some(name)
    };
    text.lines().filter_map(defined).collect()
}

#[test]
fn names_of_types_are_unique_in_their_crate_and_rare_elsewhere() {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in all_sources() {
        let path = path.to_string_lossy().into_owned();
        for name in types(&text) {
            places.entry(name).or_default().push(path.clone());
        }
    }
    // `crates/<name>/src` and `crates/<name>/tests` count apart.
    let room = |path: &str| {
        let from = path.find("crates/").unwrap();
        path[from..].split('/').take(3).collect::<Vec<_>>().join("/")
    };
    let mut wrong = Vec::new();
    for (name, paths) in &places {
        let rooms: std::collections::BTreeSet<_> = paths.iter().map(|path| room(path)).collect();
        if rooms.len() < paths.len() || paths.len() > SAME_NAME_MAX {
            wrong.push(format!("{name}: {}", paths.join(", ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn functions_have_names_that_can_be_searched_for() {
    let mut found = Vec::new();
    for (path, text) in all_sources().into_iter().filter(|(path, _)| !is_test(path)) {
        for (number, line) in (1..).zip(text.lines()) {
            if line.contains("fn of(") || line.contains("fn of<") {
                found.push(format!("{}:{number}: {}", path.display(), line.trim()));
            }
        }
    }
    assert!(found.is_empty(), "say what it does:\n{}", found.join("\n"));
}

fn is_test(path: &std::path::Path) -> bool {
    path.iter().any(|part| part == "tests")
}
