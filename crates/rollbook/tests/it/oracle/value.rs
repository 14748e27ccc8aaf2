//! Values of cells: their order, and their form in JSON and CSV. Rule: spec/reports.md §3, §5,
//! §7.2, §13.

use std::cmp::Ordering;

use model::money::Currency;
use model::time::{Date, Instant};
use serde_json::{Value as Json, json};

use super::world::ListElement;

/// Prefix of a JSON string that holds the exact text of a number. It cannot occur in test data.
pub(super) const EXACT: &str = "\u{10FFFD}exact number ";

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum OracleValue {
    Null,
    Int(i64),
    Text(String),
    Bool(bool),
    Date(Date),
    Instant(Instant),
    /// Whole seconds since midnight.
    Time(i64),
    /// A weekday, and its position in the provider's week.
    Weekday(&'static str, i32),
    Money(i128, Currency),
    /// A list or an object, and its text in a CSV cell.
    Composite(Json, String),
}

impl OracleValue {
    pub(super) fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.to_owned()))
    }

    pub(super) fn int(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }

    pub(super) fn date(value: Option<Date>) -> Self {
        value.map_or(Self::Null, Self::Date)
    }

    pub(super) fn instant(value: Option<Instant>) -> Self {
        value.map_or(Self::Null, Self::Instant)
    }

    pub(super) fn list(elements: impl Iterator<Item = ListElement>) -> Self {
        let (mut list, mut texts) = (Vec::new(), Vec::new());
        for element in elements {
            list.push(element.json);
            texts.push(element.text);
        }
        Self::Composite(Json::Array(list), texts.join("; "))
    }

    pub(super) fn json(&self) -> Json {
        match self {
            Self::Null => Json::Null,
            Self::Int(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Bool(value) => json!(value),
            Self::Date(value) => json!(value.to_string()),
            Self::Instant(value) => json!(value.to_string()),
            Self::Time(seconds) => json!(time_text(*seconds)),
            Self::Weekday(name, _) => json!(name),
            Self::Money(minor, currency) => money_object(*minor, *currency),
            Self::Composite(value, _) => value.clone(),
        }
    }

    /// Returns the cell's text in CSV, with the spreadsheet guard but without quotes.
    pub(super) fn csv(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Int(value) => value.to_string(),
            Self::Text(value) | Self::Composite(_, value) => guarded(value),
            Self::Bool(value) => value.to_string(),
            Self::Date(value) => value.to_string(),
            Self::Instant(value) => value.to_string(),
            Self::Time(seconds) => time_text(*seconds),
            Self::Weekday(name, _) => (*name).to_owned(),
            Self::Money(minor, currency) => currency.decimal(*minor),
        }
    }
}

/// Returns an exact decimal for the expected JSON.
pub(super) fn exact(decimal: &str) -> Json {
    Json::String(format!("{EXACT}{decimal}"))
}

fn money_object(minor: i128, currency: Currency) -> Json {
    let (symbol, position) = currency.symbol();
    json!({
        "decimal": exact(&currency.decimal(minor)),
        "string": currency.display(minor),
        "iso_currency_code": currency.code(),
        "currency_symbol": symbol,
        "currency_symbol_position": position.as_str(),
    })
}

fn time_text(seconds: i64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Applies the spreadsheet guard of §7.2 no. 6.
pub(crate) fn guarded(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_digit() || " +-()./".contains(c);
    let guard = match text.chars().next() {
        Some('=' | '@' | '\t' | '\r') => true,
        Some('+' | '-') => !text.chars().all(harmless),
        _ => false,
    };
    if guard { format!("'{text}") } else { text.to_owned() }
}

/// Compares two values of one column in one direction; nulls are last in both. Rule: §5.
pub(super) fn order(a: &OracleValue, b: &OracleValue, descending: bool) -> Ordering {
    match (a, b) {
        (OracleValue::Null, OracleValue::Null) => Ordering::Equal,
        (OracleValue::Null, _) => Ordering::Greater,
        (_, OracleValue::Null) => Ordering::Less,
        _ if descending => ascending(b, a),
        _ => ascending(a, b),
    }
}

fn ascending(a: &OracleValue, b: &OracleValue) -> Ordering {
    match (a, b) {
        (OracleValue::Int(a), OracleValue::Int(b))
        | (OracleValue::Time(a), OracleValue::Time(b)) => a.cmp(b),
        (OracleValue::Bool(a), OracleValue::Bool(b)) => a.cmp(b),
        (OracleValue::Date(a), OracleValue::Date(b)) => a.cmp(b),
        (OracleValue::Instant(a), OracleValue::Instant(b)) => a.cmp(b),
        (OracleValue::Weekday(_, a), OracleValue::Weekday(_, b)) => a.cmp(b),
        (OracleValue::Text(a), OracleValue::Text(b)) => {
            let lower = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
            lower(a).cmp(&lower(b)).then_with(|| a.as_bytes().cmp(b.as_bytes()))
        }
        (OracleValue::Money(a, ca), OracleValue::Money(b, cb)) => {
            let value =
                |minor: i128, currency: &Currency| minor * 10_i128.pow(4 - currency.digits());
            value(*a, ca).cmp(&value(*b, cb)).then_with(|| ca.code().cmp(cb.code()))
        }
        _ => panic!("{a:?} and {b:?} are not of one sortable column"),
    }
}
