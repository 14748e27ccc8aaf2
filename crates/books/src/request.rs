//! Requests for an accounting package, and the checks of its fields.
//! Rule: spec/exports.md §4, §10.15; spec/accounting.md §12.1.

use accounting::{Horizon, LedgerSettings, Month, Posting, ProviderCalendar};
use model::money::Currency;
use model::time::{Date, Instant};

/// A checked request for an accounting package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageRequest {
    /// The month.
    pub month: Month,
    /// The currency.
    pub currency: Currency,
    /// The site whose postings are included; `None` means all.
    pub site_id: Option<i64>,
    /// The end of the package inside the month; `None` means the end of the month.
    pub as_of: Option<Instant>,
    /// True if `as_of` is now. Then receivables are compared with `amount_remaining`.
    pub reaches_now: bool,
    /// The accounting settings.
    pub settings: LedgerSettings,
    /// True if text that a spreadsheet might take for a formula gets a leading `'`.
    pub has_formula_guard: bool,
    /// True if the CSV files begin with a byte-order mark, for spreadsheet programs.
    pub has_bom: bool,
    /// True if the full bundle is made in addition to the contract's ZIP.
    pub has_full_bundle: bool,
}

impl PackageRequest {
    /// Returns the end of the calculation.
    pub fn until(&self, calendar: &ProviderCalendar) -> Horizon {
        match self.as_of {
            Some(instant) => Horizon::AsOf(instant),
            None => Horizon::end_of_month(self.month, calendar),
        }
    }

    /// Returns true if a posting belongs to the package: it has the currency, and the site if one
    /// is requested.
    pub fn covers(&self, posting: &Posting) -> bool {
        let is_of_site = self.site_id.is_none() || posting.links.site_id == self.site_id;
        posting.currency == self.currency && is_of_site
    }

    /// Returns the name of one of the package's ZIPs.
    pub fn file_name(&self, is_full: bool) -> String {
        package_file_name(self.month, self.currency, is_full)
    }
}

/// Returns the name of a ZIP: `accounting_2024-01_usd.zip`, `accounting_2024-01_usd_full.zip`.
pub fn package_file_name(month: Month, currency: Currency, is_full: bool) -> String {
    let suffix = if is_full { "_full" } else { "" };
    format!("accounting_{month}_{}{suffix}.zip", currency.code())
}

/// Returns the name of the ZIP of one closing: `accounting_2024-01_usd_v1.zip`.
pub fn closing_file_name(month: Month, currency: Currency, is_full: bool, version: u64) -> String {
    let name = package_file_name(month, currency, is_full);
    let stem = name.strip_suffix(".zip").unwrap_or(&name);
    format!("{stem}_v{version}.zip")
}

/// Parses a month: `YYYY-MM`, or `YYYY-MM-DD` with any valid day.
///
/// Errors: the message for the field `month`.
pub fn parse_month(text: &str) -> Result<Month, String> {
    let month = Month::parse(text).or_else(|| Date::parse(text).map(Month::from_date));
    month.ok_or_else(|| {
        "The month must be a date as in 2024-01-01, or a month as in 2024-01.".to_owned()
    })
}

/// Parses a currency: three lower-case letters of ISO 4217.
///
/// Errors: the message for the field `currency`.
pub fn parse_currency(text: &str) -> Result<Currency, String> {
    if let Some(currency) = Currency::parse(text) {
        return Ok(currency);
    }
    let lower = text.to_ascii_lowercase();
    Err(match Currency::parse(&lower) {
        Some(_) => format!("The currency must be lower case: {lower}."),
        None => "The currency must be a code of ISO 4217 in lower case, as in usd.".to_owned(),
    })
}

/// The reason why a month has no package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MonthRefusal {
    /// The message for the field `month`.
    OutsideWindow(String),
    /// The provider has no invoice at all.
    NothingToExport,
}

/// Checks that `month` lies between the month of the first invoice and the current one.
pub fn check_month(month: Month, first: Option<Month>, current: Month) -> Result<(), MonthRefusal> {
    match first {
        None => Err(MonthRefusal::NothingToExport),
        Some(first) if month < first || month > current => {
            // With a first invoice in the future there is no month to choose from.
            let message = if first <= current {
                format!("The month must be between {first} and {current}.")
            } else {
                format!("The books begin in {first}, which is in the future.")
            };
            Err(MonthRefusal::OutsideWindow(message))
        }
        Some(_) => Ok(()),
    }
}

/// Returns the end of a package of `month`: the requested `as_of`; or now for the current month; or
/// `None` for the end of the month.
///
/// Errors: the message for the field `as_of`.
pub fn resolve_as_of(
    asked: Option<Instant>,
    month: Month,
    calendar: &ProviderCalendar,
    now: Instant,
) -> Result<Option<Instant>, String> {
    match asked {
        Some(at) if calendar.month_of(at) != month => {
            Err(format!("The as_of must be inside the month {month}."))
        }
        Some(at) if at > now => Err("The as_of must not be in the future.".to_owned()),
        Some(at) => Ok(Some(at)),
        None => Ok((calendar.month_of(now) == month).then_some(now)),
    }
}

#[cfg(test)]
mod tests {
    use model::time::Zone;

    use super::*;

    fn month(text: &str) -> Month {
        Month::parse(text).unwrap()
    }

    #[test]
    fn months_are_real_days_or_months() {
        for good in ["2024-02", "2024-02-01", "2024-02-29"] {
            assert_eq!(parse_month(good), Ok(month("2024-02")), "{good}");
        }
        for bad in ["2024-02-30", "2024-13", "2024-2", "January", "", "2024", "1706745600"] {
            assert!(parse_month(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn currencies_are_lower_case() {
        assert_eq!(parse_currency("usd"), Ok(Currency::USD));
        let upper = parse_currency("USD").unwrap_err();
        assert!(upper.contains("must be lower case"), "{upper}");
        for bad in ["us", "usdx", "zzz", "", "€"] {
            assert!(!parse_currency(bad).unwrap_err().contains("must be lower case"), "{bad}");
        }
    }

    #[test]
    fn months_lie_between_the_first_invoice_and_now() {
        let (first, current) = (Some(month("2024-01")), month("2024-03"));
        for inside in ["2024-01", "2024-02", "2024-03"] {
            assert_eq!(check_month(month(inside), first, current), Ok(()));
        }
        for outside in ["2023-12", "2024-04"] {
            let refusal = check_month(month(outside), first, current);
            let message = "The month must be between 2024-01 and 2024-03.".to_owned();
            assert_eq!(refusal, Err(MonthRefusal::OutsideWindow(message)));
        }
        let none = check_month(current, None, current);
        assert_eq!(none, Err(MonthRefusal::NothingToExport));
        let ahead = check_month(current, Some(month("2025-01")), current);
        assert!(matches!(ahead, Err(MonthRefusal::OutsideWindow(_))));
    }

    #[test]
    fn a_month_to_date_ends_now_or_as_asked() {
        let calendar = ProviderCalendar::new(Zone::parse("America/New_York").unwrap());
        let instant = |text: &str| Instant::parse(text).unwrap();
        let now = instant("2024-03-15T12:00:00Z");
        let resolve = |asked: Option<&str>, of: &str| {
            resolve_as_of(asked.map(instant), month(of), &calendar, now)
        };
        assert_eq!(resolve(None, "2024-02"), Ok(None));
        assert_eq!(resolve(None, "2024-03"), Ok(Some(now)));
        // Four hours after midnight in UTC it is the first of March in New York.
        let early = "2024-03-01T05:00:00Z";
        assert_eq!(resolve(Some(early), "2024-03"), Ok(Some(instant(early))));
        assert!(resolve(Some("2024-03-01T04:00:00Z"), "2024-03").is_err());
        assert!(resolve(Some("2024-03-16T00:00:00Z"), "2024-03").is_err());
    }
}
