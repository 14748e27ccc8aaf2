//! Suggestions for values that cannot be read: the name, date or amount that was probably meant.

use crate::time::Date;

/// The length in bytes above which a text gets no suggestion.
const TEXT_BYTES_MAX: usize = 64;
/// The greatest number of digits after the decimal point of an amount.
const AMOUNT_DIGITS_MAX: usize = 4;

/// Returns the entry of `known` that is most similar to `given`, if any is similar enough.
///
/// Case, spaces and punctuation are ignored: `First Name` is `first_name`.
pub fn closest_name<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if given.len() > TEXT_BYTES_MAX {
        return None;
    }
    let given = plain_word(given);
    let distances = known.into_iter().map(|word| {
        let known = plain_word(word);
        let edits = strsim::osa_distance(&given, &known);
        (edits, edits <= given.len().min(known.len()) / 3, word)
    });
    let (_, _, word) =
        distances.filter(|(_, is_alike, _)| *is_alike).min_by_key(|(edits, _, _)| *edits)?;
    Some(word)
}

/// Returns `; did you mean "name"?` if an entry of `known` is similar to `given`, else an empty
/// text.
pub fn did_you_mean<'k>(given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
    let closest = closest_name(given, known);
    closest.map(|word| format!("; did you mean {word:?}?")).unwrap_or_default()
}

/// Returns the letters and digits of `text` in lower case.
fn plain_word(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Returns the dates that `text` may mean, the day-first reading before the month-first one; empty
/// if there is none.
///
/// Accepts three numbers separated by `/`, `.` or `-`, with a four-digit year first or last.
pub(crate) fn possible_dates(text: &str) -> Vec<Date> {
    let Some(numbers) = three_numbers(text) else { return Vec::new() };
    let orders = match numbers {
        [year, month, day] if year.len() == 4 => vec![(year, month, day)],
        [day, month, year] if year.len() == 4 => vec![(year, month, day), (year, day, month)],
        _ => Vec::new(),
    };
    let read = |(year, month, day): (&str, &str, &str)| {
        Date::parse(&format!("{year}-{month:0>2}-{day:0>2}"))
    };
    let mut days: Vec<Date> = orders.into_iter().filter_map(read).collect();
    days.dedup();
    days
}

fn three_numbers(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split(['/', '.', '-']);
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    let is_number = |part: &&str| {
        (1..=4).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    (parts.next().is_none() && numbers.iter().all(is_number)).then_some(numbers)
}

/// Returns true if `text` is an amount in everyday notation, such as `45.00`, `£1,028.75` or `12,50
/// €`.
pub(crate) fn is_decimal_amount(text: &str) -> bool {
    decimal_amount(text).is_some()
}

/// Converts `text`, an amount in everyday notation, to minor units of a currency with `digits`
/// decimals. Returns none if `text` is no such amount, is ambiguous, or has more decimals than
/// that.
pub(crate) fn in_minor_units(text: &str, digits: u32) -> Option<String> {
    let amount = decimal_amount(text)?;
    let digits = digits as usize;
    let decimals = amount.decimals?;
    let (kept, cut) = decimals.split_at(decimals.len().min(digits));
    if cut.bytes().any(|byte| byte != b'0') {
        return None;
    }
    let minor = format!("{}{kept:0<digits$}", amount.whole);
    let minor = minor.trim_start_matches('0');
    Some(match minor {
        "" => "0".to_owned(),
        minor if amount.is_negative => format!("-{minor}"),
        minor => minor.to_owned(),
    })
}

struct DecimalAmount {
    is_negative: bool,
    whole: String,
    /// None if the separator may stand for thousands or for decimals.
    decimals: Option<String>,
}

/// Parses an amount that has a decimal or thousands separator, a sign in brackets, or a currency.
fn decimal_amount(text: &str) -> Option<DecimalAmount> {
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let text = text.trim();
    let (text, is_in_brackets) = match text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        Some(inside) => (inside, true),
        None => (text, false),
    };
    let is_mark = |c: char| matches!(c, '.' | ',');
    let is_currency = |c: char| !c.is_ascii() || c.is_ascii_alphabetic() || c == '$';
    let is_part = |c: char| c.is_ascii_digit() || is_mark(c);
    let is_known = |c: char| is_part(c) || is_currency(c) || matches!(c, ' ' | '\'' | '-' | '+');
    if !text.chars().all(is_known) || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let inside = text.trim_matches(|c: char| !c.is_ascii_digit());
    let is_broken = inside.chars().any(|c| !is_part(c) && !c.is_whitespace() && c != '\'');
    let number: String = text.chars().filter(|c| is_part(*c)).collect();
    let has_sign_beside = number.len() < text.trim_start_matches(['-', '+']).len();
    let marks: Vec<char> = number.chars().filter(|c| is_mark(*c)).collect();
    let is_whole_number = marks.is_empty() && !has_sign_beside && !is_in_brackets;
    if letters > 3 || is_broken || is_whole_number {
        return None;
    }
    let (whole, decimals) = match number.rfind(is_mark) {
        None => (number.as_str(), Some("")),
        Some(at) => split_at_mark(&number, at, &marks)?,
    };
    Some(DecimalAmount {
        is_negative: is_in_brackets || text.contains('-'),
        whole: whole.chars().filter(char::is_ascii_digit).collect(),
        decimals: decimals.map(str::to_owned),
    })
}

/// Splits `number` at its last separator, at position `at`, if that one is the decimal separator.
fn split_at_mark<'n>(
    number: &'n str,
    at: usize,
    marks: &[char],
) -> Option<(&'n str, Option<&'n str>)> {
    let (whole, decimals) = (&number[..at], &number[at + 1..]);
    let last = marks.last()?;
    let is_repeated = marks.iter().filter(|mark| *mark == last).count() > 1;
    match decimals.len() {
        _ if is_repeated => Some((number, Some(""))),
        3 if marks.len() == 1 && !whole.starts_with('0') => Some((whole, None)),
        length if length <= AMOUNT_DIGITS_MAX => Some((whole, Some(decimals))),
        _ => None,
    }
}

/// Returns the beginning of `text`, at most 60 characters, for an error message.
pub(crate) fn clip(text: &str) -> &str {
    match text.char_indices().nth(60) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_matched_whatever_their_case_and_punctuation() {
        let known = ["id", "first_name", "email", "date_of_birth", "price", "total"];
        for (given, expected) in [
            ("First Name", Some("first_name")),
            ("firstname", Some("first_name")),
            ("E-Mail", Some("email")),
            ("emial", Some("email")),
            ("Price (£)", Some("price")),
            ("ID", Some("id")),
            ("toatl", Some("total")),
            ("date of brith", Some("date_of_birth")),
            ("loyalty", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(closest_name(given, known), expected, "{given}");
        }
        assert_eq!(closest_name(&"a".repeat(1 << 20), known), None);
    }

    #[test]
    fn days_are_read_day_first_and_month_first() {
        for (text, expected) in [
            ("29/02/1992", "1992-02-29"),
            ("02/29/1992", "1992-02-29"),
            ("03/04/2025", "2025-04-03 2025-03-04"),
            ("3.4.2025", "2025-04-03 2025-03-04"),
            ("05-05-2025", "2025-05-05"),
            ("2025/4/3", "2025-04-03"),
            ("30/02/2025", ""),
            ("3/4/25", ""),
            ("1/2/3/2024", ""),
            ("soon", ""),
        ] {
            let days: Vec<_> = possible_dates(text).iter().map(Date::to_string).collect();
            assert_eq!(days.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn amounts_are_read_as_people_write_them() {
        for (text, digits, expected) in [
            ("45.00", 2, Some("4500")),
            ("45.0", 2, Some("4500")),
            ("45.5", 2, Some("4550")),
            ("£1,028.75", 2, Some("102875")),
            ("1.028,75 €", 2, Some("102875")),
            ("1,234,567", 2, Some("123456700")),
            ("1'028.75", 2, Some("102875")),
            ("GBP 45", 2, Some("4500")),
            ("€45", 2, Some("4500")),
            ("-0.05", 2, Some("-5")),
            ("(12.50)", 2, Some("-1250")),
            ("0.00", 2, Some("0")),
            ("45.00", 0, Some("45")),
            ("45.50", 0, None),
            ("1.250", 3, None),
            ("0.250", 3, Some("250")),
            ("1,028", 2, None),
        ] {
            assert_eq!(in_minor_units(text, digits).as_deref(), expected, "{text} {digits}");
            assert!(is_decimal_amount(text), "{text}");
        }
        for text in ["45", "-45", "", "free", "about 45.00", "1e5", "4_5.0", "1/2"] {
            assert!(!is_decimal_amount(text), "{text}");
        }
    }
}
