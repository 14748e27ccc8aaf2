//! Parameters that are ignored everywhere, and suggestions for unknown ones. Rule: spec/reports.md
//! §2.2.

use model::suggest;

/// Parameters that are ignored on every endpoint, like those that begin with `_`.
const IGNORED: [&str; 2] = ["expand", "fields"];

/// Returns true if a parameter is ignored on every endpoint: `expand`, `fields`, and names that
/// begin with `_`.
pub fn is_ignored_everywhere(name: &str) -> bool {
    name.starts_with('_') || IGNORED.contains(&name)
}

/// Returns the suggestion for the end of a message about an unknown name: ` Did you mean
/// `columns`?`. The text is empty if no known name is similar.
pub fn did_you_mean<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    match suggest::closest_name(name, known) {
        Some(meant) => format!(" Did you mean `{meant}`?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 7] =
        ["columns", "sort", "limit", "page", "page_size", "status", "created_at_timeframe"];

    #[test]
    fn a_name_that_is_nearly_right_is_answered_with_the_right_one() {
        for (given, meant) in [
            ("column", "columns"),
            ("Columns", "columns"),
            ("column[]", "columns"),
            ("colunms", "columns"),
            ("pages", "page"),
            ("pagesize", "page_size"),
            ("stauts", "status"),
            ("created_timeframe", "created_at_timeframe"),
        ] {
            assert_eq!(did_you_mean(given, KNOWN), format!(" Did you mean `{meant}`?"), "{given}");
        }
    }

    #[test]
    fn a_name_like_no_other_is_answered_without_a_guess() {
        for given in ["", "x", "zzz", "q", "Überraschung", "[]"] {
            assert_eq!(did_you_mean(given, KNOWN), "", "{given}");
        }
        assert_eq!(did_you_mean("columns", []), "");
    }

    #[test]
    fn three_kinds_of_names_are_ignored_everywhere() {
        for (name, is_ignored) in [
            ("expand", true),
            ("fields", true),
            ("_", true),
            ("_t", true),
            ("field", false),
            ("", false),
        ] {
            assert_eq!(is_ignored_everywhere(name), is_ignored, "{name:?}");
        }
    }
}
