//! Properties that all report definitions have.

use std::collections::BTreeMap;

use model::permission::{Permission, Permissions};
use serde_json::Value;

use crate::answers::{keys, request_page};
use testkit::literal_tables::session;

fn texts<'a>(values: &'a Value, member: &str) -> Vec<&'a str> {
    let values = values.as_array().unwrap().iter();
    values.map(|value| value[member].as_str().unwrap()).collect()
}

#[test]
fn names_mean_one_thing() {
    for report in reports::report_catalogue() {
        let description = reports::describe::describe_report(report, "");
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        for column in description["columns"].as_array().unwrap() {
            let key = column["key"].as_str().unwrap();
            let aliases = column["aliases"].as_array().unwrap();
            for name in aliases.iter().map(|alias| alias.as_str().unwrap()).chain([key]) {
                let earlier = owners.insert(name, key);
                assert_eq!(earlier, None, "{}: {name}", report.name());
            }
        }
        for parent in description["parents"].as_array().unwrap() {
            let parent = format!("{}.", parent.as_str().unwrap());
            let leaves = texts(&description["columns"], "key");
            assert!(leaves.iter().any(|key| key.starts_with(&parent)), "{parent}");
        }
        let mut filters = texts(&description["filters"], "name");
        filters.sort_unstable();
        let count = filters.len();
        filters.dedup();
        assert_eq!(filters.len(), count, "{}", report.name());
    }
}

#[test]
fn every_plain_report_has_a_few_columns_for_people() {
    for report in reports::report_catalogue() {
        let description = reports::describe::describe_report(report, "");
        let brief = report.brief_columns();
        let is_plain = description["grouped"] == false;
        assert_eq!((5..=9).contains(&brief.len()), is_plain, "{}", report.name());
        let columns = description["columns"].as_array().unwrap();
        for key in brief {
            let column = columns.iter().find(|column| column["key"] == *key);
            let column = column.unwrap_or_else(|| panic!("{} has no {key}", report.name()));
            assert!(column["default"] == true && column["modelled"] == true, "{key}");
            assert_eq!(report.keys_named(key), [*key]);
        }
        let default = columns.iter().filter(|column| column["default"] == true);
        assert_eq!(report.default_column_count(), default.count());
    }
}

#[test]
fn reports_are_listed_by_name_to_those_who_may_read_them() {
    let names = |flag: Permission| {
        let permissions: Permissions = [flag].into_iter().collect();
        let entries = reports::describe::list_readable_reports(&permissions, "https://x");
        entries.iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        names(Permission::SuperAdmin),
        "attendances attendances.grouped customer_credits customer_membership_holds \
         customer_membership_holds.grouped customer_membership_usage \
         customer_membership_usage.grouped customer_memberships customer_memberships.grouped \
         customers customers.grouped invoice_line_items invoice_line_items.grouped invoices \
         invoices.grouped"
    );
    assert_eq!(
        names(Permission::Revenue),
        "customer_credits invoice_line_items invoice_line_items.grouped invoices invoices.grouped"
    );
    assert_eq!(
        names(Permission::Customers),
        "customer_credits customer_membership_holds customer_membership_holds.grouped \
         customer_memberships customer_memberships.grouped customers customers.grouped"
    );
    assert_eq!(names(Permission::Attendances), "attendances attendances.grouped");
    let entry = &reports::describe::list_readable_reports(
        &[Permission::Revenue].into_iter().collect(),
        "https://x",
    )[0];
    assert_eq!(
        entry.to_string(),
        r#"{"object":"report","name":"customer_credits","label":"Customer Credits","grouped":false,"permissions":["super_admin","customers","revenue"],"data_url":"https://x/api/v2/reports/customer_credits/data","export_url":"https://x/api/v2/reports/customer_credits/export"}"#
    );
}

#[test]
fn every_column_can_be_asked_for_and_every_sortable_one_sorted_by() {
    let session = session("");
    for report in reports::report_catalogue() {
        let description = reports::describe::describe_report(report, "");
        for column in description["columns"].as_array().unwrap() {
            let key = column["key"].as_str().unwrap();
            let page = request_page(&session, report.name(), &format!("columns={key}"));
            assert!(keys(&page).contains(&key));
            if column["sortable"] == true {
                let page =
                    request_page(&session, report.name(), &format!("columns={key}&sort=-{key}"));
                let header = page.headers.iter().find(|header| header.key == key).unwrap();
                let sorted = header.sorted.unwrap();
                assert!(sorted.descending && sorted.priority == 0, "{key}");
            }
        }
    }
}

/// Lists every column and filter on a line of its own, to be compared with spec/reports.md §17.
#[test]
fn the_catalogue_is_the_specs() {
    let mut lines = Vec::new();
    for report in reports::report_catalogue() {
        let description = reports::describe::describe_report(report, "");
        lines.push(format!("{} ({})", report.name(), report.label()));
        lines.push(format!("  parents {}", description["parents"]));
        lines.push(format!("  sort {}", description["default_sort"]));
        if let Some(plain) = report.name().strip_suffix(".grouped") {
            let plain =
                reports::describe::describe_report(reports::find_report(plain).unwrap(), "");
            assert_eq!(description["filters"], plain["filters"]);
            assert_eq!(description["permissions"], plain["permissions"]);
            let pivots = &description["pivots"];
            lines.push(format!("  pivots {pivots} default {}", description["default_pivot"]));
        }
        for column in description["columns"].as_array().unwrap() {
            let flag =
                |name: &str| if column[name] == true { format!(" {name}") } else { String::new() };
            let flags =
                ["sortable", "required", "holds_customer_id", "addition"].map(flag).concat();
            let role = match column["role"].as_str().unwrap() {
                "column" => String::new(),
                role => format!(" {role}"),
            };
            let modelled = if column["modelled"] == true { "" } else { " null!" };
            lines.push(format!(
                "  {} {} {} {:?}{role}{flags}{modelled}",
                column["key"].as_str().unwrap(),
                column["aliases"],
                column["type"].as_str().unwrap(),
                column["label"].as_str().unwrap(),
            ));
        }
        let is_grouped = description["grouped"] == true;
        for filter in description["filters"].as_array().unwrap().iter().filter(|_| !is_grouped) {
            let default = filter["default"].as_str().map(|text| format!(" default {text}"));
            let words = filter["enum"].as_array().map(|_| format!(" {}", filter["enum"]));
            lines.push(format!(
                "  ? {} {}{}{}",
                filter["name"].as_str().unwrap(),
                filter["type"].as_str().unwrap(),
                words.unwrap_or_default(),
                default.unwrap_or_default(),
            ));
        }
    }
    insta::assert_snapshot!(lines.join("\n"));
}
