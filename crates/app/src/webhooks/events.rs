//! The event types that a webhook can subscribe to. Rule: spec/exports.md §8.1.

use crate::exports::notices;

/// All event types in dotted form, as events and the store name them.
const DOTTED: [&str; 5] = [
    notices::REQUESTED,
    notices::COMPLETED,
    notices::DOWNLOADED,
    notices::FAILED,
    notices::CANCELED,
];

/// Returns the dotted form of a name in either form.
pub(super) fn dotted_name(name: &str) -> Option<&'static str> {
    DOTTED.iter().copied().find(|known| *known == name || snake_case_name(known) == name)
}

/// Returns the form that the JSON of a webhook shows: `export_completed`.
pub(super) fn snake_case_name(dotted: &str) -> String {
    dotted.replace('.', "_")
}

/// Returns all names in the form that the JSON of a webhook shows.
pub fn names() -> Vec<String> {
    DOTTED.iter().map(|dotted| snake_case_name(dotted)).collect()
}

/// Returns these event types once each, in the order of [`DOTTED`].
pub(super) fn in_order(named: &[&'static str]) -> Vec<String> {
    DOTTED.iter().filter(|known| named.contains(known)).map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_two_spellings_and_no_third() {
        for (name, expected) in [
            ("export_completed", Some("export.completed")),
            ("export.completed", Some("export.completed")),
            ("Export.Completed", None),
            ("export-completed", None),
            ("completed", None),
            ("", None),
        ] {
            assert_eq!(dotted_name(name), expected, "{name}");
        }
        assert_eq!(
            in_order(&["export.failed", "export.requested", "export.failed"]),
            ["export.requested", "export.failed"]
        );
    }
}
