//! Checks of the architecture: the dependencies of each crate, and habits that hold everywhere.
//! They are described in ARCHITECTURE.md.

mod circles;
mod citations;
mod comments;
mod names;
mod shadowed_names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Returns the sources and tests of all crates.
fn all_sources() -> Vec<(PathBuf, String)> {
    let folders = crates().into_iter().flat_map(|name| {
        let folder = root().join("crates").join(name);
        ["src", "tests"].map(|part| folder.join(part))
    });
    folders.filter(|folder| folder.exists()).flat_map(|folder| sources(&folder)).collect()
}

fn crates() -> Vec<String> {
    let folders = std::fs::read_dir(root().join("crates")).unwrap();
    let names = folders.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> =
        names.filter(|name| root().join("crates").join(name).join("Cargo.toml").exists()).collect();
    names.sort();
    names
}

/// Returns the normal dependencies of each crate, by name.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let read = |name: &String| {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let table = manifest.get("dependencies").and_then(toml::Value::as_table);
        table.map(|t| t.keys().cloned().collect()).unwrap_or_default()
    };
    crates().into_iter().map(|name| (name.clone(), read(&name))).collect()
}

fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

#[test]
fn crates_depend_only_downwards() {
    let below_app =
        ["accounting", "books", "files", "mirror", "model", "reports", "store", "usage"];
    let below_server = [&below_app[..], &["app"]].concat();
    let below_rollbook = [&below_server[..], &["demo", "server"]].concat();
    let allowed: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("model", &[][..]),
        ("accounting", &["model"]),
        ("usage", &["model"]),
        ("store", &["model"]),
        ("files", &["model"]),
        ("mirror", &["model", "store"]),
        ("reports", &["mirror", "model", "usage"]),
        ("books", &["accounting", "files", "mirror", "model", "store"]),
        ("demo", &["files", "model"]),
        ("app", &below_app),
        ("server", &below_server),
        ("rollbook", &below_rollbook),
        ("testkit", &["mirror", "model"]),
    ]);
    let all = dependencies();
    assert_eq!(
        all.keys().map(String::as_str).collect::<Vec<_>>(),
        allowed.keys().copied().collect::<Vec<_>>()
    );
    for (name, dependencies) in &all {
        for dependency in dependencies.iter().filter(|d| all.contains_key(*d)) {
            let fine = allowed[name.as_str()].contains(&dependency.as_str());
            assert!(fine, "{name} must not depend on {dependency}");
        }
    }
}

/// Only tests may use what is made for tests.
#[test]
fn nothing_that_is_shipped_depends_on_the_testkit() {
    for (name, dependencies) in dependencies() {
        assert!(!dependencies.contains("testkit"), "{name}: testkit is a dev-dependency");
    }
}

#[test]
fn only_the_crate_whose_business_it_is_knows_a_library() {
    let owners: &[(&str, &[&str])] = &[
        ("axum", &["server"]),
        ("http", &["server"]),
        ("http-body", &["server"]),
        ("http-body-util", &["server"]),
        ("hyper-util", &["server"]),
        ("lettre", &["app"]),
        ("ureq", &["app"]),
        ("tower", &["server"]),
        ("tower-http", &["server"]),
        ("jsonwebtoken", &["app", "testkit"]),
        ("datafusion", &["books", "mirror", "reports", "testkit"]),
        ("arrow", &["files"]),
        ("parquet", &["files", "mirror"]),
        ("rusqlite", &["store"]),
        ("rust_xlsxwriter", &["files"]),
        ("zip", &["files"]),
        ("jiff", &["model"]),
        ("clap", &["rollbook"]),
        ("tokio", &["app", "mirror", "rollbook", "server", "store"]),
        ("tokio-postgres", &["store"]),
        ("deadpool-postgres", &["store"]),
        ("anyhow", &["rollbook"]),
        ("chrono", &[]),
        ("openssl", &[]),
        ("native-tls", &[]),
    ];
    let all = dependencies();
    for (library, owners) in owners {
        for (name, dependencies) in &all {
            let fine = !dependencies.contains(*library) || owners.contains(&name.as_str());
            assert!(fine, "{name} must not name {library}");
        }
    }
}

/// Returns every package that is built into the program, as `name vVERSION`.
fn packages() -> BTreeSet<String> {
    let tree = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--workspace", "--edges", "normal,build", "--prefix", "none"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8(tree.stdout).unwrap();
    let two_words = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    lines.lines().map(two_words).collect()
}

#[test]
fn there_is_one_arrow_one_parquet_one_object_store() {
    let packages = packages();
    let versions = |name: &str| {
        let start = format!("{name} v");
        packages.iter().filter(|package| package.starts_with(&start)).count()
    };
    for name in ["arrow", "parquet", "object_store", "datafusion", "rusqlite", "libsqlite3-sys"] {
        assert_eq!(versions(name), 1, "{name}");
    }
    for name in ["sqlparser", "openssl", "openssl-sys", "native-tls"] {
        assert_eq!(versions(name), 0, "{name}");
    }
}

#[test]
fn sources_keep_the_habits() {
    let banned: &[(&str, &str)] = &[
        ("unimplemented!(", "finish it"),
        ("todo!(", "finish it"),
        ("#[ignore", "a test that does not run is not a test"),
        ("unbounded_channel", "every queue has a bound"),
        ("println!(", "it panics when nobody listens: terminal::say, or commands::print"),
        ("print!(", "it panics when nobody listens: terminal::say, or commands::print"),
    ];
    for name in crates() {
        for (path, text) in sources(&root().join("crates").join(&name).join("src")) {
            for (token, reason) in banned {
                assert!(!text.contains(token), "{}: {token}: {reason}", path.display());
            }
            let stem = path.file_stem().unwrap().to_str().unwrap();
            let vague = ["utils", "util", "helpers", "common", "misc", "manager"];
            assert!(!vague.contains(&stem), "{}: name the domain", path.display());
        }
    }
}

#[test]
fn money_never_meets_a_float_in_the_model() {
    for (path, text) in sources(&root().join("crates/model/src")) {
        for token in ["f32", "f64"] {
            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let has = text.match_indices(token).any(|(at, _)| {
                !text[..at].ends_with(word) && !text[at + token.len()..].starts_with(word)
            });
            assert!(!has, "{}: {token}", path.display());
        }
    }
}
