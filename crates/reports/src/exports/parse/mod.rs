//! A request's body, checked into requests or refused with all errors. Rule: spec/exports.md §4.
//!
//! | module | holds |
//! | --- | --- |
//! | `body` | taking fields by name; every error is kept |
//! | `values` | single values |
//! | `range` | how long a range may be |
//! | `additions` | fields that the dialect does not have |

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

/// What a request is checked against beside its provider.
#[derive(Debug, Clone, Copy)]
pub struct ExportContext<'a> {
    /// The present.
    pub now: Instant,
    /// Whether only what the dialect prints is taken (setting `exports.strict`).
    pub is_strict: bool,
    /// The most calendar months that a range may have; 0 = no limit (setting
    /// `exports.max_range_months`).
    pub range_months_max: u32,
    /// Ids of the provider's sites.
    pub sites: &'a [i64],
    /// First day of the month of the provider's first invoice, where it is known.
    pub first_month: Option<Date>,
    /// First day of the provider's last closed month, where it is known.
    pub last_closed: Option<Date>,
}

/// What a body asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportRequests {
    /// One export each, all of one revision.
    pub requests: Vec<ExportRequest>,
    /// Whether they were asked for as a list (`objects`).
    pub is_group: bool,
}

/// Why a body is refused. Rule: spec/exports.md §2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportErrors {
    /// Fields are wrong (row 7).
    Fields(FieldErrors),
    /// The range is reversed or too long (row 8).
    Range,
}

/// What the dialect prints for every type, and filters of whatever type.
const PRINTED: [&str; 7] =
    ["object", "date_from", "date_to", "month", "currency", "site_id", "mode"];
/// Fields that the accounting package passes over.
const NOT_OF_PACKAGE: [&str; 3] = ["date_from", "date_to", "mode"];

/// Checks the body of a request for exports.
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

/// What all types of a request share.
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

/// The one type that is asked for.
fn object(body: &mut Body<'_>) -> Option<Spelled> {
    body.required("object", |field, value| match value.as_str().and_then(spelled) {
        Some(object) => Ok(object),
        None => Err(values::invalid(field, &names())),
    })
}

fn spelled(name: &str) -> Option<Spelled> {
    find(name).map(|kind| Spelled { kind, name: name.to_owned() })
}

/// Every name of every type.
fn names() -> Vec<&'static str> {
    let names = types().iter().map(|kind| std::iter::once(&kind.object).chain(kind.aliases));
    names.flatten().copied().collect()
}

/// Every field that means something for some type.
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

/// Whether a given field is printed, but not for this type.
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

/// The first day of a date's month.
fn month_of(date: Date) -> Date {
    date.plus_days(1 - i64::from(date.day()))
}

/// The value that a word stands for.
fn choice<T: Copy>(field: &str, value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let word = values::word(field, value, &allowed)?;
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or_else(|| values::invalid(field, &allowed))
}

impl ExportFormat {
    /// The formats of a type.
    pub(super) fn of(kind: &ExportType) -> &'static [(&'static str, Self)] {
        match kind.is_package() {
            true => &Self::WORDS[..1],
            false => &Self::WORDS,
        }
    }
}
