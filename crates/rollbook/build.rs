//! Tells the program which commit and profile it is built from.

use std::path::Path;
use std::process::Command;

/// Letters of a commit that are shown.
const COMMIT_LETTERS: usize = 12;

fn main() {
    // Given where there is no git, as when an image is built.
    println!("cargo:rerun-if-env-changed=ROLLBOOK_COMMIT");
    let given = std::env::var("ROLLBOOK_COMMIT").ok().filter(|commit| !commit.is_empty());
    let commit = given.or_else(commit_of_git).unwrap_or_else(|| "unknown".to_owned());
    let shown: String = commit.chars().take(COMMIT_LETTERS).collect();
    println!("cargo:rustc-env=BUILD_COMMIT={shown}");
    let profile = std::env::var("PROFILE").unwrap_or_default();
    println!("cargo:rustc-env=BUILD_PROFILE={profile}");
    watch("HEAD");
    // What is released is of the very commit. While the program is worked on, a commit must not
    // link everything anew: its commit is then that of the last checkout.
    if profile == "release" {
        watch("logs/HEAD");
    }
}

/// Runs this again when a file of the repository changes; one that is missing would do so always.
fn watch(name: &str) {
    if let Some(path) = git(&["rev-parse", "--git-path", name])
        && Path::new(&path).exists()
    {
        println!("cargo:rerun-if-changed={path}");
    }
}

fn commit_of_git() -> Option<String> {
    git(&["rev-parse", "HEAD"])
}

/// What git says, on one line; none where there is no git, or no repository.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let said = String::from_utf8(output.stdout).ok()?;
    let line = said.trim();
    (output.status.success() && !line.is_empty()).then(|| line.to_owned())
}
