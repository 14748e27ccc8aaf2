//! Descriptions of report filters in words, from their names and types in the catalogue.

use serde_json::Value;

/// Descriptions of filters whose names do not tell their meaning.
const SPECIAL: [(&str, &str); 8] = [
    ("ids", "Only the rows with these ids."),
    ("is_any", "Only customers to whom one of these words applies."),
    ("date", "The day whose usage is shown. Default: today where the business is."),
    (
        "instructors",
        "Only rows taught by these instructors: ids, or `me` for the one whose name the token has.",
    ),
    (
        "extra_customer_fields",
        "Keys of the customers' metadata, at most 20; each becomes a column `custom_fields.<key>`.",
    ),
    ("include_deleted", "`true` lists deleted customers too."),
    ("include_future", "`true` lists future events too."),
    ("include_offering_types", "`false` leaves out the limits of single offering types."),
];

/// Returns the description of a filter, given as the discovery document has it.
pub(super) fn filter_description(filter: &Value) -> String {
    let name = filter["name"].as_str().unwrap_or_default();
    if let Some((_, text)) = SPECIAL.iter().find(|(known, _)| *known == name) {
        return (*text).to_owned();
    }
    let kind = filter["type"].as_str().unwrap_or_default();
    if let Some(field) = name.strip_suffix("_timeframe") {
        return format!(
            "Timeframe of `{field}`, such as `last_month`, `last_7_days` or `2026-01..2026-03`."
        );
    }
    let bound = |suffix: &str| name.strip_suffix(suffix);
    match (kind, bound("_gte"), bound("_lte")) {
        ("dt", Some(field), _) => format!(
            "Only rows whose `{field}` is at this time or later, such as `2026-01-31T09:00:00Z`. A \
             date alone means its first moment where the business is."
        ),
        ("dt", _, Some(field)) => format!(
            "Only rows whose `{field}` is at this time or earlier, such as `2026-01-31T09:00:00Z`. \
             A date alone means its last moment where the business is."
        ),
        ("date", Some(field), _) => format!("Only rows whose `{field}` is on this day or later."),
        ("date", _, Some(field)) => format!("Only rows whose `{field}` is on this day or earlier."),
        (_, Some(field), _) => format!("Only rows whose `{field}` is at least this."),
        (_, _, Some(field)) => format!("Only rows whose `{field}` is at most this."),
        ("bool", ..) => flag_description(name),
        _ if filter["enum"].is_array() => {
            let is_plural = name.ends_with('s') && !name.ends_with("status");
            let one = if is_plural { &name[..name.len() - 1] } else { name };
            format!("Only rows whose {} is one of these.", words_of_name(one))
        }
        ("string[]", ..) => {
            format!(
                "Only rows of these {}: ids, or `none` for rows without one.",
                words_of_name(name)
            )
        }
        _ => format!("Only rows of these {}: their ids.", words_of_name(name)),
    }
}

fn flag_description(name: &str) -> String {
    let what = match (name.strip_prefix("is_"), name.strip_prefix("has_")) {
        (Some(rest), _) => format!("that are {}", words_of_name(rest)),
        (_, Some(rest)) => format!("with {}", words_of_name(rest)),
        _ => format!("with {}", words_of_name(name)),
    };
    format!("`true`: only rows {what}; `false`: only the others.")
}

fn words_of_name(name: &str) -> String {
    name.replace('_', " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_say_what_a_filter_does() {
        for (filter, expected) in [
            (
                json!({"name": "created_at_timeframe", "type": "tf"}),
                "Timeframe of `created_at`, such as `last_month`, `last_7_days` or `2026-01..2026-03`.",
            ),
            (
                json!({"name": "start_date_lte", "type": "date"}),
                "Only rows whose `start_date` is on this day or earlier.",
            ),
            (
                json!({"name": "remaining_gte", "type": "int"}),
                "Only rows whose `remaining` is at least this.",
            ),
            (
                json!({"name": "customers", "type": "int[]"}),
                "Only rows of these customers: their ids.",
            ),
            (
                json!({"name": "has_active_hold", "type": "bool"}),
                "`true`: only rows with active hold; `false`: only the others.",
            ),
            (
                json!({"name": "membership_types", "type": "string[]", "enum": ["pack"]}),
                "Only rows whose membership type is one of these.",
            ),
        ] {
            assert_eq!(filter_description(&filter), expected);
        }
    }

    #[test]
    fn no_type_of_the_catalogue_is_shown_to_people() {
        for report in reports::report_catalogue() {
            let description = reports::describe::describe_report(report, "");
            for filter in description["filters"].as_array().unwrap() {
                let text = filter_description(filter);
                let kind = filter["type"].as_str().unwrap();
                let shown = text.split_whitespace().any(|word| word.trim_matches('.') == kind);
                assert!(!shown || kind == "date", "{text}");
                assert!(text.ends_with('.') && text.len() > 20, "{text}");
            }
        }
    }
}
