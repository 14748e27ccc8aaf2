//! The discovery documents, derived from the definitions that also check requests. Rule:
//! spec/reports.md §12.

use model::permission::{Permission, Permissions};
use serde_json::{Value, json};

use crate::definition::Report;
use crate::definition::column::ReportColumn;
use crate::definition::filter::ReportFilter;
use crate::definition::label::display_name_of_key;

/// Returns the entry of one report in the list of reports. `base_url` is the URL of the server,
/// without a slash at its end.
pub fn report_list_entry(report: &Report, base_url: &str) -> Value {
    let path = format!("{base_url}/api/v2/reports/{}", report.name);
    let others = report.permissions.iter().filter(|flag| **flag != Permission::SuperAdmin);
    let permissions = std::iter::once(Permission::SuperAdmin).chain(others.copied());
    json!({
        "object": "report",
        "name": report.name,
        "label": report.label,
        "grouped": report.grouping().is_some(),
        "permissions": permissions.map(Permission::as_str).collect::<Vec<_>>(),
        "data_url": format!("{path}/data"),
        "export_url": format!("{path}/export"),
    })
}

/// Returns the entries of all reports that `permissions` allow to read, in the order of the
/// catalogue.
pub fn list_readable_reports(permissions: &Permissions, base_url: &str) -> Vec<Value> {
    let readable = crate::report_catalogue().iter().filter(|report| {
        permissions.allow_any(report.permissions)
            || permissions.allow_any(&[Permission::SuperAdmin])
    });
    readable.map(|report| report_list_entry(report, base_url)).collect()
}

/// Returns the full description of one report: its entry, columns, parents, filters, pivots and
/// default sort.
pub fn describe_report(report: &Report, base_url: &str) -> Value {
    let mut description = report_list_entry(report, base_url);
    let columns: Vec<Value> = report.columns.iter().map(|c| describe_column(report, c)).collect();
    let filters: Vec<Value> = report.filters.iter().map(describe_filter).collect();
    if let Some(members) = description.as_object_mut() {
        members.insert("columns".to_owned(), Value::Array(columns));
        members.insert("parents".to_owned(), json!(report.parents));
        members.insert("filters".to_owned(), Value::Array(filters));
        let pivots = report.grouping().and_then(|grouping| grouping.pivots.as_ref());
        let choices = pivots.map_or(&[][..], |pivots| pivots.choices);
        let names: Vec<_> = choices.iter().map(|choice| choice.name).collect();
        members.insert("pivots".to_owned(), json!(names));
        members.insert("default_pivot".to_owned(), json!(pivots.and_then(|p| p.default)));
        members.insert("default_sort".to_owned(), json!(report.default_sort));
    }
    description
}

fn describe_column(report: &Report, column: &ReportColumn) -> Value {
    json!({
        "key": column.key,
        "label": display_name_of_key(column.key),
        "aliases": column.aliases,
        "type": column.kind.word(),
        "role": column.role.word(),
        "sortable": column.is_sortable,
        "required": report.is_required(column),
        "holds_customer_id": report.holds_customer_id(column),
        "default": report.is_default(column),
        "addition": column.is_addition,
        "modelled": column.is_modelled(),
    })
}

fn describe_filter(filter: &ReportFilter) -> Value {
    json!({
        "name": filter.name,
        "type": filter.word,
        "list": filter.is_list(),
        "enum": filter.enumeration(),
        "default": filter.default,
        "addition": filter.is_addition,
    })
}
