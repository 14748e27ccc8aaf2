//! Reading of single values in a request's body. Rule: spec/exports.md §4.

use model::id::{MAX_ID, is_valid_id};
use model::money::Currency;
use model::time::{Date, Instant, Zone};
use serde_json::Value;

use crate::request::values::{DayEnd, parse_instant, quote_value};

/// The largest number of Unix seconds: the end of the year 9999.
const SECONDS_MAX: i64 = 253_402_300_799;
/// The largest number of characters in a text filter.
const TEXT_CHARS_MAX: usize = 500;

/// Formats a value for a message.
pub(super) fn quote_json_value(value: &Value) -> String {
    match value {
        Value::String(text) => quote_value(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// Returns true if a value counts as absent: null or the empty text.
pub(super) fn is_absent(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(str::is_empty)
}

/// Reads a JSON integer, or digits in a string.
fn integer(value: &Value) -> Option<i128> {
    match value {
        Value::Number(number) => {
            number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
        }
        Value::String(text) => digits(text),
        _ => None,
    }
}

fn digits(text: &str) -> Option<i128> {
    let is_plain = (1..=30).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// Reads an id.
pub(super) fn read_id(field: &str, value: &Value) -> Result<i64, String> {
    let id = integer(value).and_then(|id| i64::try_from(id).ok()).filter(|id| is_valid_id(*id));
    id.ok_or_else(|| format!("The {field} must be an integer from 1 to {MAX_ID}."))
}

/// Reads a text with at most [`TEXT_CHARS_MAX`] characters.
pub(super) fn read_text(field: &str, value: &Value) -> Result<String, String> {
    match value.as_str() {
        Some(text) if text.chars().count() <= TEXT_CHARS_MAX => Ok(text.to_owned()),
        Some(_) => Err(format!("The {field} may not be longer than {TEXT_CHARS_MAX} characters.")),
        None => Err(format!("The {field} must be a string.")),
    }
}

/// Reads one of the allowed words, in its exact spelling.
pub(super) fn read_word<'w>(
    field: &str,
    value: &'w Value,
    allowed: &[&str],
) -> Result<&'w str, String> {
    let word = value.as_str().filter(|word| allowed.contains(word));
    word.ok_or_else(|| invalid_word_message(field, allowed))
}

/// Returns the message about a word that is not allowed.
pub(super) fn invalid_word_message(field: &str, allowed: &[&str]) -> String {
    format!("The selected {field} is invalid. Allowed values: {}.", allowed.join(", "))
}

/// Reads a currency, which must be in lower case.
pub(super) fn read_currency(field: &str, value: &Value) -> Result<Currency, String> {
    let text = value.as_str().ok_or_else(|| format!("The {field} must be a string."))?;
    let lower = text.to_ascii_lowercase();
    match (Currency::parse(text), Currency::parse(&lower)) {
        (Some(currency), _) => Ok(currency),
        (None, Some(_)) => Err(format!("The {field} must be lower case: {lower}.")),
        (None, None) => {
            Err(format!("The selected {field} is invalid: expected an ISO 4217 code such as usd."))
        }
    }
}

/// Reads a country in any case and returns it in upper case.
pub(super) fn read_country(field: &str, value: &Value) -> Result<String, String> {
    let is_country =
        |text: &&str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    let text = value.as_str().filter(is_country).map(str::to_ascii_uppercase);
    text.ok_or_else(|| format!("The {field} must be two letters, such as US."))
}

/// Reads a bool.
pub(super) fn read_bool(field: &str, value: &Value) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(text) if text == "true" => Ok(true),
        Value::String(text) if text == "false" => Ok(false),
        _ => Err(format!("The {field} must be true or false.")),
    }
}

/// Reads a whole second: Unix seconds, an instant, or a date, which stands for the first or last
/// second of that day in `zone`.
pub(super) fn read_second(
    field: &str,
    value: &Value,
    zone: &Zone,
    is_end: bool,
) -> Result<i64, String> {
    if let Some(number) = integer(value) {
        let second = i64::try_from(number).ok().filter(|s| (0..=SECONDS_MAX).contains(s));
        return second.ok_or_else(|| {
            if number > i128::from(SECONDS_MAX) {
                format!("The {field} must be Unix seconds up to {SECONDS_MAX}; milliseconds?")
            } else {
                format!("The {field} must be Unix seconds from 0 to {SECONDS_MAX}.")
            }
        });
    }
    let end = if is_end { DayEnd::Last } else { DayEnd::First };
    let found =
        value.as_str().and_then(|text| parse_instant(&without_fraction(text), zone, end).ok());
    found.map(Instant::seconds).ok_or_else(|| {
        format!(
            "The {field} is not a valid date: expected Unix seconds such as 1704067200, \
             2024-01-01T00:00:00Z or 2024-01-01."
        )
    })
}

/// Removes the fraction of the seconds from a date-time.
fn without_fraction(text: &str) -> String {
    let Some((whole, rest)) = text.split_once('.') else { return text.to_owned() };
    let kept = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    if kept.len() < rest.len() { format!("{whole}{kept}") } else { text.to_owned() }
}

/// Reads a month, given as `YYYY-MM` or as any day in it, and returns its first day.
pub(super) fn read_month(field: &str, value: &Value) -> Result<Date, String> {
    let text = value.as_str().unwrap_or_default();
    let date = match text.len() {
        7 => Date::parse(&format!("{text}-01")),
        _ => Date::parse(text),
    };
    let first = date.and_then(|date| Date::new(date.year(), date.month(), 1));
    first.ok_or_else(|| {
        format!("The {field} is not a valid date: expected YYYY-MM-DD or YYYY-MM, such as 2024-01.")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn seconds_come_as_numbers_instants_and_days() {
        let london = Zone::parse("Europe/London").unwrap();
        for (value, is_end, expected) in [
            (json!(1_704_067_200), false, Some(1_704_067_200)),
            (json!("1704067200"), false, Some(1_704_067_200)),
            (json!(0), false, Some(0)),
            (json!(SECONDS_MAX), false, Some(SECONDS_MAX)),
            (json!(SECONDS_MAX + 1), false, None),
            (json!(-1), false, None),
            (json!(1.5), false, None),
            (json!(1_704_067_200.0), false, None),
            (json!(true), false, None),
            (json!([1]), false, None),
            (json!("2024-01-01T00:00:00Z"), false, Some(1_704_067_200)),
            (json!("2024-01-01T00:00:00.999999999Z"), false, Some(1_704_067_200)),
            (json!("2024-01-01T00:00:00.9+01:00"), true, Some(1_704_063_600)),
            (json!("2024-01-01T00:00:00."), false, None),
            (json!("2024-07-01"), false, Some(1_719_788_400)),
            (json!("2024-07-01"), true, Some(1_719_788_400 + 86_399)),
            (json!("2024-07-01T12:00:00"), false, Some(1_719_831_600)),
            (json!("2024-02-30"), false, None),
            (json!("yesterday"), false, None),
            (json!("-5"), false, None),
        ] {
            assert_eq!(read_second("f", &value, &london, is_end).ok(), expected, "{value}");
        }
        let message = read_second("f", &json!(1_704_067_200_000_i64), &london, false).unwrap_err();
        assert!(message.contains("milliseconds?"), "{message}");
    }

    #[test]
    fn months_are_any_day_of_them() {
        for (text, expected) in [
            ("2024-01", Some("2024-01-01")),
            ("2024-01-01", Some("2024-01-01")),
            ("2024-02-29", Some("2024-02-01")),
            ("2024-02-30", None),
            ("2024-13", None),
            ("2024", None),
            ("", None),
        ] {
            let found = read_month("month", &json!(text)).ok().map(|date| date.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
        assert!(read_month("month", &json!(202_401)).is_err());
    }

    #[test]
    fn currencies_are_lower_case() {
        assert!(read_currency("currency", &json!("usd")).is_ok());
        assert!(
            read_currency("currency", &json!("USD")).unwrap_err().contains("must be lower case")
        );
        for bad in [json!("xyz"), json!("us"), json!(5), json!("u$d")] {
            assert!(read_currency("currency", &bad).is_err(), "{bad}");
        }
    }
}
