//! No chains of `let` that bind one name again and again: three values in one block have three
//! names, or are one expression.

use std::collections::BTreeMap;

use super::{all_sources, root};

/// The largest number of times that one block binds a name.
const BINDINGS_MAX: usize = 2;

/// Returns the names that a block binds more often than allowed.
fn chains_in(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let mut found = Vec::new();
    let mut blocks: Vec<BTreeMap<String, usize>> = vec![BTreeMap::new()];
    for line in code.lines().map(without_texts) {
        if let (Some(name), Some(block)) = (bound_name(&line), blocks.last_mut()) {
            let times = block.entry(name.to_owned()).or_default();
            *times += 1;
            if *times > BINDINGS_MAX {
                found.push(name.to_owned());
            }
        }
        for c in line.chars() {
            match c {
                '{' => blocks.push(BTreeMap::new()),
                '}' if blocks.len() > 1 => {
                    blocks.pop();
                }
                _ => {}
            }
        }
    }
    found
}

/// Removes comments and the content of texts.
fn without_texts(line: &str) -> String {
    let (mut kept, mut is_text, mut chars) = (String::new(), false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '\\' if is_text => {
                chars.next();
            }
            '"' => is_text = !is_text,
            '/' if !is_text && chars.as_str().starts_with('/') => break,
            '\'' if !is_text && matches!(chars.as_str().get(..2), Some("{'" | "}'" | "\"'")) => {
                chars.next();
            }
            _ if !is_text => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// Returns the name that a statement `let name = …` binds.
fn bound_name(line: &str) -> Option<&str> {
    let pattern = line.trim_start().strip_prefix("let ")?;
    let pattern = pattern.strip_prefix("mut ").unwrap_or(pattern);
    let end = pattern.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let (name, rest) = pattern.split_at(end);
    (!name.is_empty() && name != "_" && (rest.starts_with(':') || rest.starts_with(" =")))
        .then_some(name)
}

#[test]
fn no_name_is_bound_again_and_again() {
    let sources = all_sources().into_iter().filter(|(path, _)| {
        let path = path.strip_prefix(root()).unwrap().to_string_lossy();
        path.contains("/src/") && !path.contains("/src/tests/") && !path.contains("/tests/")
    });
    let found: Vec<String> = sources
        .flat_map(|(path, text)| {
            let chains = chains_in(&text).into_iter();
            chains.map(move |name| format!("{}: {name}", path.display())).collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "give each value a name of its own: {found:#?}");
}

#[test]
fn a_chain_is_found_and_names_of_other_blocks_are_not() {
    let chain = "fn a() {\n    let x = 1;\n    let x = x + 1;\n    let mut x: i64 = x;\n}\n";
    assert_eq!(chains_in(chain), ["x"]);
    let apart = "fn a() {\n    let x = '{';\n    if y {\n        let x = \"}\"; // {\n    }\n    let x = 2;\n}\nfn b() {\n    let x = 1;\n}\n";
    assert_eq!(chains_in(apart), [""; 0]);
}
