//! Requests for one page of a report. Rule: spec/reports.md §6, §7.1.

use model::file_format::FileFormat;
use model::id::MAX_ID;
use model::provider::Provider;
use model::time::Instant;

use super::parameters::{MessageStyle, Parameters};
use super::report_query::ReportQuery;
use super::values::{self, quote_value};
use super::{FieldErrors, RawParameters, RequestContext};
use crate::csv_dialect::CsvDialect;
use crate::definition::Report;

/// The default number of rows of a page.
const PAGE_SIZE: u64 = 50;

/// A checked request for one page.
#[derive(Debug, Clone)]
pub struct PageRequest {
    pub(crate) query: ReportQuery,
    pub(crate) limit: u64,
    pub(crate) offset: u64,
    format: Option<FileFormat>,
    csv_dialect: Option<CsvDialect>,
}

impl PageRequest {
    /// Returns the value of the parameter `format`; none if it is not given, so that the header
    /// `Accept` decides.
    pub fn format(&self) -> Option<FileFormat> {
        self.format
    }

    /// Returns the value of the parameter `csv_dialect`; none if it is not given.
    pub fn csv_dialect(&self) -> Option<CsvDialect> {
        self.csv_dialect
    }

    /// Returns the report that is asked for.
    pub fn report(&self) -> &'static Report {
        self.query.report
    }

    /// Returns the instant that the report takes as the present: `as_of`, or the time of the
    /// request.
    pub fn now(&self) -> Instant {
        self.query.now
    }
}

/// Checks the parameters of `GET {report}/data`.
///
/// Errors: every parameter that is wrong.
pub fn parse_page(
    report: &'static Report,
    given: &RawParameters,
    provider: &Provider,
    context: &RequestContext,
) -> Result<PageRequest, FieldErrors> {
    let mut parameters = Parameters::new(given, MessageStyle::Phrase);
    let query = ReportQuery::read(report, &mut parameters, provider, context);
    let format = parameters.read("format", read_page_format);
    let csv_dialect = parameters.read("csv_dialect", values::parse_csv_dialect);
    let (limit, offset) = read_limit_and_offset(&mut parameters, i64::from(context.page_size_max));
    parameters.finish()?;
    Ok(PageRequest { query, limit, offset, format, csv_dialect })
}

fn read_page_format(text: &str) -> Result<FileFormat, String> {
    let format = FileFormat::parse(&text.to_ascii_lowercase());
    format.filter(|format| FileFormat::OF_PAGES.contains(format)).ok_or_else(|| {
        format!("{} is not a format of a page: expected json or csv", quote_value(text))
    })
}

/// Reads the size and the offset of the page, in rows.
fn read_limit_and_offset(parameters: &mut Parameters<'_>, size_max: i64) -> (u64, u64) {
    let mut read = |name: &str, min: i64, max: i64| {
        let number = parameters.read(name, |text| values::parse_int(text, min, max));
        number.map(i64::unsigned_abs)
    };
    let limit = read("limit", 0, size_max);
    let offset = read("offset", 0, MAX_ID);
    let page = read("page", 1, MAX_ID);
    let page_size = read("page_size", 0, size_max);
    let standard = PAGE_SIZE.min(size_max.unsigned_abs());
    if page.is_none() && page_size.is_none() {
        return (limit.unwrap_or(standard), offset.unwrap_or(0));
    }
    let size = page_size.or(limit).unwrap_or(standard);
    (size, (page.unwrap_or(1) - 1).saturating_mul(size))
}
