//! Converts input values to cells by column kind. Rule: spec/data-model.md §1, §3.

use crate::catalogue::{Column, ColumnType, Presence};
use crate::cell::Cell;
use crate::country::{is_country, suggest_country};
use crate::id::{MAX_ID, is_valid_id};
use crate::import::{CellError, ImportCode};
use crate::money::Currency;
use crate::suggest::clip;
use crate::time::{Date, Instant};
use crate::{allotment, compact_json, suggest};

/// The longest text of one value, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// The range of accepted instants, in microseconds: from 0000-01-01T00:00:00Z to the end of the
/// year 9998.
pub const INSTANT_RANGE: std::ops::Range<i64> = -719_528 * DAY_MICROS..2_932_532 * DAY_MICROS;
const DAY_MICROS: i64 = 86_400_000_000;
const UNIX_SECONDS_MAX: i64 = 253_402_300_799;
const PERCENT_DIGITS: usize = 4;

/// An input value as a file reader produces it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum InputValue<'a> {
    /// JSON null, an empty CSV cell, a Parquet null.
    Null,
    /// A JSON or Parquet bool.
    Bool(bool),
    /// A number without fraction that fits 64 bits.
    Int(i64),
    /// A number that is not a 64-bit integer, with its text.
    Number(&'a str),
    /// A JSON string or Parquet text, taken as it is.
    Text(&'a str),
    /// A CSV cell: text that is parsed by the column's kind.
    Untyped(&'a str),
    /// A JSON object or list, as JSON text.
    Json(&'a str),
}

/// Converts `input` to a cell of `column`.
///
/// Null in a column with a default becomes [`Cell::Null`], and [`crate::rules`] fills in the
/// default. Error messages say which values are accepted.
pub fn parse_cell(column: &Column, input: InputValue<'_>) -> Result<Cell, CellError> {
    match input {
        InputValue::Null if column.presence == Presence::Required => {
            Err(CellError::new(ImportCode::RequiredMissing, format!("{} is required", column.name)))
        }
        InputValue::Null => Ok(Cell::Null),
        InputValue::Untyped("") => parse_cell(column, InputValue::Null),
        _ => value(column.kind, input),
    }
}

fn value(kind: ColumnType, input: InputValue<'_>) -> Result<Cell, CellError> {
    match kind {
        ColumnType::Int { min, max } => integer(input, min, max),
        ColumnType::Money => amount(input),
        ColumnType::Bool => boolean(input),
        ColumnType::Date => date(input),
        ColumnType::Instant => instant(input),
        ColumnType::Percent => percent(input),
        ColumnType::Text => text(input).map(Cell::text),
        ColumnType::Enum(words) => word(input, words),
        ColumnType::Currency => currency(input),
        ColumnType::Country => country(input),
        ColumnType::Json => compact_json::compact_object(json_text(input)?).map(Cell::text),
        ColumnType::Allotment => allotment(input),
        ColumnType::TextList => text_list(input),
        ColumnType::IntList => id_list(input),
    }
}

fn mismatch(expected: &str, input: InputValue<'_>) -> CellError {
    CellError::new(ImportCode::TypeMismatch, format!("expected {expected}, got {}", shown(input)))
}

fn shown(input: InputValue<'_>) -> String {
    match input {
        InputValue::Null => "null".to_owned(),
        InputValue::Bool(value) => value.to_string(),
        InputValue::Int(value) => value.to_string(),
        InputValue::Number(text) | InputValue::Json(text) => clip(text).to_owned(),
        InputValue::Text(text) | InputValue::Untyped(text) => format!("{:?}", clip(text)),
    }
}

fn integer(input: InputValue<'_>, min: i64, max: i64) -> Result<Cell, CellError> {
    let out_of_range = |shown: &str| {
        let message = match (min, max) {
            (1, MAX_ID) => format!("{shown} is not an id: expected 1 to {MAX_ID}"),
            _ => format!("{shown} is out of range: expected {min} to {max}"),
        };
        CellError::new(ImportCode::NumberOutOfRange, message)
    };
    let number = match input {
        InputValue::Int(value) => value,
        InputValue::Number(text) | InputValue::Untyped(text) if is_whole_number(text) => {
            text.parse().map_err(|_| out_of_range(clip(text)))?
        }
        _ => return Err(mismatch("a whole number", input)),
    };
    if (min..=max).contains(&number) {
        Ok(Cell::Int(number))
    } else {
        Err(out_of_range(&number.to_string()))
    }
}

fn amount(input: InputValue<'_>) -> Result<Cell, CellError> {
    integer(input, i64::MIN, i64::MAX).map_err(|error| match written_amount(input) {
        Some(text) => CellError::new(error.code, amount_message(text, None)),
        None => error,
    })
}

/// Returns the text of `input` if it is an amount in decimal notation, such as `45.00`.
pub fn written_amount(input: InputValue<'_>) -> Option<&str> {
    match input {
        InputValue::Number(text) | InputValue::Text(text) | InputValue::Untyped(text) => {
            Some(text).filter(|text| suggest::is_decimal_amount(text))
        }
        _ => None,
    }
}

/// Returns the error message for `text`, an amount in decimal notation where minor units are
/// expected.
pub fn amount_message(text: &str, currency: Option<Currency>) -> String {
    let example = Currency::USD;
    let minor = currency.and_then(|currency| suggest::in_minor_units(text, currency.digits()));
    match minor {
        Some(minor) => format!("amounts are in minor units: write {minor} for {text}"),
        None if currency.is_none() => match suggest::in_minor_units(text, example.digits()) {
            Some(minor) => {
                format!("amounts are in minor units: write {minor} for {text}, with two decimals")
            }
            None => format!("amounts are in minor units, without a point: {:?} is not", clip(text)),
        },
        None => format!("amounts are in minor units, without a point: {:?} is not", clip(text)),
    }
}

fn is_whole_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn boolean(input: InputValue<'_>) -> Result<Cell, CellError> {
    match input {
        InputValue::Bool(value) => Ok(Cell::Int(i64::from(value))),
        InputValue::Int(value @ (0 | 1)) => Ok(Cell::Int(value)),
        InputValue::Untyped(text) if text == "1" || text.eq_ignore_ascii_case("true") => {
            Ok(Cell::Int(1))
        }
        InputValue::Untyped(text) if text == "0" || text.eq_ignore_ascii_case("false") => {
            Ok(Cell::Int(0))
        }
        _ => Err(mismatch("true or false", input)),
    }
}

fn date(input: InputValue<'_>) -> Result<Cell, CellError> {
    let (InputValue::Text(text) | InputValue::Untyped(text)) = input else {
        return Err(mismatch("a date such as \"2024-01-31\"", input));
    };
    let date = Date::parse(text).ok_or_else(|| {
        let message = match shown_days(text, "") {
            Some(meant) => format!("{:?}: write dates as YYYY-MM-DD: {meant}", clip(text)),
            None => format!("{:?} is not a date of the calendar: expected YYYY-MM-DD", clip(text)),
        };
        CellError::new(ImportCode::DateInvalid, message)
    })?;
    Ok(Cell::Int(i64::from(date.days())))
}

/// Returns the dates that `text`, which is not `YYYY-MM-DD`, may mean, with `ending` after each.
fn shown_days(text: &str, ending: &str) -> Option<String> {
    match suggest::possible_dates(text).as_slice() {
        [] => None,
        [day] => Some(format!("{day}{ending}")),
        [day_first, month_first, ..] => Some(format!(
            "{day_first}{ending} if the day comes first, {month_first}{ending} if the month does"
        )),
    }
}

fn instant(input: InputValue<'_>) -> Result<Cell, CellError> {
    let from_seconds = |seconds: i64| match seconds {
        0..=UNIX_SECONDS_MAX => Instant::from_seconds(seconds),
        _ => None,
    };
    let parsed = match input {
        InputValue::Int(seconds) => from_seconds(seconds),
        InputValue::Untyped(text) if is_whole_number(text) => {
            text.parse().ok().and_then(from_seconds)
        }
        // The offset can move the instant outside the years that text can express.
        InputValue::Text(text) | InputValue::Untyped(text) => {
            Instant::parse(text).filter(|instant| INSTANT_RANGE.contains(&instant.micros()))
        }
        _ => None,
    };
    parsed
        .map(|instant| Cell::Int(instant.micros()))
        .ok_or_else(|| CellError::new(ImportCode::TimestampInvalid, instant_message(input)))
}

fn instant_message(input: InputValue<'_>) -> String {
    let shown = shown(input);
    if let InputValue::Text(text) | InputValue::Untyped(text) = input {
        let offset = "with the offset of where the business is in place of Z";
        let has_no_offset = |text: &str| Instant::parse(&format!("{text}Z")).is_some();
        if let Some(meant) = shown_days(text, "T00:00:00Z") {
            return format!("{shown} is not a timestamp: write {meant}; {offset}");
        }
        if has_no_offset(text) {
            return format!("{shown} has no offset: write {text}Z; {offset}");
        }
    }
    let expected = "expected RFC 3339 with an offset (2024-01-31T10:00:00Z), of the years 0000 to \
                    9998, or Unix seconds";
    format!("{shown} is not a timestamp: {expected}")
}

fn percent(input: InputValue<'_>) -> Result<Cell, CellError> {
    let int_text;
    let written = match input {
        InputValue::Int(value) => {
            int_text = value.to_string();
            int_text.as_str()
        }
        InputValue::Number(text) | InputValue::Text(text) | InputValue::Untyped(text) => text,
        _ => return Err(mismatch("a percentage", input)),
    };
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || written.ends_with('.') {
        return Err(mismatch("a percentage such as 12.5", input));
    }
    let padded = format!("{fraction:0<PERCENT_DIGITS$}");
    let scaled = format!("{whole}{padded}").parse::<i64>();
    match scaled {
        Ok(value) if fraction.len() <= PERCENT_DIGITS && value <= 1_000_000 => Ok(Cell::Int(value)),
        _ => Err(CellError::new(
            ImportCode::NumberOutOfRange,
            format!("{} is out of range: expected 0 to 100 with up to 4 decimals", clip(written)),
        )),
    }
}

fn text(input: InputValue<'_>) -> Result<&str, CellError> {
    let (InputValue::Text(text) | InputValue::Untyped(text)) = input else {
        return Err(mismatch("text", input));
    };
    if text.len() > TEXT_BYTES_MAX {
        let message = format!("text of {} bytes: at most {TEXT_BYTES_MAX}", text.len());
        return Err(CellError::new(ImportCode::RowTooLong, message));
    }
    if text.contains('\0') {
        return Err(mismatch("text without NUL characters", input));
    }
    Ok(text)
}

fn word(input: InputValue<'_>, words: &'static [&'static str]) -> Result<Cell, CellError> {
    let given = text(input)?;
    match words.iter().find(|word| **word == given) {
        Some(word) => Ok(Cell::text(*word)),
        None => {
            let meant = suggest::did_you_mean(given, words.iter().copied());
            let message = format!("{:?} is not one of: {}{meant}", clip(given), words.join(", "));
            Err(CellError::new(ImportCode::EnumInvalid, message))
        }
    }
}

fn currency(input: InputValue<'_>) -> Result<Cell, CellError> {
    let given = text(input)?;
    if Currency::parse(given).is_some() {
        return Ok(Cell::text(given));
    }
    let lower = clip(given).to_ascii_lowercase();
    let message = match Currency::parse(&lower) {
        Some(_) => format!("{given:?} must be lower case: {lower:?}"),
        None => format!("{:?} is not a lower-case ISO 4217 currency code", clip(given)),
    };
    Err(CellError::new(ImportCode::CurrencyInvalid, message))
}

fn country(input: InputValue<'_>) -> Result<Cell, CellError> {
    let given = text(input)?;
    if is_country(given) {
        return Ok(Cell::text(given));
    }
    let shown = clip(given);
    let message = match suggest_country(given) {
        Some(meant) if meant.eq_ignore_ascii_case(given) => {
            format!("{shown:?} must be upper case: {meant:?}")
        }
        Some(meant) => format!("{shown:?} is not a country of ISO 3166-1: write {meant:?}"),
        None => format!("{shown:?} is not a country: expected ISO 3166-1 alpha-2, as in \"GB\""),
    };
    Err(CellError::new(ImportCode::CountryInvalid, message))
}

/// Returns the JSON text of an input. JSON has the same length limit as text.
fn json_text(input: InputValue<'_>) -> Result<&str, CellError> {
    match input {
        InputValue::Json(given) | InputValue::Text(given) | InputValue::Untyped(given) => {
            text(InputValue::Text(given))
        }
        _ => Err(mismatch("a JSON object", input)),
    }
}

fn allotment(input: InputValue<'_>) -> Result<Cell, CellError> {
    let compact = compact_json::compact_object(json_text(input)?)
        .map_err(|error| CellError { code: ImportCode::AllotmentBadValue, ..error })?;
    allotment::parse_allotment(&compact).map(|allotment| Cell::text(allotment.to_json()))
}

/// Returns true if a list item can be written in a CSV cell between separators. If one item cannot,
/// the cell holds the whole list as JSON.
pub fn is_plain_list_item(item: &str, is_first: bool) -> bool {
    let is_read_otherwise = item.is_empty()
        || item.trim() != item
        || item.contains([';', ','])
        || (is_first && item.starts_with('['));
    !is_read_otherwise
}

/// Splits the items of a list in a CSV cell: at `;`, or at `,` if the cell has no `;`.
fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let mark = if text.contains(';') { ';' } else { ',' };
    text.split(mark).map(str::trim)
}

fn text_list(input: InputValue<'_>) -> Result<Cell, CellError> {
    if is_empty_list(input) {
        return Ok(Cell::text("[]"));
    }
    let written = json_text(input)?;
    let list: Vec<String> = match input {
        InputValue::Untyped(_) if !written.starts_with('[') => {
            split_list(written).map(str::to_owned).collect()
        }
        _ => serde_json::from_str(written).map_err(|_| mismatch("a list of texts", input))?,
    };
    if list.iter().any(|item| item.contains('\0')) {
        return Err(mismatch("texts without NUL characters", input));
    }
    Ok(Cell::text(serde_json::Value::from(list).to_string()))
}

/// Returns true for an empty list. Most lists are empty, so this saves parsing and printing them.
fn is_empty_list(input: InputValue<'_>) -> bool {
    matches!(input, InputValue::Json("[]") | InputValue::Text("[]") | InputValue::Untyped("[]"))
}

fn id_list(input: InputValue<'_>) -> Result<Cell, CellError> {
    if is_empty_list(input) {
        return Ok(Cell::text("[]"));
    }
    let expected = "a list of ids such as [1, 2]";
    let list: Vec<i64> = match input {
        InputValue::Untyped(text) if !text.starts_with('[') => {
            let items = split_list(text).map(str::parse);
            items.collect::<Result<_, _>>().map_err(|_| mismatch(expected, input))?
        }
        _ => serde_json::from_str(json_text(input)?).map_err(|_| mismatch(expected, input))?,
    };
    match list.iter().find(|id| !is_valid_id(**id)) {
        None => Ok(Cell::text(serde_json::Value::from(list).to_string())),
        Some(id) => Err(CellError::new(
            ImportCode::NumberOutOfRange,
            format!("{id} is not an id: expected 1 to {MAX_ID}"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::table;

    fn parse(name: &str, input: InputValue<'_>) -> Result<Cell, ImportCode> {
        let (table_name, column) = name.split_once('.').unwrap();
        let table = table(table_name).unwrap();
        let column = &table.columns[table.position_of(column).unwrap()];
        parse_cell(column, input).map_err(|error| error.code)
    }

    #[test]
    fn values_read_by_kind() {
        use InputValue::*;
        let text = |value: &str| Ok(Cell::text(value));
        let number = |value: i64| Ok(Cell::Int(value));
        for (name, input, expected) in [
            ("invoices.total", Int(-5), number(-5)),
            ("invoices.total", Untyped("1177"), number(1177)),
            ("invoices.total", Number("1.5"), Err(ImportCode::TypeMismatch)),
            ("invoices.total", Text("5"), Err(ImportCode::TypeMismatch)),
            ("invoices.total", Number("9223372036854775808"), Err(ImportCode::NumberOutOfRange)),
            ("invoices.total", Null, Err(ImportCode::RequiredMissing)),
            ("invoices.id", Int(0), Err(ImportCode::NumberOutOfRange)),
            ("invoices.id", Int(1 << 53), Err(ImportCode::NumberOutOfRange)),
            ("invoices.due_date", Untyped("1970-01-02"), number(1)),
            ("invoices.due_date", Text("2024-02-30"), Err(ImportCode::DateInvalid)),
            ("invoices.due_date", Untyped(""), Ok(Cell::Null)),
            ("invoices.paid_at", Int(2), number(2_000_000)),
            ("invoices.paid_at", Untyped("1970-01-01T00:00:01.5Z"), number(1_500_000)),
            ("invoices.paid_at", Int(1_700_000_000_000), Err(ImportCode::TimestampInvalid)),
            ("invoices.paid_at", Text("yesterday"), Err(ImportCode::TimestampInvalid)),
            // Offsets lead out of the years that text can express.
            (
                "invoices.paid_at",
                Text("0000-01-01T00:00:00+01:00"),
                Err(ImportCode::TimestampInvalid),
            ),
            (
                "invoices.paid_at",
                Text("9998-12-31T23:30:00-01:00"),
                Err(ImportCode::TimestampInvalid),
            ),
            ("invoices.currency", Text("usd"), text("usd")),
            ("invoices.currency", Text("USD"), Err(ImportCode::CurrencyInvalid)),
            ("invoices.status", Text("Paid"), Err(ImportCode::EnumInvalid)),
            ("invoices.is_advance", Bool(true), number(1)),
            ("invoices.is_advance", Untyped("FALSE"), number(0)),
            ("invoices.is_advance", Text("yes"), Err(ImportCode::TypeMismatch)),
            ("invoices.metadata", Json("{ \"a\": 1 }"), text("{\"a\":1}")),
            ("invoices.metadata", Json("[1]"), Err(ImportCode::TypeMismatch)),
            ("addresses.country", Text("gb"), Err(ImportCode::CountryInvalid)),
            ("coupons.percent_off", Number("12.5"), number(125_000)),
            ("coupons.percent_off", Text("100"), number(1_000_000)),
            ("coupons.percent_off", Text("100.0001"), Err(ImportCode::NumberOutOfRange)),
            ("coupons.percent_off", Text("1.00001"), Err(ImportCode::NumberOutOfRange)),
            ("newsletters.lists", Json("[\"a\", \"b\"]"), text("[\"a\",\"b\"]")),
            ("newsletters.lists", Untyped("a; b"), text("[\"a\",\"b\"]")),
            ("events.instructor_ids", Json("[3,1]"), text("[3,1]")),
            ("events.instructor_ids", Untyped("3;1"), text("[3,1]")),
            ("events.instructor_ids", Json("[0]"), Err(ImportCode::NumberOutOfRange)),
            ("customers.name", Text("x\0"), Err(ImportCode::TypeMismatch)),
            ("newsletters.lists", Untyped("a,b"), text("[\"a\",\"b\"]")),
            ("newsletters.lists", Untyped("Lee, Jr;b"), text("[\"Lee, Jr\",\"b\"]")),
            ("newsletters.lists", Untyped("[\"a;b\",\"c,d\"]"), text("[\"a;b\",\"c,d\"]")),
            ("newsletters.lists", Json("[\"a\\u0000\"]"), Err(ImportCode::TypeMismatch)),
            ("newsletters.lists", Untyped("a\0"), Err(ImportCode::TypeMismatch)),
            ("events.instructor_ids", Untyped("3,1"), text("[3,1]")),
            ("customers.metadata", Json("{\"a\":1.10}"), text("{\"a\":1.10}")),
            ("customers.metadata", Untyped("{\"a\":-0}"), text("{\"a\":-0}")),
            ("customers.metadata", Text("{\"a\":1e400}"), Err(ImportCode::NumberOutOfRange)),
            (
                "memberships.allotment",
                Json("{\"types\":null,\"types\":null}"),
                Err(ImportCode::AllotmentBadValue),
            ),
            ("addresses.country", Text("GB"), text("GB")),
            ("addresses.country", Text("YU"), text("YU")),
            ("addresses.country", Text("UK"), Err(ImportCode::CountryInvalid)),
            ("addresses.country", Text("ZZ"), Err(ImportCode::CountryInvalid)),
            ("invoices.currency", Text("hrk"), text("hrk")),
        ] {
            assert_eq!(parse(name, input), expected, "{name} {input:?}");
        }
    }
    #[test]
    fn messages_say_what_to_write_instead() {
        use InputValue::*;
        for (name, input, message) in [
            (
                "memberships.price",
                Untyped("45.00"),
                "amounts are in minor units: write 4500 for 45.00, with two decimals",
            ),
            (
                "memberships.price",
                Untyped("£1,028.75"),
                "amounts are in minor units: write 102875 for £1,028.75, with two decimals",
            ),
            (
                "memberships.price",
                Number("45.5"),
                "amounts are in minor units: write 4550 for 45.5, with two decimals",
            ),
            (
                "memberships.price",
                Text("1,028"),
                "amounts are in minor units, without a point: \"1,028\" is not",
            ),
            ("memberships.price", Text("free"), "expected a whole number, got \"free\""),
            (
                "customers.date_of_birth",
                Untyped("29/02/1992"),
                "\"29/02/1992\": write dates as YYYY-MM-DD: 1992-02-29",
            ),
            (
                "customers.date_of_birth",
                Untyped("03/04/2025"),
                "\"03/04/2025\": write dates as YYYY-MM-DD: 2025-04-03 if the day comes first, \
                 2025-03-04 if the month does",
            ),
            (
                "customers.date_of_birth",
                Untyped("2023-02-29"),
                "\"2023-02-29\" is not a date of the calendar: expected YYYY-MM-DD",
            ),
            (
                "invoices.date",
                Untyped("29/04/2025"),
                "\"29/04/2025\" is not a timestamp: write 2025-04-29T00:00:00Z; with the offset \
                 of where the business is in place of Z",
            ),
            (
                "invoices.date",
                Untyped("2025-04-03 10:00:00"),
                "\"2025-04-03 10:00:00\" has no offset: write 2025-04-03 10:00:00Z; with the \
                 offset of where the business is in place of Z",
            ),
            (
                "invoices.date",
                Untyped("soon"),
                "\"soon\" is not a timestamp: expected RFC 3339 with an offset \
                 (2024-01-31T10:00:00Z), of the years 0000 to 9998, or Unix seconds",
            ),
            (
                "addresses.country",
                Text("UK"),
                "\"UK\" is not a country of ISO 3166-1: write \"GB\"",
            ),
            ("addresses.country", Text("gb"), "\"gb\" must be upper case: \"GB\""),
            (
                "orders.status",
                Text("Paid"),
                "\"Paid\" is not one of: created, paid, canceled, fulfilled, returned; did you \
                 mean \"paid\"?",
            ),
            (
                "customers.metadata",
                Json("{\"a\":{\"b\":1e400}}"),
                "a.b: 1e400 is too large for readers of JSON: write it as text, in quotes",
            ),
        ] {
            let (table_name, column) = name.split_once('.').unwrap();
            let table = table(table_name).unwrap();
            let column = &table.columns[table.position_of(column).unwrap()];
            assert_eq!(parse_cell(column, input).unwrap_err().message, message, "{name} {input:?}");
        }
    }

    #[test]
    fn amounts_in_a_known_currency_are_told_with_its_digits() {
        for (text, currency, message) in [
            ("45.00", "jpy", "amounts are in minor units: write 45 for 45.00"),
            ("45.00", "gbp", "amounts are in minor units: write 4500 for 45.00"),
            ("0.250", "kwd", "amounts are in minor units: write 250 for 0.250"),
            ("45.50", "jpy", "amounts are in minor units, without a point: \"45.50\" is not"),
        ] {
            assert_eq!(amount_message(text, Currency::parse(currency)), message);
        }
    }
}
