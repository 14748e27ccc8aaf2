//! JSON values as XML documents. Rule: spec/usage.md §8.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calculation::Usage;
use crate::json::{OfferingTypeNames, to_json};

/// The form of lists in XML: setting `xml.list_style`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListStyle {
    /// One `list-item` per element inside the list's tag.
    #[default]
    ListItem,
    /// The list's own element once per item. An empty list has no element.
    Repeated,
}

const ITEM: &str = "list-item";

/// Returns the usage of one membership as XML.
pub fn to_xml(usage: &Usage, names: &OfferingTypeNames, style: ListStyle) -> String {
    json_to_xml(&to_json(usage, names), style)
}

/// Returns any JSON value as a document with the root element `root`. Null and empty values become
/// empty elements.
///
/// Characters that XML does not allow become U+FFFD. Keys are turned into valid XML names with `_`,
/// so keys from a request are safe.
pub fn json_to_xml(value: &Value, style: ListStyle) -> String {
    let mut out = String::from(r#"<?xml version="1.0" encoding="utf-8"?>"#);
    write_element("root", value, style, &mut out);
    out
}

fn write_element(name: &str, value: &Value, style: ListStyle, out: &mut String) {
    out.push('<');
    out.push_str(name);
    let body_start = out.len();
    out.push('>');
    write_content(value, style, out);
    if out.len() == body_start + 1 {
        out.truncate(body_start);
        out.push_str("/>");
        return;
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn write_content(value: &Value, style: ListStyle, out: &mut String) {
    match value {
        Value::Null => {}
        Value::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => write_text(text, out),
        Value::Array(items) => {
            for item in items {
                write_element(ITEM, item, style, out);
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                write_entry(&element_name(key), value, style, out);
            }
        }
    }
}

fn write_entry(name: &str, value: &Value, style: ListStyle, out: &mut String) {
    match value {
        Value::Array(items) if style == ListStyle::Repeated => {
            for item in items {
                write_element(name, item, style, out);
            }
        }
        _ => write_element(name, value, style, out),
    }
}

fn write_text(text: &str, out: &mut String) {
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // A raw carriage return would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' | ' '..='\u{FFFD}' | '\u{10000}'.. => out.push(char),
            _ => out.push('\u{FFFD}'),
        }
    }
}

fn element_name(key: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || matches!(char, '_' | '-' | '.');
    let name: String = key.chars().map(|char| if is_plain(char) { char } else { '_' }).collect();
    if name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
        name
    } else {
        format!("_{name}")
    }
}
