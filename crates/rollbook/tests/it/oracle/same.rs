//! Compares an actual answer with the expected one. Numbers are compared by their text.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::value::EXACT;

/// Panics with the first path at which the actual JSON text differs from the expected value.
/// \n The order of keys is ignored; a repeated key is a difference.
pub(crate) fn assert_same(actual: &str, expected: &Json) {
    if let Err(difference) = compare(actual, expected, "$") {
        panic!("{difference}");
    }
}

/// The members of an object in order, with duplicates.
struct OrderedMembers(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for OrderedMembers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = OrderedMembers;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<OrderedMembers, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(OrderedMembers(members))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}

fn compare(actual: &str, expected: &Json, path: &str) -> Result<(), String> {
    let actual = actual.trim();
    let differs = || Err(format!("{path}: actual {}, expected {}", short(actual), shown(expected)));
    match expected {
        Json::Object(expected) => {
            let Ok(OrderedMembers(members)) = serde_json::from_str(actual) else {
                return differs();
            };
            for (position, (key, _)) in members.iter().enumerate() {
                if members[..position].iter().any(|(known, _)| known == key) {
                    return Err(format!("{path}.{key}: given twice"));
                }
                if !expected.contains_key(key) {
                    return Err(format!("{path}.{key}: not expected"));
                }
            }
            for (key, expected) in expected {
                let path = format!("{path}.{key}");
                match members.iter().find(|(known, _)| known == key) {
                    Some((_, actual)) => compare(actual.get(), expected, &path)?,
                    None => return Err(format!("{path}: missing, expected {}", shown(expected))),
                }
            }
            Ok(())
        }
        Json::Array(expected) => {
            let parsed = serde_json::from_str::<Vec<Box<RawValue>>>(actual);
            let Ok(elements) = parsed else { return differs() };
            for (position, (actual, expected)) in elements.iter().zip(expected).enumerate() {
                compare(actual.get(), expected, &format!("{path}[{position}]"))?;
            }
            if elements.len() == expected.len() {
                Ok(())
            } else {
                Err(format!("{path}: {} elements, expected {}", elements.len(), expected.len()))
            }
        }
        Json::String(text) if text.starts_with(EXACT) => {
            if actual == &text[EXACT.len()..] {
                Ok(())
            } else {
                differs()
            }
        }
        Json::Number(number) => {
            if actual == number.to_string() {
                Ok(())
            } else {
                differs()
            }
        }
        _ => match serde_json::from_str::<Json>(actual) {
            Ok(actual) if actual == *expected => Ok(()),
            _ => differs(),
        },
    }
}

fn shown(expected: &Json) -> String {
    short(&expected.to_string()).replace(EXACT, "")
}

fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::value::exact;
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        let expected = json!({"a": [1, {"decimal": exact("45.00")}], "b": null});
        for (actual, difference) in [
            (r#"{"b":null,"a":[1,{"decimal":45.00}]}"#, None),
            (r#"{"b":null,"a":[1,{"decimal":45.0}]}"#, Some("$.a[1].decimal: ")),
            (r#"{"b":null,"a":[1.0,{"decimal":45.00}]}"#, Some("$.a[0]: ")),
            (r#"{"b":null,"a":[1]}"#, Some("$.a: 1 elements")),
            (r#"{"a":[1,{"decimal":45.00}]}"#, Some("$.b: missing")),
            (r#"{"a":[1,{"decimal":45.00}],"b":null,"c":1}"#, Some("$.c: not expected")),
            (r#"{"a":[1,{"decimal":45.00}],"b":null,"b":null}"#, Some("$.b: given twice")),
        ] {
            let found = compare(actual, &expected, "$");
            match difference {
                None => assert_eq!(found, Ok(()), "{actual}"),
                Some(start) => assert!(found.unwrap_err().starts_with(start), "{actual}"),
            }
        }
    }
}
