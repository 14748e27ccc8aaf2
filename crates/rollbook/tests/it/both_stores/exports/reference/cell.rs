//! Values of cells as text. Rule: spec/exports.md §11.

use model::time::{Date, Instant};

use crate::oracle::guarded;

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::both_stores::exports) enum ExportValue {
    Null,
    Int(i64),
    Text(String),
    Bool(bool),
    Date(Date),
    Instant(Instant),
    /// Minor units, and their currency.
    Money(i128, String),
    /// Ten-thousandths.
    Dec4(i128),
    List(Vec<String>),
    /// JSON as it is stored.
    Stored(String),
    Array(Vec<ExportValue>),
    Object(Vec<(String, ExportValue)>),
}

/// The form of amounts inside JSON.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum JsonAmountStyle {
    /// `11000`
    Minor,
    /// `"110.00"`
    Major,
}

impl ExportValue {
    pub(super) fn text(value: Option<&str>) -> Self {
        value.map_or(Self::Null, |value| Self::Text(value.to_owned()))
    }

    pub(super) fn int(value: Option<i64>) -> Self {
        value.map_or(Self::Null, Self::Int)
    }

    pub(super) fn instant(value: Option<Instant>) -> Self {
        value.map_or(Self::Null, Self::Instant)
    }

    /// Returns the cell for CSV, quoted if necessary.
    pub(super) fn csv(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Int(value) => value.to_string(),
            Self::Text(text) => quoted(&guarded(text)),
            Self::Bool(value) => value.to_string(),
            Self::Date(date) => date.to_string(),
            Self::Instant(instant) => instant_text(*instant),
            Self::Money(minor, currency) => decimal(*minor, digits(currency)),
            Self::Dec4(value) => decimal(*value, 4),
            Self::List(items) => {
                let is_ambiguous = items.iter().enumerate().any(|(number, item)| {
                    item.is_empty()
                        || item.trim() != item
                        || item.contains([',', ';'])
                        || (number == 0 && item.starts_with('['))
                });
                if is_ambiguous {
                    quoted(&guarded(&self.json(JsonAmountStyle::Major)))
                } else {
                    quoted(&guarded(&items.join(",")))
                }
            }
            Self::Stored(_) | Self::Array(_) | Self::Object(_) => {
                quoted(&self.json(JsonAmountStyle::Major))
            }
        }
    }

    pub(super) fn json(&self, amounts: JsonAmountStyle) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Int(_) | Self::Bool(_) => self.csv(),
            Self::Text(text) => json_text(text),
            Self::Date(_) | Self::Instant(_) | Self::Dec4(_) => json_text(&self.csv()),
            Self::Money(minor, _) if amounts == JsonAmountStyle::Minor => minor.to_string(),
            Self::Money(..) => json_text(&self.csv()),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(|item| json_text(item)).collect();
                format!("[{}]", items.join(","))
            }
            Self::Stored(json) => json.clone(),
            Self::Array(values) => {
                let values: Vec<String> = values.iter().map(|value| value.json(amounts)).collect();
                format!("[{}]", values.join(","))
            }
            Self::Object(members) => {
                let member = |(key, value): &(String, Self)| {
                    format!("{}:{}", json_text(key), value.json(amounts))
                };
                let members: Vec<String> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }
}

pub(super) fn json_text(text: &str) -> String {
    serde_json::to_string(text).expect("text is JSON")
}

pub(super) fn quoted(text: &str) -> String {
    let is_special = |c: char| matches!(c, ',' | '"' | '\r' | '\n');
    let has_edge = text.starts_with(' ') || text.ends_with(' ');
    if text.is_empty() || has_edge || text.contains(is_special) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// Returns the number of minor digits of a currency in the random rows.
fn digits(currency: &str) -> usize {
    match currency {
        "jpy" => 0,
        "kwd" => 3,
        "gbp" | "eur" => 2,
        other => panic!("{other} is not known here"),
    }
}

fn decimal(minor: i128, digits: usize) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let all = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let (whole, fraction) = all.split_at(all.len() - digits);
    match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{fraction}"),
    }
}

fn instant_text(instant: Instant) -> String {
    let micros = instant.micros();
    let (seconds, fraction) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000));
    let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let date = Date::from_days(i32::try_from(day).expect("a day"));
    let fraction = match fraction {
        0 => String::new(),
        _ if fraction % 1_000 == 0 => format!(".{:03}", fraction / 1_000),
        _ => format!(".{fraction:06}"),
    };
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}
