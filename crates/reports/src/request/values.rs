//! Reading of single values and lists. Rule: spec/reports.md §2.2.

use std::collections::HashSet;

use model::id::{MAX_ID, is_valid_id};
use model::time::{Date, Fold, Instant, Zone};

use super::RawValue;
use crate::csv_dialect::CsvDialect;

/// The largest number of items in one list.
pub(crate) const ITEMS_MAX: usize = 10_000;
const SHOWN_CHARS_MAX: usize = 64;
const SECOND_MICROS: i64 = 1_000_000;

/// Quotes a value for a message and cuts it if it is long.
pub(crate) fn quote_value(text: &str) -> String {
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{:?}", format!("{}…", &text[..end])),
        None => format!("{text:?}"),
    }
}

/// Returns the single value of a parameter; none if it is null or empty.
pub(crate) fn read_single_value(values: &[&RawValue]) -> Result<Option<String>, String> {
    let mut found: Option<String> = None;
    for value in values {
        let text = match value {
            RawValue::Text(text) | RawValue::Number(text) => text.clone(),
            RawValue::Bool(value) => value.to_string(),
            RawValue::Null => continue,
            RawValue::List(items) if items.is_empty() => continue,
            RawValue::List(_) => return Err("expected one value, not a list".to_owned()),
            RawValue::Object => return Err("expected one value, not an object".to_owned()),
        };
        match &found {
            _ if text.is_empty() => {}
            Some(earlier) if *earlier != text => {
                return Err("expected one value, but it is given more than once".to_owned());
            }
            _ => found = Some(text),
        }
    }
    Ok(found)
}

/// Returns the items of a list in order, without duplicates; none if there are no items.
pub(crate) fn read_list_items(values: &[&RawValue]) -> Result<Option<Vec<String>>, String> {
    let mut items = Vec::new();
    for value in values {
        match value {
            RawValue::Text(text) if text.trim().is_empty() => {}
            RawValue::Text(text) => items.extend(text.split(',').map(|item| item.trim().into())),
            RawValue::Number(text) => items.push(text.clone()),
            RawValue::Null => {}
            RawValue::List(list) => {
                for item in list {
                    match item {
                        RawValue::Text(text) => items.push(text.trim().to_owned()),
                        RawValue::Number(text) => items.push(text.clone()),
                        _ => return Err("expected a list of texts or numbers".to_owned()),
                    }
                }
            }
            RawValue::Bool(_) | RawValue::Object => {
                return Err("expected a list or comma-separated text".to_owned());
            }
        }
    }
    if items.iter().any(String::is_empty) {
        return Err("the list has an empty item".to_owned());
    }
    let mut seen = HashSet::new();
    items.retain(|item| seen.insert(item.clone()));
    match items.len() {
        0 => Ok(None),
        1..=ITEMS_MAX => Ok(Some(items)),
        count => Err(format!("the list has {count} items; at most {ITEMS_MAX} are allowed")),
    }
}

/// Parses an integer within inclusive bounds.
pub(crate) fn parse_int(text: &str, min: i64, max: i64) -> Result<i64, String> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_plain = (1..=16).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = is_plain.then(|| text.parse::<i64>().ok()).flatten();
    number.filter(|number| (min..=max).contains(number)).ok_or_else(|| {
        format!("{} is not allowed: expected an integer from {min} to {max}", quote_value(text))
    })
}

/// Parses an id.
pub fn parse_id(text: &str) -> Result<i64, String> {
    parse_int(text, 1, MAX_ID).map_err(|_| {
        format!("{} is not an id: expected an integer from 1 to {MAX_ID}", quote_value(text))
    })
}

/// Parses a list of ids. The flag is true if `none` is among the items.
pub(crate) fn parse_ids_or_none(items: &[String]) -> Result<(Vec<i64>, bool), String> {
    let mut ids = Vec::new();
    let mut none = false;
    for item in items {
        let number = item.bytes().all(|b| b.is_ascii_digit()).then(|| item.parse().ok()).flatten();
        match number {
            _ if item == "none" => none = true,
            Some(number) if is_valid_id(number) => ids.push(number),
            _ => {
                return Err(format!(
                    "{} is not allowed: expected ids from 1 to {MAX_ID}, or none",
                    quote_value(item)
                ));
            }
        }
    }
    Ok((ids, none))
}

/// Parses a bool: `true`, `false`, `1` or `0`.
pub(crate) fn parse_bool(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{} is not a bool: expected true, false, 1 or 0", quote_value(text))),
    }
}

/// Parses the name of a CSV dialect.
pub(crate) fn parse_csv_dialect(text: &str) -> Result<CsvDialect, String> {
    CsvDialect::parse(text).ok_or_else(|| {
        format!("{} is not a dialect of CSV: expected rfc4180 or excel", quote_value(text))
    })
}

/// Parses a date from 1800-01-01 to 2999-12-31.
pub fn parse_date(text: &str) -> Result<Date, String> {
    Date::parse(text).filter(|date| (1800..=2999).contains(&date.year())).ok_or_else(|| {
        format!(
            "{} is not a date: expected YYYY-MM-DD, a real day from 1800-01-01 to 2999-12-31",
            quote_value(text)
        )
    })
}

/// The end of a range that an instant marks. It decides which end of the day a bare date means, and
/// which of two equal local times is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DayEnd {
    /// The start of the day; the earlier of two equal local times.
    First,
    /// The last microsecond of the day; the later of two equal local times.
    Last,
}

/// Parses an instant. Local times and bare dates are read in `zone`.
pub(crate) fn parse_instant(text: &str, zone: &Zone, end: DayEnd) -> Result<Instant, String> {
    try_parse_instant(text, zone, end).ok_or_else(|| {
        format!(
            "{} is not an instant: expected RFC 3339 such as 2026-01-05T10:00:00Z, \
             or YYYY-MM-DD, with at most 6 fraction digits",
            quote_value(text)
        )
    })
}

fn try_parse_instant(text: &str, zone: &Zone, end: DayEnd) -> Option<Instant> {
    if text.len() == 10 {
        let date = Date::parse(text)?;
        return Some(match end {
            DayEnd::First => zone.start_of(date),
            DayEnd::Last => Instant::from_micros(zone.start_of(date.plus_days(1)).micros() - 1),
        });
    }
    if !text.is_ascii() || text.len() < 19 {
        return None;
    }
    let date = Date::parse(&text[..10])?;
    if !matches!(text.as_bytes()[10], b'T' | b't' | b' ') {
        return None;
    }
    let (clock, offset) =
        text[11..].split_at(text[11..].find(['Z', 'z', '+', '-', ' ']).unwrap_or(text.len() - 11));
    let micros_of_day = clock_micros(clock)?;
    if offset.is_empty() {
        let fold = if end == DayEnd::First { Fold::Earlier } else { Fold::Later };
        return Some(zone.instant_at(date, micros_of_day, fold));
    }
    let utc = Zone::utc().instant_at(date, micros_of_day, Fold::Earlier);
    Some(utc.plus_seconds(-offset_seconds(offset)?))
}

/// Parses `hh:mm:ss` with up to 6 fraction digits and returns microseconds since midnight.
fn clock_micros(text: &str) -> Option<i64> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let bytes = clock.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hours, minutes, seconds) =
        (two_digits(&clock[..2])?, two_digits(&clock[3..5])?, two_digits(&clock[6..])?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    let micros = match fraction {
        None => 0,
        Some(digits) => {
            let is_plain = (1..=6).contains(&digits.len())
                && digits.bytes().all(|digit| digit.is_ascii_digit());
            is_plain.then(|| format!("{digits:0<6}").parse::<i64>().ok()).flatten()?
        }
    };
    Some(((hours * 60 + minutes) * 60 + seconds) * SECOND_MICROS + micros)
}

/// Parses `Z`, `+hh:mm` or `-hh:mm` and returns seconds. A space counts as `+`, because query
/// strings decode `+` to a space.
fn offset_seconds(text: &str) -> Option<i64> {
    let sign = match text.as_bytes()[0] {
        b'Z' | b'z' => return (text.len() == 1).then_some(0),
        b'-' => -1,
        _ => 1,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

fn two_digits(text: &str) -> Option<i64> {
    let is_plain = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: &str) -> RawValue {
        RawValue::Text(value.to_owned())
    }

    #[test]
    fn lists_come_as_text_repeated_names_or_arrays() {
        let number = |n: &str| RawValue::Number(n.to_owned());
        for (values, expected) in [
            (vec![text("a, b ,a")], Ok(Some(vec!["a", "b"]))),
            (vec![text("a"), text("b,c")], Ok(Some(vec!["a", "b", "c"]))),
            (vec![RawValue::List(vec![text("a"), number("7")])], Ok(Some(vec!["a", "7"]))),
            (vec![RawValue::List(vec![])], Ok(None)),
            (vec![RawValue::Null], Ok(None)),
            (vec![text("")], Ok(None)),
            (vec![number("12")], Ok(Some(vec!["12"]))),
            (vec![text("a,,b")], Err(())),
            (vec![RawValue::Object], Err(())),
            (vec![RawValue::List(vec![RawValue::Null])], Err(())),
        ] {
            let found = read_list_items(&values.iter().collect::<Vec<_>>());
            let expected = expected.map(|list| {
                list.map(|items| items.iter().map(|i| i.to_string()).collect::<Vec<_>>())
            });
            assert_eq!(found.map_err(|_| ()), expected, "{values:?}");
        }
    }

    #[test]
    fn lists_hold_ten_thousand_different_items() {
        let list = |count: usize| {
            let numbers = (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
            text(&numbers.join(","))
        };
        assert_eq!(read_list_items(&[&list(10_000)]).unwrap().unwrap().len(), 10_000);
        assert!(read_list_items(&[&list(10_001)]).unwrap_err().contains("at most 10000"));
        assert_eq!(read_list_items(&[&list(10_000), &list(5)]).unwrap().unwrap().len(), 10_000);
    }

    #[test]
    fn single_values_are_given_once() {
        for (values, expected) in [
            (vec![text("5")], Ok(Some("5"))),
            (vec![text("5"), text("5")], Ok(Some("5"))),
            (vec![text("")], Ok(None)),
            (vec![RawValue::Null], Ok(None)),
            (vec![RawValue::Bool(true)], Ok(Some("true"))),
            (vec![RawValue::List(vec![])], Ok(None)),
            (vec![text("5"), text("6")], Err(())),
            (vec![RawValue::List(vec![text("5")])], Err(())),
            (vec![RawValue::Object], Err(())),
        ] {
            let found = read_single_value(&values.iter().collect::<Vec<_>>()).map_err(|_| ());
            assert_eq!(found, expected.map(|text| text.map(str::to_owned)), "{values:?}");
        }
    }

    #[test]
    fn integers_are_plain_and_within_bounds() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-0", Some(0)),
            ("007", Some(7)),
            ("9007199254740991", Some(MAX_ID)),
            ("9007199254740992", None),
            ("-1", None),
            ("+1", None),
            ("1.0", None),
            (" 1", None),
            ("1e3", None),
            ("", None),
            ("00000000000000001", None),
        ] {
            assert_eq!(parse_int(text, 0, MAX_ID).ok(), expected, "{text:?}");
        }
        assert!(parse_id("0").is_err());
        assert_eq!(parse_id("1"), Ok(1));
    }

    #[test]
    fn ids_may_stand_beside_none() {
        let list = |text: &str| text.split(',').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(parse_ids_or_none(&list("12,none")), Ok((vec![12], true)));
        assert_eq!(parse_ids_or_none(&list("none")), Ok((vec![], true)));
        for bad in ["abc", "None", "-1", "0", "12,x", "99999999999999999999"] {
            assert!(parse_ids_or_none(&list(bad)).is_err(), "{bad}");
        }
    }

    #[test]
    fn bools_are_four_words() {
        for (text, expected) in [
            ("true", Some(true)),
            ("TRUE", Some(true)),
            ("1", Some(true)),
            ("False", Some(false)),
            ("0", Some(false)),
            ("yes", None),
            ("2", None),
        ] {
            assert_eq!(parse_bool(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn dates_are_real_days_of_these_centuries() {
        for good in ["1800-01-01", "2999-12-31", "2024-02-29"] {
            assert!(parse_date(good).is_ok(), "{good}");
        }
        for bad in ["1799-12-31", "3000-01-01", "2026-02-30", "2026-1-1", "2026-01-01T00:00:00Z"] {
            assert!(parse_date(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn instants_follow_the_providers_clocks() {
        let london = Zone::parse("Europe/London").unwrap();
        let sao_paulo = Zone::parse("America/Sao_Paulo").unwrap();
        let (first, last) = (DayEnd::First, DayEnd::Last);
        for (zone, text, end, expected) in [
            (&london, "2026-01-05T10:00:00Z", first, "2026-01-05T10:00:00Z"),
            (&london, "2026-01-05t10:00:00z", first, "2026-01-05T10:00:00Z"),
            (&london, "2026-01-05T10:00:00+02:00", first, "2026-01-05T08:00:00Z"),
            (&london, "2026-01-05T10:00:00 02:00", first, "2026-01-05T08:00:00Z"),
            (&london, "2026-01-05 10:00:00-02:30", first, "2026-01-05T12:30:00Z"),
            (&london, "2026-01-05 10:00:00.5 00:00", first, "2026-01-05T10:00:00.500Z"),
            (&london, "2026-07-05T10:00:00", first, "2026-07-05T09:00:00Z"),
            (&london, "2026-07-05 10:00:00.000001", first, "2026-07-05T09:00:00.000001Z"),
            (&london, "2026-07-05", first, "2026-07-04T23:00:00Z"),
            (&london, "2026-07-05", last, "2026-07-05T22:59:59.999999Z"),
            // A time that occurs twice, and one that does not exist.
            (&london, "2026-10-25T01:30:00", first, "2026-10-25T00:30:00Z"),
            (&london, "2026-10-25T01:30:00", last, "2026-10-25T01:30:00Z"),
            (&london, "2026-03-29T01:30:00", first, "2026-03-29T01:00:00Z"),
            (&london, "2026-03-29T01:30:00", last, "2026-03-29T01:00:00Z"),
            // In São Paulo this day has no midnight, because clocks went forward at 00:00.
            (&sao_paulo, "2018-11-04", first, "2018-11-04T03:00:00Z"),
            (&sao_paulo, "2018-11-03", last, "2018-11-04T02:59:59.999999Z"),
        ] {
            let found = parse_instant(text, zone, end).map(|instant| instant.to_string());
            assert_eq!(found.as_deref(), Ok(expected), "{text} {end:?}");
        }
        for bad in [
            "2026-01-05T10:00",
            "2026-01-05T24:00:00",
            "2026-02-30T10:00:00Z",
            "20260105T100000Z",
            "2026-01-05T10:00:00.1234567Z",
            "2026-01-05T10:00:00.Z",
            "2026-01-05X10:00:00Z",
            "2026-01-05T10:00:00+2:00",
            "2026-01-05T10:00:00+0200",
            "2026-01-05T10:00:00Zx",
            "2026-01-05T10:00:60Z",
            "yesterday",
            "2026-01-05T10:00:00 ",
            "١٢٣٤-01-05T10:00:00Z",
        ] {
            assert!(parse_instant(bad, &london, first).is_err(), "{bad}");
        }
    }
}
