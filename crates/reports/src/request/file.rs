//! All rows of a report, for a file. Rule: spec/reports.md §2, §11.1.

use model::provider::Provider;
use model::time::Instant;

use super::parameters::Parameters;
use super::question::Question;
use super::{FieldErrors, RawParameters, RequestContext, values};
use crate::csv_dialect::CsvDialect;
use crate::definition::Report;

/// Names that say which page, and so nothing about a file.
const PAGING: [&str; 4] = ["limit", "offset", "page", "page_size"];

/// A checked request for all rows.
#[derive(Debug, Clone)]
pub struct FileRequest {
    pub(crate) question: Question,
    csv_dialect: Option<CsvDialect>,
}

impl FileRequest {
    /// What the parameter `csv_dialect` says; none when it is not given.
    pub fn csv_dialect(&self) -> Option<CsvDialect> {
        self.csv_dialect
    }

    /// The report.
    pub fn report(&self) -> &'static Report {
        self.question.report
    }

    /// The instant that the file takes for the present: now, or `as_of`.
    pub fn now(&self) -> Instant {
        self.question.now
    }
}

/// Checks the parameters of `POST {report}/export`, or answers with everything that is wrong.
///
/// `format` is not among them: it decides what is written, not which rows.
pub fn parse_file(
    report: &'static Report,
    given: &RawParameters,
    provider: &Provider,
    context: &RequestContext,
) -> Result<FileRequest, FieldErrors> {
    let mut parameters = Parameters::new(given);
    parameters.ignore(&PAGING);
    let question = Question::read(report, &mut parameters, provider, context);
    let csv_dialect = parameters.read("csv_dialect", values::csv_dialect);
    parameters.finish()?;
    Ok(FileRequest { question, csv_dialect })
}
