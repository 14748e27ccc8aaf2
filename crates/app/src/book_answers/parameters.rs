//! Parameters of requests about the books. Rule: spec/accounting.md §12.1.

use accounting::Month;
use accounting::revenue_by_group::RevenueGrouping;
use model::file_format::FileFormat;
use model::money::Currency;
use model::time::Date;
use reports::request::{FieldErrors, RawParameters, RawValue};

use crate::error::ApiError;
use crate::lists::paged;
use books::audit::AuditAction;
use books::request::parse_currency;
use books::views::revenue::parse_group_by;

/// The largest number of months in one view.
const MONTHS_MAX: i32 = 120;

/// A reader of parameters that collects all errors.
pub struct BooksParameters<'p> {
    parameters: &'p RawParameters,
    known: Vec<&'static str>,
    errors: FieldErrors,
}

impl<'p> BooksParameters<'p> {
    /// Creates a reader of these parameters.
    pub fn new(parameters: &'p RawParameters) -> Self {
        Self { parameters, known: Vec::new(), errors: FieldErrors::default() }
    }

    /// Reads a text. Returns `None` if it is absent, null or empty.
    pub fn text(&mut self, name: &'static str) -> Option<&'p str> {
        self.known.push(name);
        let mut given = self.parameters.iter().filter(|(known, _)| known == name);
        let (first, again) = (given.next(), given.next().is_some());
        if again {
            self.errors.push(name, "Must be given once.");
        }
        match first {
            Some((_, RawValue::Text(text))) if text.contains('\0') => {
                // PostgreSQL cannot store it.
                self.errors.push(name, "Must be a text without a zero byte.");
                None
            }
            Some((_, RawValue::Text(text) | RawValue::Number(text))) => {
                Some(text.as_str()).filter(|text| !text.is_empty())
            }
            Some((_, RawValue::Null)) | None => None,
            Some(_) => {
                self.errors.push(name, "Must be a text.");
                None
            }
        }
    }

    /// Reads a required text.
    pub fn required(&mut self, name: &'static str) -> Option<&'p str> {
        let before = self.errors.0.contains_key(name);
        let text = self.text(name);
        if text.is_none() && !before && !self.errors.0.contains_key(name) {
            self.errors.push(name, format!("The {name} field is required."));
        }
        text
    }

    /// Reads a flag, which is false if it is absent.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.known.push(name);
        let mut given = self.parameters.iter().filter(|(known, _)| known == name);
        let (first, again) = (given.next(), given.next().is_some());
        if again {
            self.errors.push(name, "Must be given once.");
        }
        match first.map(|(_, value)| value) {
            None | Some(RawValue::Null) => false,
            Some(RawValue::Bool(value)) => *value,
            Some(RawValue::Text(text)) if text == "true" => true,
            Some(RawValue::Text(text)) if text == "false" => false,
            Some(_) => {
                self.errors.push(name, "Must be true or false.");
                false
            }
        }
    }

    /// Reads a required currency.
    pub fn currency(&mut self) -> Option<Currency> {
        let text = self.required("currency")?;
        self.checked("currency", parse_currency(text))
    }

    /// Reads a required month `YYYY-MM`.
    pub fn month(&mut self, name: &'static str) -> Option<Month> {
        let text = self.required(name)?;
        self.checked(name, month(text))
    }

    /// Reads an optional month `YYYY-MM`; none if it is absent, or wrong, which is recorded.
    pub fn optional_month(&mut self, name: &'static str) -> Option<Month> {
        let text = self.text(name)?;
        self.checked(name, month(text))
    }

    /// Reads an optional currency; none if it is absent, or wrong, which is recorded.
    pub fn optional_currency(&mut self) -> Option<Currency> {
        let text = self.text("currency")?;
        self.checked("currency", parse_currency(text))
    }

    /// Reads an optional date; none if it is absent, or wrong, which is recorded.
    pub fn optional_date(&mut self, name: &'static str) -> Option<Date> {
        let text = self.text(name)?;
        self.checked(name, date(text))
    }

    /// Reads a month from the path.
    pub fn month_in_path(&mut self, text: &str) -> Option<Month> {
        self.checked("month", month(text))
    }

    /// Reads a required date.
    pub fn date(&mut self, name: &'static str) -> Option<Date> {
        let text = self.required(name)?;
        self.checked(name, date(text))
    }

    /// Reads the required months `from` and `to`, of which `from` is not after `to`.
    pub fn months(&mut self) -> Option<(Month, Month)> {
        let (from, to) = (self.month("from"), self.month("to"));
        let (from, to) = (from?, to?);
        if from > to {
            self.errors.push("to", "Must not be before from.");
            return None;
        }
        let earliest = to.plus(1 - MONTHS_MAX);
        if from < earliest {
            let said = format!(
                "At most {MONTHS_MAX} months at once: write from={earliest} or later, or an earlier to."
            );
            self.errors.push("from", said);
            return None;
        }
        Some((from, to))
    }

    /// Reads the grouping of revenue; by plan if it is absent.
    pub fn group_by(&mut self) -> Option<RevenueGrouping> {
        match self.text("group_by") {
            None => Some(RevenueGrouping::Plan),
            Some(word) => {
                let group = parse_group_by(word);
                let said = "Must be one of plan, product, site.".to_owned();
                self.checked("group_by", group.ok_or(said))
            }
        }
    }

    /// Reads the format of the answer; JSON if it is absent.
    pub fn format(&mut self) -> Option<FileFormat> {
        match self.text("format") {
            None => Some(FileFormat::Json),
            Some(word) => {
                let said = "Must be one of json, csv, xlsx, parquet.".to_owned();
                self.checked(
                    "format",
                    FileFormat::parse(word)
                        .filter(|format| FileFormat::OF_BOOKS.contains(format))
                        .ok_or(said),
                )
            }
        }
    }

    /// Returns true if a parameter is given.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.iter().any(|(given, _)| given == name)
    }

    /// Reads an optional action of the audit log; none if it is absent, or wrong, which is
    /// recorded.
    pub fn action(&mut self) -> Option<AuditAction> {
        let word = self.text("action")?;
        let said = "Must be close or reopen.".to_owned();
        self.checked("action", AuditAction::parse(word).ok_or(said))
    }

    /// Reads an optional number of at least 1; none if it is absent, or wrong, which is recorded.
    pub fn optional_number(&mut self, name: &'static str) -> Option<u64> {
        let text = self.text(name)?;
        let number = text.parse().ok().filter(|number| *number >= 1);
        self.checked(name, number.ok_or_else(|| "Must be a number from 1 on.".to_owned()))
    }

    /// Reads a number from 1 to `max`; `usual` if it is absent.
    pub fn number(&mut self, name: &'static str, usual: u64, max: u64) -> Option<u64> {
        match self.text(name) {
            None => Some(usual),
            Some(text) => {
                let number = text.parse().ok().filter(|number| (1..=max).contains(number));
                self.checked(name, number.ok_or_else(|| format!("Must be between 1 and {max}.")))
            }
        }
    }

    /// Adds an error of a parameter.
    pub fn add_error(&mut self, name: &str, message: impl Into<String>) {
        self.errors.push(name, message);
    }

    /// Returns `checked`, or all errors including those of unknown parameters.
    pub fn finish<T>(mut self, checked: Option<T>) -> Result<T, ApiError> {
        paged::refuse_unknown(self.parameters, &self.known, &mut self.errors);
        match checked.filter(|_| self.errors.is_empty()) {
            Some(value) => Ok(value),
            None => Err(ApiError::parameters(self.errors)),
        }
    }

    fn checked<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.errors.push(name, message)).ok()
    }
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "Must be a date as in 2024-01-31.".to_owned())
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "Must be a month as in 2024-01.".to_owned())
}
