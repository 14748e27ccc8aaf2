//! The catalogue of export types with their recent exports, and the history.
//! Rule: spec/exports.md §7.1.

use reports::exports::{ExportType, describe_export_type, export_types, find_export_type};
use reports::request::{FieldErrors, MessageStyle, Parameters, RawParameters};
use serde_json::{Value, json};
use store::port::jobs::{JobFilter, JobKind, JobState};

use super::export_caller::{ExportCaller, SITE_ONLY};
use super::find::is_remembered;
use super::show;
use crate::app::App;
use crate::error::ApiError;
use crate::lists::numbered::NumberedPage;

/// The number of recent exports shown with each type.
const RECENT: u64 = 20;
/// The parameters that only the history accepts.
const HISTORY_PARAMETERS: [&str; 4] = ["page", "limit", "object", "state"];

/// Returns every export type with its recent exports. Blocking.
pub fn export_catalogue(app: &App, caller: &ExportCaller) -> Result<Value, ApiError> {
    let entries = export_types().iter().map(|kind| entry(app, caller, kind));
    Ok(json!({"data": entries.collect::<Result<Vec<_>, _>>()?}))
}

fn entry(app: &App, caller: &ExportCaller, kind: &ExportType) -> Result<Value, ApiError> {
    let exports = match caller.check_may_export(kind) {
        Ok(()) => recent(app, caller, kind)?,
        Err(_) => Vec::new(),
    };
    let mut entry = describe_export_type(kind);
    entry["exports"] = Value::Array(exports);
    Ok(entry)
}

fn recent(app: &App, caller: &ExportCaller, kind: &ExportType) -> Result<Vec<Value>, ApiError> {
    let subjects = [kind.object().to_owned()];
    let filter = JobFilter {
        kind: Some(JobKind::Export),
        states: None,
        subjects: Some(&subjects),
        offset: 0,
        limit: RECENT,
    };
    let (_, jobs) =
        app.store().jobs(caller.provider(), &filter).map_err(ApiError::from_store_error)?;
    let jobs = jobs.iter().filter(|job| is_remembered(app, job, &caller.rules));
    jobs.map(|job| show::current_export_json(app, job)).collect()
}

/// The filters and the page of a history request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportHistoryQuery {
    page: NumberedPage,
    object: Option<&'static str>,
    state: Option<JobState>,
}

impl ExportHistoryQuery {
    /// Reads the query, or returns `None` if it requests the catalogue.
    pub fn read(query: &RawParameters) -> Result<Option<Self>, ApiError> {
        let mut asked = Parameters::new(query, MessageStyle::NamedSentence);
        asked.skip(SITE_ONLY.always);
        match asked.text("history") {
            None if asked.errors.is_empty() => return check_catalogue_parameters(query),
            None | Some("1" | "true") => {}
            Some(_) => {
                let message = "The selected history is invalid. Allowed values: 1.";
                asked.errors.push("history", message);
            }
        }
        let page = NumberedPage::read(&mut asked);
        let object = asked.read_text("object", |name| {
            let kind = find_export_type(name).map(ExportType::object);
            kind.ok_or_else(|| "The selected object is invalid.".to_owned())
        });
        let state = asked.read_text("state", |word| {
            let words = || show::state_words().join(", ");
            let message = || format!("The selected state is invalid. Allowed values: {}.", words());
            show::state_of_word(word).ok_or_else(message)
        });
        asked.finish().map_err(ApiError::parameters)?;
        Ok(Some(Self { page, object, state }))
    }

    /// Returns the parameters of links to other pages, apart from the page.
    fn filters(&self) -> Vec<String> {
        let object = self.object.map(|object| format!("object={object}"));
        let state = self.state.map(|state| format!("state={}", show::word_of_state(state)));
        ["history=1".to_owned()].into_iter().chain(object).chain(state).collect()
    }
}

/// Returns `None` for a request of the catalogue. Fails if it has parameters of the history.
fn check_catalogue_parameters(
    query: &RawParameters,
) -> Result<Option<ExportHistoryQuery>, ApiError> {
    let mut errors = FieldErrors::default();
    for (name, _) in query.iter().filter(|(name, _)| HISTORY_PARAMETERS.contains(&name.as_str())) {
        errors.push(name, format!("The {name} field is only for history=1."));
    }
    if errors.is_empty() { Ok(None) } else { Err(ApiError::parameters(errors)) }
}

/// Returns one page of the provider's exports, newest first. Blocking.
pub fn export_history(
    app: &App,
    caller: &ExportCaller,
    asked: &ExportHistoryQuery,
) -> Result<Value, ApiError> {
    let readable = export_types()
        .iter()
        .filter(|kind| caller.check_may_export(kind).is_ok())
        .map(ExportType::object);
    let subjects: Vec<String> = readable
        .filter(|name| asked.object.is_none_or(|object| object == *name))
        .map(str::to_owned)
        .collect();
    let states = asked.state.map(|state| [state]);
    let filter = JobFilter {
        kind: Some(JobKind::Export),
        states: states.as_ref().map(|states| &states[..]),
        subjects: Some(&subjects),
        offset: asked.page.offset(),
        limit: asked.page.limit,
    };
    let found = app.store().jobs(caller.provider(), &filter);
    let (total, jobs) = found.map_err(ApiError::from_store_error)?;
    let jobs = jobs.iter().filter(|job| is_remembered(app, job, &caller.rules));
    let data: Vec<Value> =
        jobs.map(|job| show::current_export_json(app, job)).collect::<Result<_, _>>()?;
    let path = format!("{}/api/v1/core/exports", app.base_url());
    Ok(asked.page.envelope(&path, &asked.filters(), total, data))
}
