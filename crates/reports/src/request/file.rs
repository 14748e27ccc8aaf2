//! Requests for all rows of a report, to be written to a file. Rule: spec/reports.md §2, §11.1.

use model::provider::Provider;
use model::time::Instant;

use super::parameters::{MessageStyle, Parameters};
use super::report_query::ReportQuery;
use super::{FieldErrors, RawParameters, RequestContext, values};
use crate::csv_dialect::CsvDialect;
use crate::definition::Report;

/// Paging parameters, which a request for a file accepts and ignores.
const PAGING: [&str; 4] = ["limit", "offset", "page", "page_size"];

/// A checked request for all rows.
#[derive(Debug, Clone)]
pub struct FileRequest {
    pub(crate) query: ReportQuery,
    csv_dialect: Option<CsvDialect>,
}

impl FileRequest {
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

/// Checks the parameters of `POST {report}/export`.
///
/// `format` is not among them, because it does not affect the rows.
///
/// Errors: every parameter that is wrong.
pub fn parse_file(
    report: &'static Report,
    given: &RawParameters,
    provider: &Provider,
    context: &RequestContext,
) -> Result<FileRequest, FieldErrors> {
    let mut parameters = Parameters::new(given, MessageStyle::Phrase);
    parameters.skip(&PAGING);
    let query = ReportQuery::read(report, &mut parameters, provider, context);
    let csv_dialect = parameters.read("csv_dialect", values::parse_csv_dialect);
    parameters.finish()?;
    Ok(FileRequest { query, csv_dialect })
}
