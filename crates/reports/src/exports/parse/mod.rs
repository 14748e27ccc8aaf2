//! Checks a request's body into requests, or refuses it with all errors. Rule: spec/exports.md §4.
//!
//! | module | holds |
//! | --- | --- |
//! | `body` | reads fields by name and collects errors |
//! | `body_values` | reads single values |
//! | `range_limit` | the longest range that is allowed |
//! | `additions` | fields that the vendor's dialect lacks |

use model::provider::Provider;
use model::time::{Date, Instant, Zone};
use serde_json::{Map, Value};

use super::export_filter::{ALL_WORD, ExportFilter, ExportFilterTest};
use super::export_request::{
    AccountingPackageRequest, DateMode, ExportRange, ExportRequest, NamedExportType, RowPer,
};
use super::{ExportType, export_types, find_export_type};
use crate::request::FieldErrors;
use crate::request::unknown::did_you_mean;

mod additions;
mod body;
mod body_values;
mod range_limit;

use additions::Additions;
use body::ExportBody;

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
const DIALECT_FIELDS: [&str; 7] =
    ["object", "date_from", "date_to", "month", "currency", "site_id", "mode"];
/// Fields that the accounting package ignores.
const IGNORED_BY_PACKAGE: [&str; 3] = ["date_from", "date_to", "mode"];

/// Checks the body of a request for exports.
///
/// Errors: every field that is wrong, or a range that is reversed or too long.
pub fn parse_export_body(
    body: &Map<String, Value>,
    provider: &Provider,
    context: &ExportContext<'_>,
) -> Result<ExportRequests, ExportErrors> {
    let mut body = ExportBody::new(body);
    let objects = additions::read_object_list(&mut body, context.is_strict);
    let is_group = objects.is_some();
    let objects = objects.unwrap_or_else(|| read_object(&mut body).into_iter().collect());
    for name in body.names() {
        if !is_known(name) {
            let meant = did_you_mean(name, known_names());
            body.errors.push(name, format!("The {name} field is unknown.{meant}"));
        }
    }
    let common = SharedFields::read(&mut body, &objects, provider, context);
    let additions = additions::read_additions(&mut body, &objects, provider, context);
    let mut requests = Vec::new();
    for object in objects {
        requests.extend(build_request(&mut body, object, &common, &additions, provider, context));
    }
    if !body.errors.is_empty() {
        return Err(ExportErrors::Fields(body.errors));
    }
    let range = requests.iter().find_map(|request| request.range);
    let zone = &provider.timezone;
    if range
        .is_some_and(|range| !range_limit::is_range_allowed(range, context.range_months_max, zone))
    {
        return Err(ExportErrors::Range);
    }
    Ok(ExportRequests { requests, is_group })
}

/// The fields that all types of a request share.
struct SharedFields {
    range: Option<ExportRange>,
    mode: DateMode,
    site_id: Option<i64>,
}

impl SharedFields {
    fn read(
        body: &mut ExportBody<'_>,
        objects: &[NamedExportType],
        provider: &Provider,
        context: &ExportContext<'_>,
    ) -> Self {
        let has_records = objects.iter().any(|object| !object.kind.is_package());
        let is_package = objects.iter().any(|object| object.kind.is_package());
        let site_id = body.read("site_id", |field, value| {
            let id = body_values::read_id(field, value)?;
            if context.sites.contains(&id) {
                Ok(id)
            } else {
                Err("The selected site_id is invalid: it is no site of this account.".to_owned())
            }
        });
        if is_package {
            return Self { range: None, mode: DateMode::default(), site_id };
        }
        let second = |body: &mut ExportBody<'_>, field: &'static str, is_end: bool| {
            let read = |field: &str, value: &Value| {
                body_values::read_second(field, value, &provider.timezone, is_end)
            };
            if has_records { body.read_required(field, read) } else { body.read(field, read) }
        };
        let from = second(body, "date_from", false);
        let to = second(body, "date_to", true);
        let mode = body.read("mode", |field, value| read_choice(field, value, &DateMode::WORDS));
        let range = from.zip(to).map(|(from, to)| ExportRange { from, to });
        Self { range, mode: mode.unwrap_or_default(), site_id }
    }
}

/// Reads the type of a request for a single export.
fn read_object(body: &mut ExportBody<'_>) -> Option<NamedExportType> {
    body.read_required("object", |field, value| match value.as_str().and_then(named_export_type) {
        Some(object) => Ok(object),
        None => Err(body_values::invalid_word_message(field, &names())),
    })
}

fn named_export_type(name: &str) -> Option<NamedExportType> {
    find_export_type(name).map(|kind| NamedExportType { kind, name: name.to_owned() })
}

/// Returns all names of all types.
fn names() -> Vec<&'static str> {
    let names = export_types().iter().map(|kind| std::iter::once(&kind.object).chain(kind.aliases));
    names.flatten().copied().collect()
}

/// Returns all fields that have a meaning for some type.
fn known_names() -> impl Iterator<Item = &'static str> {
    let filters =
        export_types().iter().flat_map(|kind| kind.filters.iter().map(|filter| filter.name));
    DIALECT_FIELDS.into_iter().chain(additions::ADDITION_NAMES).chain(filters)
}

fn is_known(name: &str) -> bool {
    known_names().any(|known| known == name)
}

fn is_filter(name: &str) -> bool {
    export_types().iter().any(|kind| kind.filter(name).is_some())
}

fn build_request(
    body: &mut ExportBody<'_>,
    object: NamedExportType,
    common: &SharedFields,
    additions: &Additions,
    provider: &Provider,
    context: &ExportContext<'_>,
) -> Option<ExportRequest> {
    let kind = object.kind;
    let filters = read_filters(body, kind);
    let package = if kind.is_package() {
        Some(read_package(body, additions, &provider.timezone, context)?)
    } else {
        None
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
    if kind.is_package() {
        IGNORED_BY_PACKAGE.contains(&name) || (is_filter(name) && name != "currency")
    } else {
        name == "month" || (is_filter(name) && kind.filter(name).is_none())
    }
}

fn read_filters(body: &mut ExportBody<'_>, kind: &ExportType) -> Map<String, Value> {
    let mut filters = Map::new();
    for filter in &kind.filters {
        let wanted = body.read(filter.name, |field, value| read_filter_value(filter, field, value));
        if let Some(wanted) = wanted {
            filters.insert(filter.name.to_owned(), wanted);
        }
    }
    filters
}

fn read_filter_value(filter: &ExportFilter, field: &str, value: &Value) -> Result<Value, String> {
    Ok(match &filter.test {
        ExportFilterTest::Words { .. } => {
            let words = filter.words().unwrap_or_default();
            match value.as_str() {
                Some(ALL_WORD) => Value::from(ALL_WORD),
                _ => Value::from(body_values::read_word(field, value, &words)?),
            }
        }
        ExportFilterTest::Id(_) | ExportFilterTest::ItemProduct | ExportFilterTest::ItemSku => {
            Value::from(body_values::read_id(field, value)?)
        }
        ExportFilterTest::Text(_) | ExportFilterTest::AnyCase(_) => {
            Value::from(body_values::read_text(field, value)?)
        }
        ExportFilterTest::Currency(_) => {
            Value::from(body_values::read_currency(field, value)?.code())
        }
        ExportFilterTest::Country(_) => Value::from(body_values::read_country(field, value)?),
    })
}

fn read_package(
    body: &mut ExportBody<'_>,
    additions: &Additions,
    zone: &Zone,
    context: &ExportContext<'_>,
) -> Option<AccountingPackageRequest> {
    let month = body.read_required("month", |field, value| {
        let month = body_values::read_month(field, value)?;
        let last = first_day_of_month(zone.date_of(context.now));
        let is_early = context.first_month.is_some_and(|first| month < first_day_of_month(first));
        if month > last || is_early {
            Err(month_out_of_range_message(field, context.first_month, last))
        } else {
            Ok(month)
        }
    });
    let currency = body.read_required("currency", body_values::read_currency);
    if let (Some(month), Some(as_of)) = (month, additions.as_of) {
        let is_inside = first_day_of_month(zone.date_of(as_of)) == month && as_of <= context.now;
        if !is_inside {
            let message = "The as_of must be an instant of the month, and not in the future.";
            body.errors.push("as_of", message);
        } else if context.last_closed.is_some_and(|last| month <= first_day_of_month(last)) {
            body.errors.push("as_of", "The as_of is not for a closed month: it is frozen whole.");
        }
    }
    Some(AccountingPackageRequest { month: month?, currency: currency?, as_of: additions.as_of })
}

fn month_out_of_range_message(field: &str, first: Option<Date>, last: Date) -> String {
    let shown = |date: Date| date.to_string().get(..7).unwrap_or_default().to_owned();
    match first {
        Some(first) => {
            format!(
                "The {field} must be from {} to {}.",
                shown(first_day_of_month(first)),
                shown(last)
            )
        }
        None => format!("The {field} must not be after {}.", shown(last)),
    }
}

/// Returns the first day of a date's month.
fn first_day_of_month(date: Date) -> Date {
    date.plus_days(1 - i64::from(date.day()))
}

/// Reads a word and returns the value that it stands for.
fn read_choice<T: Copy>(field: &str, value: &Value, words: &[(&str, T)]) -> Result<T, String> {
    let allowed: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let word = body_values::read_word(field, value, &allowed)?;
    let found = words.iter().find(|(known, _)| *known == word);
    found.map(|(_, value)| *value).ok_or_else(|| body_values::invalid_word_message(field, &allowed))
}
