//! The first sentence of a comment has a subject.

use super::all_sources;

/// Words that begin a clause without a subject: the reader has to guess what it is about.
const DANGLING: [&str; 12] = [
    "What ", "Whether ", "How ", "Its ", "Of ", "Where ", "Why ", "As ", "Whose ", "Said ",
    "Told ", "Into ",
];

/// Returns the first lines of the documentation comments of a file, with their numbers.
fn first_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let comment = |line: &'_ str| {
        let line = line.trim_start();
        line.strip_prefix("/// ").is_some() || line.strip_prefix("//! ").is_some()
    };
    let lines: Vec<&str> = text.lines().collect();
    let is_first = move |at: usize, lines: &[&str]| {
        comment(lines[at]) && (at == 0 || !lines[at - 1].trim_start().starts_with("//"))
    };
    let found: Vec<_> = (0..lines.len())
        .filter(|at| is_first(*at, &lines))
        .map(|at| (at + 1, lines[at].trim_start()[4..].trim_start()))
        .collect();
    found.into_iter()
}

#[test]
fn documentation_comments_begin_with_a_subject_or_a_verb() {
    let mut wrong = Vec::new();
    for (path, text) in all_sources() {
        for (number, line) in first_lines(&text) {
            if DANGLING.iter().any(|start| line.starts_with(start)) {
                wrong.push(format!("{}:{number}: {line}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "say who does what:\n{}", wrong.join("\n"));
}
