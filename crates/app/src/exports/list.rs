//! The catalogue of export types with their recent exports, and the history.
//! Rule: spec/exports.md §7.1.

use reports::exports::{ExportType, describe, find, types};
use reports::request::{FieldErrors, RawParameters};
use serde_json::{Value, json};
use store::port::jobs::{JobFilter, JobKind, JobState};

use super::caller::Caller;
use super::find::is_remembered;
use super::show;
use crate::app::App;
use crate::error::ApiError;
use crate::lists::numbered::NumberedPage;
use crate::lists::paged;

/// The number of recent exports shown with each type.
const RECENT: u64 = 20;
/// The parameters that only the history accepts.
const OF_HISTORY: [&str; 4] = ["page", "limit", "object", "state"];

/// Returns every export type with its recent exports. Blocking.
pub fn catalogue(app: &App, caller: &Caller) -> Result<Value, ApiError> {
    let entries = types().iter().map(|kind| entry(app, caller, kind));
    Ok(json!({"data": entries.collect::<Result<Vec<_>, _>>()?}))
}

fn entry(app: &App, caller: &Caller, kind: &ExportType) -> Result<Value, ApiError> {
    let exports = match caller.may(kind) {
        Ok(()) => recent(app, caller, kind)?,
        Err(_) => Vec::new(),
    };
    let mut entry = describe(kind);
    entry["exports"] = Value::Array(exports);
    Ok(entry)
}

fn recent(app: &App, caller: &Caller, kind: &ExportType) -> Result<Vec<Value>, ApiError> {
    let subjects = [kind.object().to_owned()];
    let filter = JobFilter {
        kind: Some(JobKind::Export),
        states: None,
        subjects: Some(&subjects),
        offset: 0,
        limit: RECENT,
    };
    let (_, jobs) = app.store().jobs(caller.provider(), &filter).map_err(ApiError::of_store)?;
    let jobs = jobs.iter().filter(|job| is_remembered(app, job, &caller.rules));
    jobs.map(|job| show::of_job(app, job)).collect()
}

/// The filters and the page of a history request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    page: NumberedPage,
    object: Option<&'static str>,
    state: Option<JobState>,
}

impl History {
    /// Reads the query, or returns `None` if it requests the catalogue.
    pub fn read(query: &RawParameters) -> Result<Option<Self>, ApiError> {
        let mut errors = FieldErrors::default();
        match paged::text(query, "history", &mut errors) {
            None => return without_history(query),
            Some("1" | "true") => {}
            Some(_) => {
                errors.push("history", "The selected history is invalid. Allowed values: 1.");
            }
        }
        let page = NumberedPage::read(query, &mut errors);
        let object = paged::text(query, "object", &mut errors).map(str::to_owned);
        let object = object.and_then(|name| {
            let kind = find(&name).map(ExportType::object);
            if kind.is_none() {
                errors.push("object", "The selected object is invalid.");
            }
            kind
        });
        let state = paged::text(query, "state", &mut errors).map(str::to_owned);
        let state = state.and_then(|word| {
            let state = show::state(&word);
            if state.is_none() {
                let words = show::states().join(", ");
                let message = format!("The selected state is invalid. Allowed values: {words}.");
                errors.push("state", message);
            }
            state
        });
        match errors.is_empty() {
            true => Ok(Some(Self { page, object, state })),
            false => Err(ApiError::parameters(errors)),
        }
    }

    /// Returns the parameters of links to other pages, apart from the page.
    fn filters(&self) -> Vec<String> {
        let object = self.object.map(|object| format!("object={object}"));
        let words = show::states();
        let word =
            self.state.and_then(|state| words.iter().find(|w| show::state(w) == Some(state)));
        let state = word.map(|word| format!("state={word}"));
        ["history=1".to_owned()].into_iter().chain(object).chain(state).collect()
    }
}

/// Returns `None` for a request of the catalogue. Fails if it has parameters of the history.
fn without_history(query: &RawParameters) -> Result<Option<History>, ApiError> {
    let mut errors = FieldErrors::default();
    for (name, _) in query.iter().filter(|(name, _)| OF_HISTORY.contains(&name.as_str())) {
        errors.push(name, format!("The {name} field is only for history=1."));
    }
    if errors.is_empty() { Ok(None) } else { Err(ApiError::parameters(errors)) }
}

/// Returns one page of the provider's exports, newest first. Blocking.
pub fn history(app: &App, caller: &Caller, asked: &History) -> Result<Value, ApiError> {
    let readable = types().iter().filter(|kind| caller.may(kind).is_ok()).map(ExportType::object);
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
    let (total, jobs) = found.map_err(ApiError::of_store)?;
    let jobs = jobs.iter().filter(|job| is_remembered(app, job, &caller.rules));
    let data: Vec<Value> = jobs.map(|job| show::of_job(app, job)).collect::<Result<_, _>>()?;
    let path = format!("{}/api/v1/core/exports", app.base_url());
    Ok(asked.page.envelope(&path, &asked.filters(), total, data))
}
