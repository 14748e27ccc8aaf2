//! Parameters of requests about the books. Rule: spec/accounting.md §12.1.

use accounting::Month;
use accounting::revenue_by_group::RevenueGrouping;
use model::file_format::FileFormat;
use model::money::Currency;
use model::time::Date;
use reports::request::{FieldErrors, MessageStyle, Parameters, RawParameters};

use crate::error::ApiError;
use books::audit::AuditAction;
use books::request::parse_currency;
use books::views::revenue::parse_group_by;

/// The largest number of months in one view.
const MONTHS_MAX: i32 = 120;

/// A reader of parameters that collects all errors.
pub struct BooksParameters<'p> {
    parameters: Parameters<'p>,
}

impl<'p> BooksParameters<'p> {
    /// Creates a reader of these parameters.
    pub fn new(parameters: &'p RawParameters) -> Self {
        Self { parameters: Parameters::new(parameters, MessageStyle::Sentence) }
    }

    /// Reads a text. Returns `None` if it is absent, null or empty.
    pub fn text(&mut self, name: &str) -> Option<&'p str> {
        self.parameters.text(name)
    }

    /// Reads a required text.
    pub fn required(&mut self, name: &str) -> Option<&'p str> {
        self.parameters.required(name)
    }

    /// Reads a flag, which is false if it is absent.
    pub fn flag(&mut self, name: &str) -> bool {
        self.parameters.flag(name)
    }

    /// Reads a required currency.
    pub fn currency(&mut self) -> Option<Currency> {
        let text = self.required("currency")?;
        self.checked("currency", parse_currency(text))
    }

    /// Reads a required month `YYYY-MM`.
    pub fn month(&mut self, name: &str) -> Option<Month> {
        let text = self.required(name)?;
        self.checked(name, month(text))
    }

    /// Reads an optional month `YYYY-MM`; none if it is absent, or wrong, which is recorded.
    pub fn optional_month(&mut self, name: &str) -> Option<Month> {
        self.parameters.read_text(name, month)
    }

    /// Reads an optional currency; none if it is absent, or wrong, which is recorded.
    pub fn optional_currency(&mut self) -> Option<Currency> {
        self.parameters.read_text("currency", parse_currency)
    }

    /// Reads an optional date; none if it is absent, or wrong, which is recorded.
    pub fn optional_date(&mut self, name: &str) -> Option<Date> {
        self.parameters.read_text(name, date)
    }

    /// Reads a month from the path.
    pub fn month_in_path(&mut self, text: &str) -> Option<Month> {
        self.checked("month", month(text))
    }

    /// Reads a required date.
    pub fn date(&mut self, name: &str) -> Option<Date> {
        let text = self.required(name)?;
        self.checked(name, date(text))
    }

    /// Reads the required months `from` and `to`, of which `from` is not after `to`.
    pub fn months(&mut self) -> Option<(Month, Month)> {
        let (from, to) = (self.month("from"), self.month("to"));
        let (from, to) = (from?, to?);
        if from > to {
            self.parameters.errors.push("to", "Must not be before from.");
            return None;
        }
        let earliest = to.plus(1 - MONTHS_MAX);
        if from < earliest {
            let said = format!(
                "At most {MONTHS_MAX} months at once: write from={earliest} or later, or an earlier to."
            );
            self.parameters.errors.push("from", said);
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

    /// Returns true if a parameter is given that was not read yet.
    pub fn has(&self, name: &str) -> bool {
        self.parameters.has(name)
    }

    /// Reads an optional action of the audit log; none if it is absent, or wrong, which is
    /// recorded.
    pub fn action(&mut self) -> Option<AuditAction> {
        let word = self.text("action")?;
        let said = "Must be close or reopen.".to_owned();
        self.checked("action", AuditAction::parse(word).ok_or(said))
    }

    /// Reads an optional number of at least 1; none if it is absent, or wrong, which is recorded.
    pub fn optional_number(&mut self, name: &str) -> Option<u64> {
        self.parameters.read_text(name, |text| {
            let number = text.parse().ok().filter(|number| *number >= 1);
            number.ok_or_else(|| "Must be a number from 1 on.".to_owned())
        })
    }

    /// Reads a number from 1 to `max`; `usual` if it is absent.
    pub fn number(&mut self, name: &str, usual: u64, max: u64) -> Option<u64> {
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
        self.parameters.errors.push(name, message);
    }

    /// Returns `checked`, or all errors including those of unknown parameters.
    pub fn finish<T>(self, checked: Option<T>) -> Result<T, ApiError> {
        self.parameters.finish().map_err(ApiError::parameters)?;
        checked.ok_or_else(|| ApiError::parameters(FieldErrors::default()))
    }

    fn checked<T>(&mut self, name: &str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.parameters.errors.push(name, message)).ok()
    }
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "Must be a date as in 2024-01-31.".to_owned())
}

fn month(text: &str) -> Result<Month, String> {
    Month::parse(text).ok_or_else(|| "Must be a month as in 2024-01.".to_owned())
}
