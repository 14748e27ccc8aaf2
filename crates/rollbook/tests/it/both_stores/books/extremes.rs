//! Implausible dates and periods of thousands of years are reported and cost little. Rule:
//! spec/accounting.md §11.2, §12.2, §13.

use serde_json::{Value, json};

use super::records::imported;
use crate::server::{TestDataFolder, program, run};

/// Three mistyped years and the empty date of many programs, beside two months of plausible
/// invoices.
const MISTYPED: &[(&str, &str)] = &[
    ("customers", "id,name\n1,Ann\n"),
    (
        "invoices",
        "id,customer_id,status,currency,subtotal,total,date\n\
         1,1,open,usd,1000,1000,0026-01-05T00:00:00Z\n\
         2,1,open,usd,1000,1000,1970-01-01T00:00:00Z\n\
         3,1,open,usd,1000,1000,2024-08-05T00:00:00Z\n\
         4,1,open,usd,99900000,99900000,2024-09-05T00:00:00Z\n\
         5,1,open,usd,1000,1000,9998-09-05T00:00:00Z\n",
    ),
    (
        "invoice_lines",
        "id,invoice_id,amount,currency,period_start,period_end\n\
         10,1,1000,usd,,\n20,2,1000,usd,,\n30,3,1000,usd,,\n\
         40,4,99900000,usd,2024-09-01T00:00:00Z,9990-01-01T00:00:00Z\n50,5,1000,usd,,\n",
    ),
];

fn close(data: &TestDataFolder, command: &str, further: &[&str]) -> Value {
    let arguments = ["close", command, "--data", data.path(), "--provider", "1"];
    serde_json::from_str(&run(&[&arguments[..], further].concat())).unwrap()
}

#[test]
fn a_mistyped_year_is_named_and_hinders_no_closing() {
    let data = imported(MISTYPED);
    let months = close(&data, "list", &[]);
    assert_eq!(months[0]["month"], "2024-08", "the books begin with the first plausible invoice");
    let arguments = ["close", "month", "--data", data.path(), "--provider", "1"];
    let output = program().args(arguments).args(["--month", "2024-09"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("earlier months are open: 2024-08\n"), "{said}");
    let all = ["--month", "2024-09", "--include-earlier"];
    let output = program().args(arguments).args(all).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("closing 2024-08 (1 of 2)\nclosing 2024-09 (2 of 2)\n"), "{said}");
    let token = data.token(1);
    let server = data.serve();
    let of = |path: &str| server.get(&token, &format!("/api/v1/accounting/{path}")).ok();
    let balance = of("trial_balance?month=2024-08&currency=usd");
    let rows = balance["data"].as_array().unwrap();
    let receivable = rows.iter().find(|row| row["category"] == "accounts_receivable").unwrap();
    assert_eq!(receivable["opening"], 2000, "what they move is in the opening balance");
    for path in ["issues", "issues?month=2024-09", "issues?month=2024-08&currency=usd"] {
        let issues = of(path);
        let rows = issues["data"].as_array().unwrap().iter();
        let found: Vec<String> = rows
            .filter(|row| row["code"] == "implausible_date")
            .map(|row| format!("{} {} {}", row["table"].as_str().unwrap(), row["id"], row["month"]))
            .collect();
        let expected = [
            "invoice_lines 40 \"9990-01\"",
            "invoices 1 \"0026-01\"",
            "invoices 2 \"1970-01\"",
            "invoices 5 \"9998-09\"",
        ];
        assert_eq!(found, expected, "{path}");
    }
}

#[test]
fn views_are_bounded_in_months_and_say_what_to_write() {
    let data = imported(MISTYPED);
    let token = data.token(1);
    let server = data.serve();
    for view in ["deferred_waterfall", "revenue_by_plan"] {
        let get = |from: &str| {
            let path = format!("/api/v1/accounting/{view}?from={from}&to=2024-09&currency=usd");
            server.get(&token, &path)
        };
        for from in ["0001-01", "1900-01", "2014-09"] {
            let answer = get(from);
            assert_eq!((answer.status, &answer.json()["code"]), (400, &json!("validation_failed")));
            let said = "At most 120 months at once: write from=2014-10 or later, or an earlier to.";
            assert_eq!(answer.json()["errors"]["from"], json!([said]), "{view} {from}");
        }
        assert_eq!(get("2014-10").status, 200, "{view}");
    }
    let path = "/api/v1/accounting/deferred_waterfall?from=2024-09&to=2024-09&currency=usd";
    let waterfall = server.get(&token, path).ok();
    let total = waterfall["data"].as_array().unwrap().last().unwrap().as_object().unwrap();
    let future = total.keys().filter(|key| key.starts_with("future_")).count();
    assert_eq!(future, 121, "ten years month by month, then all later months as one");
    let later = total["future_later"].as_i64().unwrap();
    let of = |key: &String| total[key].as_i64().unwrap();
    let sum: i64 = total.keys().filter(|key| key.starts_with("future_")).map(of).sum();
    assert!(later > 0);
    assert_eq!(sum + of(&"unscheduled".to_owned()), of(&"remaining".to_owned()));
}

/// Invoices in a thousand months, each with a line that ends in 9990: a table of this size once
/// took gigabytes.
#[test]
fn a_waterfall_of_a_thousand_months_answers_in_bounded_memory() {
    let (mut invoices, mut lines) = (
        "id,customer_id,status,currency,subtotal,total,date\n".to_owned(),
        "id,invoice_id,amount,currency,period_start,period_end\n".to_owned(),
    );
    for id in 1..=1000 {
        let date = format!("{:04}-{:02}-01T00:00:00Z", 1940 + id / 12, id % 12 + 1);
        invoices.push_str(&format!("{id},1,open,usd,99900000,99900000,{date}\n"));
        lines.push_str(&format!("{id},{id},99900000,usd,{date},9990-01-01T00:00:00Z\n"));
    }
    let tables =
        [("customers", "id,name\n1,Ann\n"), ("invoices", &*invoices), ("invoice_lines", &*lines)];
    let data = imported(&tables);
    let token = data.token(1);
    let server = data.serve();
    let path = "/api/v1/accounting/deferred_waterfall?from=2015-01&to=2024-12&currency=usd";
    let answer = server.get(&token, path);
    assert_eq!(answer.status, 200);
    assert!(answer.body.len() < 4 << 20, "{} bytes", answer.body.len());
    let total = answer.json()["data"].as_array().unwrap().last().unwrap().clone();
    let of = |name: &str| total[name].as_i64().unwrap();
    assert!(of("future_later") > of("future_2025-01"));
}

#[test]
fn an_invoice_dated_before_the_first_closed_month_is_booked_once_in_the_open_one() {
    const RECORDS: &[(&str, &str)] = &[
        ("customers", "id,name\n1,Ann\n"),
        (
            "invoices",
            "id,customer_id,status,currency,subtotal,total,date\n\
             1,1,open,usd,1000,1000,2024-08-05T00:00:00Z\n\
             2,1,open,usd,2000,2000,2024-09-05T00:00:00Z\n",
        ),
        ("invoice_lines", "id,invoice_id,amount,currency\n10,1,1000,usd\n20,2,2000,usd\n"),
    ];
    let data = imported(RECORDS);
    close(&data, "month", &["--month", "2024-08"]);
    let late = data.folder.path().join("late");
    std::fs::create_dir(&late).unwrap();
    let invoice = "id,customer_id,status,currency,subtotal,total,date\n\
        3,1,open,usd,3000,3000,2024-05-05T00:00:00Z\n";
    std::fs::write(late.join("invoices.csv"), invoice).unwrap();
    std::fs::write(
        late.join("invoice_lines.csv"),
        "id,invoice_id,amount,currency\n30,3,3000,usd\n",
    )
    .unwrap();
    run(&["import", "--data", data.path(), "--provider", "1", late.to_str().unwrap()]);

    assert_eq!(close(&data, "list", &[])[0]["month"], "2024-08");
    let file = data.folder.path().join("books.zip");
    let arguments = ["accounting", "--data", data.path(), "--provider", "1", "--month", "2024-05"];
    let to = ["--currency", "usd", "-o", file.to_str().unwrap()];
    let refused = program().args(arguments).args(to).output().unwrap();
    assert!(!refused.status.success(), "{}", String::from_utf8_lossy(&refused.stderr));

    let token = data.token(1);
    let server = data.serve();
    let receivable = |month: &str| {
        let path = format!("/api/v1/accounting/trial_balance?month={month}&currency=usd");
        let balance = server.get(&token, &path).ok();
        let rows = balance["data"].as_array().unwrap();
        rows.iter().find(|row| row["category"] == "accounts_receivable").unwrap().clone()
    };
    assert_eq!(receivable("2024-08")["closing"], 1000, "what is closed stays");
    assert_eq!(receivable("2024-09")["opening"], 1000);
    assert_eq!(receivable("2024-09")["closing"], 6000, "1000 + 2000 + 3000, once");
    let path = "/api/v1/accounting/periods/2024-08/drift?currency=usd";
    let drift = server.get(&token, path).ok();
    assert_eq!(drift["data"].as_array().unwrap().len(), 2, "invoiced and recognized: {drift}");
    assert_eq!(drift["sums"]["other_invoices"]["accounts_receivable"], 3000);
}
