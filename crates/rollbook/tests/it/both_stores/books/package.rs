//! The files of a month's package; byte for byte where the bytes matter.

use super::archive::{CATEGORIES, CONTRACT_FILES, LEDGER_FILES, UnpackedPackage};
use super::records::{AUTUMN, imported};

const HEAD: &str = "id,date,occurred_at,customer_id,customer_email,customer_name,invoice_id,\
    invoice_number,subscription_id,order_id,plan_id,plan_name,product_id,product_name,site_id,\
    currency,cash_offline,cash_online,customer_balance,accounts_receivable,deferred_revenue,taxes,\
    recognized_revenue,adjusts_month";

#[test]
fn the_contracts_zip_holds_eleven_files_in_order() {
    let data = imported(AUTUMN);
    let package = UnpackedPackage::made(data.path(), "1", "2024-10", &["--currency", "usd"]);
    let names: Vec<_> = CONTRACT_FILES.iter().map(|name| format!("{name}.csv")).collect();
    assert_eq!(package.names, names);
    for name in &names {
        let text = package.text(name);
        assert!(text.starts_with(HEAD), "{name}");
        assert!(text.ends_with("\r\n"));
    }
    let expected = "10,2024-10-31,2024-10-31T23:59:59.999999Z,1,ada@example.org,Ada,1,A-1,1,,1,\
        Monthly,1,Daily,1,usd,0.00,0.00,0.00,0.00,54.84,0.00,-54.84,,Monthly,2024-10-15T00:00:00Z,\
        2024-11-15T00:00:00Z,daily,0,17,31,100.00,54.84,45.16";
    let recognized = package.text("recognized_revenue.csv");
    assert!(recognized.lines().any(|line| line == expected), "{recognized}");
    let revenue = package.text("subscription_revenue.csv");
    let expected = "1,2024-10-15,2024-10-15T00:00:00Z,1,ada@example.org,Ada,1,A-1,1,,1,Monthly,1,\
        Daily,1,usd,0.00,0.00,0.00,110.00,-100.00,-10.00,0.00,,paid,,regular,false,100.00,0.00,\
        10.00,110.00,,,1";
    assert!(revenue.lines().any(|line| line == expected), "{revenue}");
    // Formulas are guarded and quotes are doubled.
    assert!(revenue.contains("'=cmd(),\"Bob, the \"\"builder\"\"\""), "{revenue}");
    assert_eq!(package.rows("payments_received.csv").len(), 3);
    assert_eq!(package.text("refunds_made.csv").lines().count(), 1);
    let ids: Vec<_> =
        package.rows("subscription_revenue.csv").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["2", "1", "4"], "by instant, then by id");
}

#[test]
fn the_full_bundle_ties_out() {
    let data = imported(AUTUMN);
    let full = ["--currency", "usd", "--full"];
    let october = UnpackedPackage::made(data.path(), "1", "2024-10", &full);
    let mut names: Vec<_> =
        CONTRACT_FILES.iter().chain(&LEDGER_FILES).map(|name| format!("{name}.csv")).collect();
    names.extend(
        [
            "journal.csv",
            "trial_balance.csv",
            "journal.hledger",
            "opening.hledger",
            "transactions.hledger",
            "journal.beancount",
            "opening.beancount",
            "transactions.beancount",
            "issues.csv",
        ]
        .map(str::to_owned),
    );
    names.push("manifest.json".to_owned());
    assert_eq!(october.names, names);
    october.check_control_totals();
    let november = UnpackedPackage::made(data.path(), "1", "2024-11", &full);
    november.check_control_totals();
    for category in CATEGORIES {
        let (before, after) = (october.trial_balance(), november.trial_balance());
        assert_eq!(before[category]["closing"], after[category]["opening"], "{category}");
    }
    let balance = november.trial_balance();
    assert_eq!(balance["cash_offline"]["closing"], "1450.00");
    assert_eq!(balance["customer_balance"]["closing"], "-1000.70");
    let manifest = november.manifest();
    assert_eq!(manifest["month"], "2024-11");
    assert_eq!(manifest["state"], "open");
    assert_eq!(manifest["as_of"], "2024-11-30T23:59:59.999999Z");
    assert_eq!(manifest["settings"]["recognition_method"], "daily");
    assert_eq!(manifest["reconciliation"]["customer_balance"]["difference"], "0");
    assert_eq!(manifest["reconciliation"]["accounts_receivable"], serde_json::Value::Null);
}

#[test]
fn the_same_request_gives_the_same_bytes() {
    let data = imported(AUTUMN);
    for further in [&["--currency", "usd"][..], &["--currency", "usd", "--full"]] {
        let first = UnpackedPackage::made(data.path(), "1", "2024-10", further);
        let again = UnpackedPackage::made(data.path(), "1", "2024-10-17", further);
        assert!(first.bytes == again.bytes, "{further:?}");
    }
}

#[test]
fn a_currency_or_a_site_has_its_own_books() {
    let data = imported(AUTUMN);
    let euros =
        UnpackedPackage::made(data.path(), "1", "2024-10", &["--currency", "eur", "--full"]);
    euros.check_control_totals();
    assert_eq!(euros.rows("subscription_revenue.csv").len(), 0);
    assert_eq!(euros.sums("recognized_revenue")[6], -900);
    let site = ["--currency", "usd", "--full", "--site", "2"];
    let south = UnpackedPackage::made(data.path(), "1", "2024-10", &site);
    south.check_control_totals();
    let ids: Vec<_> =
        south.rows("subscription_revenue.csv").iter().map(|row| row["id"].clone()).collect();
    assert_eq!(ids, ["2"]);
    assert_eq!(south.manifest()["site_id"], 2);
}

#[test]
fn a_month_to_date_ends_where_it_is_asked_to() {
    let data = imported(AUTUMN);
    let further = ["--currency", "usd", "--full", "--as-of", "2024-10-16T00:00:00Z"];
    let package = UnpackedPackage::made(data.path(), "1", "2024-10", &further);
    package.check_control_totals();
    assert_eq!(package.manifest()["as_of"], "2024-10-16T00:00:00Z");
    // One day of 31 of 100.00, twice, because the second invoice is not voided yet; 15 days of
    // 500.00.
    assert_eq!(package.sums("recognized_revenue")[6], -(323 + 323 + 24_194));
    assert_eq!(package.rows("voided.csv").len(), 0);
    assert_eq!(package.rows("order_revenue.csv").len(), 0);
}

#[test]
fn the_sign_of_the_customer_balance_can_be_turned_in_the_csvs_alone() {
    let data = imported(AUTUMN);
    data.configure("[accounting.providers.1]\ncustomer_balance_view = \"credit\"\n");
    let package =
        UnpackedPackage::made(data.path(), "1", "2024-10", &["--currency", "usd", "--full"]);
    assert_eq!(package.sums("payments_received")[2], 100_000);
    let balance = package.trial_balance();
    assert_eq!(balance["customer_balance"]["payments_received"], "-1000.00");
}
