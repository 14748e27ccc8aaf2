//! Checks a request's body into requests, or refuses it with all errors. Rule: spec/exports.md §4.
//!
//! | module | holds |
//! | --- | --- |
//! | `body` | reads fields by name and collects errors |
//! | `values` | reads single values |
//! | `range` | the longest range that is allowed |
//! | `additions` | fields that the vendor's dialect lacks |

use model::provider::Provider;
use model::time::{Date, Instant, Zone};
use serde_json::{Map, Value};

use super::filter::{ALL, Filter, Test};
use super::request::{ExportFormat, ExportRequest, Mode, Package, Range, RowPer, Spelled};
use super::{ExportType, find, types};
use crate::request::FieldErrors;
use crate::request::unknown::did_you_mean;

mod additions;
mod body;
mod range;
mod values;

use additions::Additions;
use body::Body;

/// The context in which a request is checked, besides its provider.
#[derive(Debug, Clone, Copy)]
pub struct ExportContext<'a> {
    /// The time of the request.
    pub now: Instant,
    /// True if only fields of the vendor's dialect are accepted (setting `exports.strict`).
    pub is_strict: bool,
    /// The largest number of calendar months in a range; 0 means no limit (setting
    /// `exports.max_range_months`).
    pub range_months_max: u32,
    /// The ids of the provider's sites.
    pub sites: &'a [i64],
    /// The first day of the month of the provider's first invoice; none if unknown.
    pub first_month: Option<Date>,
    /// The first day of the provider's last closed month; none if unknown.
    pub last_closed: Option<Date>,
}

/// The checked requests of one body.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequests {
    /// The requests, one per export. All read the same revision.
    pub requests: Vec<ExportRequest>,
    /// True if the body asked for a list of types (`objects`).
    pub is_group: bool,
}

/// The reason why a body is refused. Rule: spec/exports.md §2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportErrors {
    /// Fields are wrong (row 7).
    Fields(FieldErrors),
    /// The range is reversed or too long (row 8).
    Range,
}

/// Fields of the vendor's dialect other than filters; `month` and `currency` are for the accounting
/// package.
const PRINTED: [&str; 7] =
    ["object", "date_from", "date_to", "month", "currency", "site_id", "mode"];
/// Fields that the accounting package ignores.
const NOT_OF_PACKAGE: [&str; 3] = ["date_from", "date_to", "mode"];

/// Checks the body of a request for exports.
///
/// Errors: every field that is wrong, or a range that is reversed or too long.
pub fn parse(
    body: &Map<String, Value>,
    provider: &Provider,
    context: &ExportContext<'_>,
) -> Result<ExportRequests, ExportErrors> {
    let mut body = Body::new(body);
    let objects = additions::objects(&mut body, context.is_strict);
    let is_group = objects.is_some();
    let objects = objects.unwrap_or_else(|| object(&mut body).into_iter().collect());
    for name in body.names() {
        if !is_known(name) {
            let meant = did_you_mean(name, known_names());
            body.errors.push(name, format!("The {name} field is unknown.{meant}"));
        }
    }
    let common = Common::read(&mut body, &objects, provider, context);
    let additions = additions::read(&mut body, &objects, provider, context);
    let mut requests = Vec::new();
    for object in objects {
        requests.extend(request(&mut body, object, &common, &additions, provider, context));
    }
    if !body.errors.is_empty() {
        return Err(ExportErrors::Fields(body.errors));
    }
    let range = requests.iter().find_map(|request| request.range);
    let zone = &provider.timezone;
    if range.is_some_and(|range| !range::is_allowed(range, context.range_months_max, zone)) {
        return Err(ExportErrors::Range);
    }
    Ok(ExportRequests { requests, is_group })
}

/// The fields that all types of a request share.
struct Common {
    range: Option<Range>,
    mode: Mode,
    site_id: Option<i64>,
}

impl Common {
    fn read(
        body: &mut Body<'_>,
        objects: &[Spelled],
        provider: &Provider,
        context: &ExportContext<'_>,
    ) -> Self {
        let has_records = objects.iter().any(|object| !object.kind.is_package());
        let is_package = objects.iter().any(|object| object.kind.is_package());
        let site_id =
            body.read("site_id", |field, value| {
                let id = values::id(field, value)?;
                match context.sites.contains(&id) {
                    true => Ok(id),
                    false => Err("The selected site_id is invalid: it is no site of this account."
                        .to_owned()),
                }
            });
        if is_package {
            return Self { range: None, mode: Mode::default(), site_id };
        }
        let second = |body: &mut Body<'_>, field: &'static str, is_end: bool| {
            let read = |field: &str, value: &Value| {
                values::second(field, value, &provider.timezone, is_end)
            };
            match has_records {
                true => body.required(field, read),
                false => body.read(field, read),
            }
        };
        let from = second(body, "date_from", false);
        let to = second(body, "date_to", true);
        let mode = body.read("mode", |field, value| choice(field, value, &Mode::WORDS));
        let range = from.zip(to).map(|(from, to)| Range { from, to });
        Self { range, mode: mode.unwrap_or_default(), site_id }
    }
}

/// Reads the type of a request for a single export.
fn object(body: &mut Body<'_>) -> Option<Spelled> {
    body.required("object", |field, value| match value.as_str().and_then(spelled) {
        Some(object) => Ok(object),
        None => Err(values::invalid(field, &names())),
    })
}

fn spelled(name: &str) -> Option<Spelled> {
    find(name).map(|kind| Spelled { kind, name: name.to_owned() })
}

/// Returns all names of all types.
fn names() -> Vec<&'static str> {
    let names = types().iter().map(|kind| std::iter::once(&kind.object).chain(kind.aliases));
    names.flatten().copied().collect()
}

/// Returns all fields that have a meaning for some type.
fn known_names() -> impl Iterator<Item = &'static str> {
    let filters = types().iter().flat_map(|kind| kind.filters.iter().map(|filter| filter.name));
    PRINTED.into_iter().chain(additions::NAMES).chain(filters)
}

fn is_known(name: &str) -> bool {
    known_names().any(|known| known == name)
}

fn is_filter(name: &str) -> bool {
    types().iter().any(|kind| kind.filter(name).is_some())
}

fn request(
    body: &mut Body<'_>,
    object: Spelled,
    common: &Common,
    additions: &Additions,
    provider: &Provider,
    context: &ExportContext<'_>,
) -> Option<ExportRequest> {
    let kind = object.kind;
    let filters = filters(body, kind);
    let package = match kind.is_package() {
        true => Some(package(body, additions, &provider.timezone, context)?),
        false => None,
    };
    let row_per = if kind.has_lines() { additions.row_per } else { Default::default() };
    let layout = if kind.is_metadata() { additions.layout } else { Default::default() };
    let has_deleted = kind.layout(row_per == RowPer::Line).is_some_and(|rows| rows.has_deleted);
    let ignored = |name: &str| match name {
        "include_deleted" => additions.include_deleted && !has_deleted,
        "row_per" => additions.row_per != row_per,
        "layout" => additions.layout != layout,
        name => is_ignored(kind, name),
    };
    Some(ExportRequest {
        filters,
        ignored_filters: body.names().filter(|name| ignored(name)).map(str::to_owned).collect(),
        mode: common.mode,
        range: common.range,
        site_id: common.site_id,
        include_deleted: additions.include_deleted && has_deleted,
        format: additions.format,
        csv_dialect: additions.csv_dialect,
        columns: additions.columns.clone(),
        row_per,
        layout,
        package,
        now: context.now,
        object,
    })
}

/// Returns true if a field of the vendor's dialect has no effect for this type.
fn is_ignored(kind: &ExportType, name: &str) -> bool {
    match kind.is_package() {
        true => NOT_OF_PACKAGE.contains(&name) || (is_filter(name) && name != "currency"),
        false => name == "month" || (is_filter(name) && kind.filter(name).is_none()),
    }
}

fn filters(body: &mut Body<'_>, kind: &ExportType) -> Map<String, Value> {
    let mut filters = Map::new();
    for filter in &kind.filters {
        let wanted = body.read(filter.name, |field, value| wanted(filter, field, value));
        if let Some(wanted) = wanted {
            filters.insert(filter.name.to_owned(), wanted);
        }
    }
    filters
}

fn wanted(filter: &Filter, field: &str, value: &Value) -> Result<Value, String> {
    Ok(match &filter.test {
        Test::Words { .. } => {
            let words = filter.words().unwrap_or_default();
            match value.as_str() {
                Some(ALL) => Value::from(ALL),
                _ => Value::from(values::word(field, value, &words)?),
            }
        }
        Test::Id(_) | Test::ItemProduct | Test::ItemSku => Value::from(values::id(field, value)?),
        Test::Text(_) | Test::AnyCase(_) => Value::from(values::text(field, value)?),
        Test::Currency(_) => Value::from(values::currency(field, value)?.code()),
        Test::Country(_) => Value::from(values::country(field, value)?),
    })
}

fn package(
    body: &mut Body<'_>,
    additions: &Additions,
    zone: &Zone,
    context: &ExportContext<'_>,
) -> Option<Package> {
    let month = body.required("month", |field, value| {
        let month = values::month(field, value)?;
        let last = month_of(zone.date_of(context.now));
        let is_early = context.first_month.is_some_and(|first| month < month_of(first));
        match month > last || is_early {
            true => Err(outside(field, context.first_month, last)),
            false => Ok(month),
        }
    });
    let currency = body.required("currency", values::currency);
    if let (Some(month), Some(as_of)) = (month, additions.as_of) {
        let is_inside = month_of(zone.date_of(as_of)) == month && as_of <= context.now;
        if !is_inside {
            let message = "The as_of must be an instant of the month, and not in the future.";
            body.errors.push("as_of", message);
        } else if context.last_closed.is_some_and(|last| month <= month_of(last)) {
            body.errors.push("as_of", "The as_of is not for a closed month: it is frozen whole.");
        }
    }
    Some(Package { month: month?, currency: currency?, as_of: additions.as_of })
}

fn outside(field: &str, first: Option<Date>, last: Date) -> String {
    let shown = |date: Date| date.to_string().get(..7).unwrap_or_default().to_owned();
    match first {
        Some(first) => {
            format!("The {field} must be from {} to {}.", shown(month_of(first)), shown(last))
        }
        None => format!("The {field} must not be after {}.", shown(last)),
    }
}

/// Returns the first day of a date's month.
fn month_of(date: Date) -> Date {
    date.plus_days(1 - i64::from(date.day()))
}

/// Reads a word and returns the value that it stands for.
fn choice<T: Copy>(field: &str, value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let word = values::word(field, value, &allowed)?;
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or_else(|| values::invalid(field, &allowed))
}

impl ExportFormat {
    /// Returns the formats of a type, each with its word.
    pub(super) fn of(kind: &ExportType) -> &'static [(&'static str, Self)] {
        match kind.is_package() {
            true => &Self::WORDS[..1],
            false => &Self::WORDS,
        }
    }
}
