//! Types of events that a webhook may be told of. Rule: spec/exports.md §8.1.

use crate::exports::notices;

/// Each in dotted form, as events name it and webhooks are kept.
const DOTTED: [&str; 5] = [
    notices::REQUESTED,
    notices::COMPLETED,
    notices::DOWNLOADED,
    notices::FAILED,
    notices::CANCELED,
];

/// The dotted form of a name in either form.
pub(super) fn dotted(name: &str) -> Option<&'static str> {
    DOTTED.iter().copied().find(|known| *known == name || snake(known) == name)
}

/// The form in which a webhook shows it: `export_completed`.
pub(super) fn snake(dotted: &str) -> String {
    dotted.replace('.', "_")
}

/// Every name in the form in which webhooks show it.
pub fn names() -> Vec<String> {
    DOTTED.iter().map(|dotted| snake(dotted)).collect()
}

/// The same types once each, in the order of the catalogue.
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
            assert_eq!(dotted(name), expected, "{name}");
        }
        assert_eq!(
            in_order(&["export.failed", "export.requested", "export.failed"]),
            ["export.requested", "export.failed"]
        );
    }
}
