//! The fields of a webhook in a request body. Rule: spec/exports.md §8.1.

use reports::request::FieldErrors;
use reports::request::unknown::did_you_mean;
use serde_json::{Map, Value};

use super::events;

const NAMES: [&str; 5] = ["url", "description", "events", "all_events_enabled", "status"];
const URL_CHARS_MAX: usize = 2000;
const TEXT_CHARS_MAX: usize = 500;
const STATUSES: [(&str, bool); 2] = [("enabled", true), ("disabled", false)];

/// The given fields; `None` means not given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct WebhookFields {
    /// The URL.
    pub(super) url: Option<String>,
    /// The description, for people; empty if it is to be removed, by null or an empty text.
    pub(super) description: Option<String>,
    /// The event types in dotted form.
    pub(super) events: Option<Vec<String>>,
    /// True if the webhook gets events of every type.
    pub(super) has_all_events: Option<bool>,
    /// True if the webhook is enabled.
    pub(super) is_enabled: Option<bool>,
}

/// Returns the value of a webhook's `status`.
pub(super) fn status(is_enabled: bool) -> &'static str {
    STATUSES.iter().find(|(_, known)| *known == is_enabled).map_or("", |(word, _)| word)
}

impl WebhookFields {
    /// Reads the fields of a body; problems are added to `errors`.
    pub(super) fn read(body: &Map<String, Value>, errors: &mut FieldErrors) -> Self {
        let mut fields = Self::default();
        for (name, value) in body {
            match name.as_str() {
                "url" => fields.url = url(value, errors),
                "description" => fields.description = description(value, errors),
                "events" => fields.events = events_of(value, errors),
                "all_events_enabled" => fields.has_all_events = all_events(value, errors),
                "status" => fields.is_enabled = is_enabled(value, errors),
                other => {
                    let meant = did_you_mean(other, NAMES);
                    errors.push(other, format!("The {other} field is unknown.{meant}"));
                }
            }
        }
        fields
    }
}

fn url(value: &Value, errors: &mut FieldErrors) -> Option<String> {
    let url = value.as_str().filter(|url| is_short(url, URL_CHARS_MAX));
    if url.is_none() {
        let message = format!("The url must be text of at most {URL_CHARS_MAX} characters.");
        errors.push("url", message);
    }
    url.map(str::to_owned)
}

fn description(value: &Value, errors: &mut FieldErrors) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::String(text) if is_short(text, TEXT_CHARS_MAX) => Some(text.clone()),
        _ => {
            let message =
                format!("The description must be text of at most {TEXT_CHARS_MAX} characters.");
            errors.push("description", message);
            None
        }
    }
}

/// Returns true if the text is short enough and has no zero byte, which PostgreSQL cannot store.
fn is_short(text: &str, chars_max: usize) -> bool {
    text.chars().count() <= chars_max && !text.contains('\0')
}

fn events_of(value: &Value, errors: &mut FieldErrors) -> Option<Vec<String>> {
    let Some(given) = value.as_array() else {
        errors.push("events", "The events must be a list.");
        return None;
    };
    let found: Option<Vec<&'static str>> =
        given.iter().map(|name| name.as_str().and_then(events::dotted_name)).collect();
    if found.is_none() {
        let names = events::names().join(", ");
        errors.push("events", format!("The selected events is invalid. Allowed values: {names}."));
    }
    found.map(|found| events::in_order(&found))
}

fn all_events(value: &Value, errors: &mut FieldErrors) -> Option<bool> {
    if !value.is_boolean() {
        errors.push("all_events_enabled", "The all_events_enabled must be true or false.");
    }
    value.as_bool()
}

fn is_enabled(value: &Value, errors: &mut FieldErrors) -> Option<bool> {
    let named = STATUSES.iter().find(|(word, _)| value.as_str() == Some(*word));
    if named.is_none() {
        let words = STATUSES.map(|(word, _)| word).join(", ");
        errors.push("status", format!("The selected status is invalid. Allowed values: {words}."));
    }
    named.map(|(_, is_enabled)| *is_enabled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value) -> (WebhookFields, Vec<String>) {
        let mut errors = FieldErrors::default();
        let fields = WebhookFields::read(body.as_object().unwrap(), &mut errors);
        (fields, errors.0.into_keys().collect())
    }

    #[test]
    fn a_field_that_is_not_given_is_none() {
        assert_eq!(read(&json!({})), (WebhookFields::default(), vec![]));
        let body = json!({"events": ["export_failed", "export.requested", "export.failed"],
            "all_events_enabled": false, "status": "disabled", "description": ""});
        let expected = WebhookFields {
            url: None,
            description: Some(String::new()),
            events: Some(vec!["export.requested".to_owned(), "export.failed".to_owned()]),
            has_all_events: Some(false),
            is_enabled: Some(false),
        };
        assert_eq!(read(&body), (expected, vec![]));
    }

    #[test]
    fn every_wrong_field_is_named() {
        for (body, field) in [
            (json!({"url": 1}), "url"),
            (json!({"url": "x".repeat(2001)}), "url"),
            (json!({"description": ["a"]}), "description"),
            (json!({"description": "a\0"}), "description"),
            (json!({"url": "https://a\0"}), "url"),
            (json!({"events": "export_failed"}), "events"),
            (json!({"events": ["export_failed", "invoice_paid"]}), "events"),
            (json!({"events": [7]}), "events"),
            (json!({"all_events_enabled": "yes"}), "all_events_enabled"),
            (json!({"status": "Enabled"}), "status"),
            (json!({"secret": "mine"}), "secret"),
        ] {
            assert_eq!(read(&body).1, [field], "{body}");
        }
    }
}
