//! Files do not import each other in circles.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{crates, root, sources};

/// Pairs of files that are two halves of one thing, by crate.
const HALVES: &[(&str, &str, &str)] = &[
    ("app", "jobs::claimed_jobs", "jobs::finish_attempts"),
    ("demo", "billing::receipts", "billing::settlement"),
    ("mirror", "blocks", "segment"),
    ("mirror", "delta", "locate"),
    ("rollbook", "cli", "commands::completions"),
    ("server", "http::endpoint", "openapi"),
    ("store", "import::batch", "import::batch_changes"),
    ("usage", "bookable", "calculation"),
];

type ModulePath = Vec<String>;

/// Returns the path of the module that a file holds, such as `jobs::runner`.
fn module_of(file: &Path, folder: &Path) -> ModulePath {
    let relative = file.strip_prefix(folder).unwrap().with_extension("");
    let mut path: ModulePath =
        relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if ["mod", "lib", "main"].contains(&path.last().unwrap().as_str()) {
        path.pop();
    }
    path
}

/// Removes comments, and unit tests at the end of a file.
fn code_of(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let line = |line: &str| line.split("//").next().unwrap().to_owned() + "\n";
    code.lines().map(line).collect()
}

/// Returns the paths of an import tree: `a::{b, c::d}` gives `a::b` and `a::c::d`.
fn expand(tree: &str) -> Vec<String> {
    let Some(open) = tree.find('{') else {
        return vec![tree.split(" as ").next().unwrap().trim().to_owned()];
    };
    let (start, inner) = (&tree[..open], &tree[open + 1..tree.rfind('}').unwrap()]);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().unwrap().push(c);
    }
    let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&format!("{start}{part}"))).collect()
}

/// Returns everything in a file that is written as a path from `crate`, `super` or `self`.
fn paths_in(code: &str) -> Vec<String> {
    let is_import = |line: &str| {
        let line = line.trim_start();
        line.starts_with("use ") || (line.starts_with("pub") && line.contains(" use "))
    };
    let (mut found, mut lines) = (Vec::new(), code.lines());
    while let Some(line) = lines.next() {
        if is_import(line) {
            let mut statement = line.to_owned();
            while !statement.contains(';') {
                statement.push_str(lines.next().unwrap_or(";").trim());
            }
            let (_, tree) = statement.split_once("use ").unwrap();
            found.extend(expand(tree.split(';').next().unwrap()));
        } else {
            let is_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            let words = line.split(|c| !is_path(c)).filter(|word| word.contains("::"));
            found.extend(words.map(str::to_owned));
        }
    }
    found
}

/// Returns the file that a path leads to, seen from a module.
fn target(
    path: &str,
    from: &[String],
    modules: &BTreeMap<ModulePath, String>,
) -> Option<ModulePath> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut base = match *parts.peek()? {
        "crate" => {
            parts.next();
            Vec::new()
        }
        "super" | "self" => from.to_vec(),
        _ => return None,
    };
    while let Some(step @ ("super" | "self")) = parts.peek().copied() {
        if step == "super" {
            base.pop();
        }
        parts.next();
    }
    base.extend(parts.map(str::to_owned));
    while !base.is_empty() && !modules.contains_key(&base) {
        base.pop();
    }
    modules.contains_key(&base).then_some(base)
}

/// Returns the files that each file of a crate reaches by imports. What a file says of the files
/// below it (`mod.rs` of its folder) is not an import: it only shows them to others.
fn reached(folder: &Path) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
    let files = sources(folder).into_iter().filter(|(path, _)| !path.iter().any(|p| p == "tests"));
    let modules: BTreeMap<ModulePath, String> =
        files.map(|(path, text)| (module_of(&path, folder), code_of(&text))).collect();
    let imports: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = modules
        .iter()
        .map(|(module, code)| {
            let found = paths_in(code);
            let found = found.iter().filter_map(|path| target(path, module, &modules));
            (module, found.filter(|found| !found.starts_with(module)).collect())
        })
        .collect();
    let reach = |start: &ModulePath| {
        let (mut seen, mut next) = (BTreeSet::new(), vec![start.clone()]);
        while let Some(module) = next.pop() {
            next.extend(imports[&module].iter().filter(|m| seen.insert((*m).clone())).cloned());
        }
        seen
    };
    modules.keys().map(|module| (module.clone(), reach(module))).collect()
}

#[test]
fn files_import_each_other_in_no_circle_but_for_two_halves_of_one_thing() {
    let mut found = BTreeSet::new();
    for name in crates() {
        let reached = reached(&root().join("crates").join(&name).join("src"));
        for (one, from_one) in &reached {
            for other in from_one.iter().filter(|other| *other > one) {
                if reached[other].contains(one) {
                    found.insert((name.clone(), one.join("::"), other.join("::")));
                }
            }
        }
    }
    let known: BTreeSet<_> = HALVES
        .iter()
        .map(|(name, one, other)| (name.to_string(), one.to_string(), other.to_string()))
        .collect();
    let new: Vec<_> = found.difference(&known).collect();
    assert!(new.is_empty(), "these files import each other: {new:#?}");
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(gone.is_empty(), "these no longer do, take them off the list: {gone:#?}");
}

#[test]
fn trees_of_imports_are_read() {
    assert_eq!(expand("a::{b, c::{d, e as f}}"), ["a::b", "a::c::d", "a::c::e"]);
}
