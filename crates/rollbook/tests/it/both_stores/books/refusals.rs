//! Bad requests are refused with a suggestion; records with issues are posted by a rule and listed.

use super::archive::UnpackedPackage;
use super::records::{AUTUMN, imported};
use crate::server::{program, run};

/// Returns the exit code and the message of a request that the program refuses.
fn refused(data: &str, further: &[&str]) -> (i32, String) {
    let arguments = [&["accounting", "--data", data, "--provider", "1"][..], further].concat();
    let folder = tempfile::tempdir().unwrap();
    let output = program().args(arguments).current_dir(folder.path()).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "a file was left");
    (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn months_and_currencies_that_cannot_be_are_named() {
    let data = imported(AUTUMN);
    for (month, currency, code, part) in [
        ("2024-08", "usd", 2, "between 2024-09 and"),
        ("9999-01", "usd", 2, "between 2024-09 and"),
        ("2024-02-30", "usd", 2, "2024-01"),
        ("January", "usd", 2, "2024-01"),
        ("2024-10", "USD", 2, "must be lower case: usd"),
        ("2024-10", "zzz", 2, "ISO 4217"),
        ("2024-10", "gbp", 1, "nothing to export"),
        ("2024-09", "usd", 1, "nothing to export"),
    ] {
        let further = ["--month", month, "--currency", currency];
        let (exit, said) = refused(data.path(), &further);
        assert!(exit == code && said.contains(part), "{month} {currency}: {exit} {said}");
    }
    let as_of = ["--month", "2024-10", "--currency", "usd", "--as-of", "2024-11-01T00:00:00Z"];
    let (exit, said) = refused(data.path(), &as_of);
    assert!(exit == 2 && said.contains("inside the month 2024-10"), "{said}");
    let empty = imported(&[("customers", "id,name\n1,Ada\n")]);
    let (exit, said) = refused(empty.path(), &["--month", "2024-10", "--currency", "usd"]);
    assert!(exit == 1 && said.contains("no books yet"), "{said}");
}

#[test]
fn records_that_look_wrong_are_booked_by_a_rule_and_named() {
    let wrong = [
        ("customers", "id,name\n1,Ada\n"),
        (
            "invoices",
            "id,customer_id,status,subtotal,tax,total,currency,date\n\
             1,1,open,1000,0,1000,usd,2024-10-01T00:00:00Z\n\
             2,1,open,100,200,100,usd,2024-10-02T00:00:00Z\n\
             3,1,open,500,0,500,usd,2024-10-03T00:00:00Z\n",
        ),
        (
            "invoice_lines",
            "id,invoice_id,amount,currency,period_start,period_end\n\
             10,1,900,usd,,\n30,3,500,usd,2024-11-01T00:00:00Z,2024-10-01T00:00:00Z\n",
        ),
        (
            "balance_transactions",
            "id,customer_id,type,kind,amount,currency,invoice_id,date\n\
             1,1,debit,applied_to_invoice,700,usd,3,2024-10-05T00:00:00Z\n\
             2,1,debit,applied_to_invoice,50,usd,,2024-10-05T00:00:00Z\n",
        ),
    ];
    let data = imported(&wrong);
    let package =
        UnpackedPackage::made(data.path(), "1", "2024-10", &["--currency", "usd", "--full"]);
    package.check_control_totals();
    let issues: Vec<String> = package
        .rows("issues.csv")
        .iter()
        .map(|row| format!("{} {} {} {}", row["code"], row["table"], row["id"], row["amount"]))
        .collect();
    assert_eq!(
        issues,
        [
            "lines_do_not_sum invoices 1 1.00",
            "lines_do_not_sum invoices 2 -1.00",
            "period_inverted invoice_lines 30 5.00",
            "net_negative invoices 2 2.00",
            "applied_without_invoice balance_transactions 2 0.50",
            "overapplied_balance balance_transactions 1 -2.00",
            "customer_balance_difference customers 1 -0.50",
        ]
    );
    let named = &package.manifest()["issues"];
    assert_eq!(named[0]["code"], "lines_do_not_sum");
    assert_eq!(named[0]["id"], 1);
    let residual: Vec<_> = package
        .rows("other_recognized_revenue.csv")
        .into_iter()
        .filter(|row| row["id"].is_empty() && row["invoice_id"] == "1")
        .map(|row| row["recognized_revenue"].clone())
        .collect();
    assert_eq!(residual, ["-1.00"]);
    let doctor = program().args(["doctor", "--data", data.path()]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(
        said.contains("8 records look wrong, the first is invoices 1: lines do not sum"),
        "{said}"
    );
    assert!(said.contains("--month 2024-10"), "{said}");
    let fine = imported(&AUTUMN[..5]);
    let doctor = program().args(["doctor", "--data", fine.path()]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(said.contains("of provider 1: every record fits"), "{said}");
}

#[test]
fn a_ledger_is_told_posting_by_posting() {
    let data = imported(AUTUMN);
    let arguments = ["ledger", "--data", data.path(), "--provider", "1", "--invoice", "1"];
    let until = ["--until", "2024-10-31T23:00:00Z", "--format", "table"];
    let told = run(&[&arguments[..], &until].concat());
    for part in [
        "subscription_revenue:1",
        "invoiced 110.00: net 100.00 = total 110.00 - tax 10.00 is deferred",
        "paid 110.00: 110.00 were due",
        "recognized_revenue:10#2024-10",
        "x 16 / 31 days",
        "balances of this invoice",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let unknown = ["ledger", "--data", data.path(), "--provider", "1", "--invoice", "99"];
    let output = program().args(unknown).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
