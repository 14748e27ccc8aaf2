//! Comments that cite a specification cite a section that exists.

use std::collections::{BTreeMap, BTreeSet};

use super::{all_sources, root};

/// Returns the numbers and titles of the headings of each specification.
fn sections() -> BTreeMap<String, BTreeSet<String>> {
    let folder = root().join("docs/spec");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let headings = text.lines().filter_map(|line| line.strip_prefix('#'));
        let mut found = BTreeSet::new();
        for heading in headings.map(|heading| heading.trim_start_matches('#').trim()) {
            let (number, title) = heading.split_once(' ').unwrap_or((heading, ""));
            found.insert(number.trim_end_matches('.').to_owned());
            found.insert(title.to_owned());
        }
        (path.file_stem().unwrap().to_str().unwrap().to_owned(), found)
    };
    files.map(read).collect()
}

/// Returns the text of a file with its comments joined into lines of their own.
fn joined_comments(text: &str) -> String {
    let line = |line: &str| {
        let line = line.trim();
        let comment = ["//!", "///", "//"].iter().find_map(|mark| line.strip_prefix(mark));
        comment.map_or_else(|| "\n".to_owned(), |comment| format!("{} ", comment.trim()))
    };
    text.lines().map(line).collect()
}

/// Returns the sections that the text after the name of a specification cites: `§3, §7.2 no. 6`,
/// `§1–§4`, `"Command line"`.
fn cited(text: &str) -> Vec<String> {
    let end =
        ["spec/", "; ", "\n", ". ", "|", "RFC"].iter().filter_map(|mark| text.find(mark)).min();
    let text = &text[..end.unwrap_or(text.len())];
    let mut found = Vec::new();
    for part in text.split('§').skip(1) {
        let is_number = |c: &char| c.is_ascii_digit() || *c == '.';
        let number: String = part.chars().take_while(is_number).collect();
        found.push(number.trim_end_matches('.').to_owned());
    }
    if let Some(title) = text.strip_prefix(", \"").and_then(|rest| rest.split('"').next()) {
        found.push(title.to_owned());
    }
    found
}

#[test]
fn cited_sections_exist() {
    let sections = sections();
    let mut count = 0;
    let mut wrong = Vec::new();
    for (path, text) in all_sources() {
        for part in joined_comments(&text).split("spec/").skip(1) {
            let Some((name, rest)) = part.split_once(".md") else { continue };
            let Some(known) = sections.get(name) else {
                wrong.push(format!("{}: spec/{name}.md", path.display()));
                continue;
            };
            for section in cited(rest) {
                count += 1;
                if !known.contains(&section) {
                    wrong.push(format!("{}: spec/{name}.md §{section}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "no such sections in docs/spec:\n{}", wrong.join("\n"));
    assert!(count > 400, "only {count} citations were found");
}

#[test]
fn citations_are_read() {
    for (text, expected) in [
        (" §3, §7.2 no. 6; else §9", vec!["3", "7.2"]),
        (" §1–§4, §7", vec!["1", "4", "7"]),
        (", \"Command line\".", vec!["Command line"]),
        (", opening.", vec![]),
        (" §11. Other §12", vec!["11"]),
    ] {
        assert_eq!(cited(text), expected, "{text}");
    }
}
