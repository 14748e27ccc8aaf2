//! The catalogue of types with their recent exports, and the history. Rule: spec/exports.md §7.1.

use reports::exports::{ExportType, describe, find, types};
use reports::request::{FieldErrors, RawParameters};
use serde_json::{Value, json};
use store::port::jobs::{JobFilter, JobKind, JobState};

use super::caller::Caller;
use super::find::is_remembered;
use super::show;
use crate::app::App;
use crate::error::ApiError;
use crate::operations::paged;

/// Recent exports shown with each type.
const RECENT: u64 = 20;
/// Entries of a page of the history, unless asked otherwise.
const LIMIT: u64 = 10;
const LIMIT_MAX: u64 = 100;

/// Every type with its recent exports. Blocking.
pub(crate) fn catalogue(app: &App, caller: &Caller) -> Result<Value, ApiError> {
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

/// Which part of the history is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct History {
    page: u64,
    limit: u64,
    object: Option<&'static str>,
    state: Option<JobState>,
}

impl History {
    /// What the query asks for, if it asks for the history.
    pub(crate) fn read(query: &RawParameters) -> Result<Option<Self>, ApiError> {
        let mut errors = FieldErrors::default();
        match paged::text(query, "history", &mut errors) {
            None => return Ok(None),
            Some("1" | "true") => {}
            Some(_) => {
                errors.push("history", "The selected history is invalid. Allowed values: 1.");
            }
        }
        let page = number(query, "page", u64::from(u32::MAX), &mut errors).unwrap_or(1);
        let limit = number(query, "limit", LIMIT_MAX, &mut errors).unwrap_or(LIMIT);
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
            true => Ok(Some(Self { page, limit, object, state })),
            false => Err(ApiError::parameters(errors)),
        }
    }
}

fn number(query: &RawParameters, name: &str, max: u64, errors: &mut FieldErrors) -> Option<u64> {
    let text = paged::text(query, name, errors)?.to_owned();
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_digits && (1..=max).contains(number));
    if number.is_none() {
        errors.push(name, format!("The {name} must be an integer between 1 and {max}."));
    }
    number
}

/// One page of all exports of the provider, newest first. Blocking.
pub(crate) fn history(app: &App, caller: &Caller, asked: &History) -> Result<Value, ApiError> {
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
        offset: (asked.page - 1) * asked.limit,
        limit: asked.limit,
    };
    let found = app.store().jobs(caller.provider(), &filter);
    let (total, jobs) = found.map_err(ApiError::of_store)?;
    let jobs = jobs.iter().filter(|job| is_remembered(app, job, &caller.rules));
    let data: Vec<Value> = jobs.map(|job| show::of_job(app, job)).collect::<Result<_, _>>()?;
    Ok(page(app, asked, total, data))
}

fn page(app: &App, asked: &History, total: u64, data: Vec<Value>) -> Value {
    let path = format!("{}/api/v1/core/exports", app.base_url());
    let last = total.div_ceil(asked.limit).max(1);
    let mut filters = format!("history=1&limit={}", asked.limit);
    if let Some(object) = asked.object {
        filters.push_str(&format!("&object={object}"));
    }
    if let Some(state) = asked.state {
        let words = show::states();
        let word = words.iter().find(|word| show::state(word) == Some(state));
        filters.push_str(&format!("&state={}", word.copied().unwrap_or_default()));
    }
    let at = |page: u64| format!("{path}?{filters}&page={page}");
    let previous = (asked.page > 1).then(|| at(asked.page - 1));
    let next = (asked.page < last).then(|| at(asked.page + 1));
    let first_row = (asked.page - 1) * asked.limit + 1;
    let has_rows = !data.is_empty();
    let link = |url: Option<&String>, label: String, is_active: bool| json!({"url": url, "label": label, "active": is_active});
    let links = [
        link(previous.as_ref(), "Previous".to_owned(), false),
        link(Some(&at(asked.page)), asked.page.to_string(), true),
        link(next.as_ref(), "Next".to_owned(), false),
    ];
    json!({
        "links": {"first": at(1), "last": at(last), "prev": previous, "next": next},
        "meta": {
            "current_page": asked.page,
            "from": has_rows.then_some(first_row),
            "last_page": last,
            "links": links,
            "path": path,
            "per_page": asked.limit,
            "to": has_rows.then(|| first_row + data.len() as u64 - 1),
            "total": total,
        },
        "data": data,
    })
}
