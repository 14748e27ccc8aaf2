//! The catalogue of types. Rule: spec/exports.md §7.1.

use reports::exports::{describe_export_type, export_types, find_export_type};

/// The snapshot shows every change: headings may only be appended, and the dialect fixes the
/// filters.
#[test]
fn the_catalogue_is_the_specs() {
    let entries: Vec<String> =
        export_types().iter().map(|kind| describe_export_type(kind).to_string()).collect();
    insta::assert_snapshot!(entries.join("\n"));
}

#[test]
fn both_names_of_credit_notes_are_one_type() {
    let names = export_types().iter().map(|kind| kind.object()).collect::<Vec<_>>();
    assert_eq!(
        names,
        [
            "subscriptions",
            "memberships",
            "invoices",
            "payments",
            "refunds",
            "customers",
            "customers_metadata",
            "newsletters",
            "addresses",
            "balance_transactions",
            "credit_note",
            "campaign_reports",
            "orders",
            "accounting",
        ]
    );
    assert_eq!(find_export_type("credit_notes").unwrap().object(), "credit_note");
    assert!(find_export_type("Credit_note").is_none());
    assert!(find_export_type("").is_none());
}

#[test]
fn no_heading_comes_twice() {
    for kind in export_types() {
        let entry = describe_export_type(kind);
        let columns = entry["columns"].as_array().unwrap();
        let mut names: Vec<&str> =
            columns.iter().map(|column| column["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{}", kind.object());
    }
}
