//! The books over HTTP. Rule: spec/accounting.md §11.1, §12.1, §13.

use serde_json::{Value, json};

use super::archive::{CATEGORIES, UnpackedPackage, cents};
use super::records::{AUTUMN, imported};
use crate::server::{Server, TestDataFolder};

struct BooksServer {
    data: TestDataFolder,
    server: Server,
    token: String,
}

impl BooksServer {
    fn served() -> Self {
        let data = imported(AUTUMN);
        let token = data.token(1);
        let server = data.serve();
        Self { data, server, token }
    }

    fn get(&self, path: &str) -> Value {
        self.server.get(&self.token, &format!("/api/v1/accounting/{path}")).ok()
    }

    /// Returns the status, code and fields of a refusal.
    fn refused(&self, path: &str) -> String {
        let answer = self.server.get(&self.token, &format!("/api/v1/accounting/{path}"));
        let body = answer.json();
        let fields: Vec<_> = body["errors"].as_object().unwrap().keys().cloned().collect();
        format!("{} {} {}", answer.status, body["code"].as_str().unwrap(), fields.join(","))
    }

    fn post(&self, token: &str, path: &str, body: &Value) -> crate::server::HttpAnswer {
        let path = format!("/api/v1/accounting/{path}");
        let body = body.to_string();
        self.server
            .request("POST", &path)
            .token(token)
            .body("application/json", body.as_bytes())
            .send()
    }
}

fn sum(rows: &Value, column: &str) -> i64 {
    rows.as_array().unwrap().iter().map(|row| row[column].as_i64().unwrap_or_default()).sum()
}

#[test]
fn every_view_ties_to_the_trial_balance() {
    let books = BooksServer::served();
    let package =
        UnpackedPackage::made(books.data.path(), "1", "2024-11", &["--currency", "usd", "--full"]);
    let theirs = package.trial_balance();
    let balance = books.get("trial_balance?month=2024-11&currency=usd");
    for row in balance["data"].as_array().unwrap() {
        let category = row["category"].as_str().unwrap();
        let closing = i128::from(row["closing"].as_i64().unwrap());
        assert_eq!(closing, cents(&theirs[category]["closing"]), "{category}");
    }
    let closing =
        |category: &str| -> i64 { cents(&theirs[category]["closing"]).try_into().unwrap() };
    let grid = books.get("periods/2024-11?currency=usd");
    let last = grid["data"].as_array().unwrap().last().unwrap();
    assert_eq!(last["row"], "closing");
    for category in CATEGORIES {
        assert_eq!(last[category], closing(category), "{category}");
    }
    let waterfall = books.get("deferred_waterfall?from=2024-10&to=2024-11&currency=usd");
    let total = waterfall["data"].as_array().unwrap().last().unwrap();
    assert_eq!(total["booking_month"], "total");
    assert_eq!(-total["remaining"].as_i64().unwrap(), closing("deferred_revenue"));
    let of = |name: &str| total[name].as_i64().unwrap();
    let recognized = of("recognized_2024-10") + of("recognized_2024-11");
    assert_eq!(of("booked"), recognized + of("reversed") + of("remaining"));
    let aging = books.get("ar_aging?as_of=2024-11-30&currency=usd");
    assert_eq!(aging["accounts_receivable"], closing("accounts_receivable"));
    assert_eq!(aging["customer_balance"], closing("customer_balance"));
    let invoices = aging["data"].as_array().unwrap();
    let shown: Vec<_> = invoices
        .iter()
        .filter(|row| !row["invoice_id"].is_null())
        .map(|row| (row["invoice_id"].as_i64().unwrap(), row["days_31_60"].as_i64().unwrap()))
        .collect();
    assert_eq!(shown, [(3, 5800), (5, 700)]);
    for group_by in ["plan", "product", "site"] {
        let path =
            format!("revenue_by_plan?from=2024-09&to=2024-11&currency=usd&group_by={group_by}");
        let revenue = books.get(&path);
        let net = sum(&revenue["data"], "net_revenue");
        assert_eq!(-net, closing("recognized_revenue"), "{group_by}");
    }
    let plans = books.get("revenue_by_plan?from=2024-10&to=2024-10&currency=usd");
    let names: Vec<_> =
        plans["data"].as_array().unwrap().iter().map(|row| row["plan_name"].clone()).collect();
    assert_eq!(names, ["none", "Monthly"]);
}

#[test]
fn views_come_in_four_formats() {
    let books = BooksServer::served();
    let path = "/api/v1/accounting/trial_balance?month=2024-10&currency=usd&format=";
    let get = |format: &str| books.server.get(&books.token, &format!("{path}{format}"));
    let csv = get("csv");
    assert_eq!(csv.header("Content-Type"), Some("text/csv; charset=utf-8"));
    assert!(csv.text().starts_with("category,account,opening,subscription_revenue,"));
    assert!(csv.header("Rollbook-Revision").is_some());
    assert!(get("xlsx").body.starts_with(b"PK"));
    assert!(get("parquet").body.starts_with(b"PAR1"));
    assert!(get("json").json()["rev"].as_i64().unwrap() > 0);
}

#[test]
fn a_posting_is_explained_with_its_source_rows() {
    let books = BooksServer::served();
    let told = books.get("explain?entry_id=recognized_revenue:10%232024-10");
    let told = &told["data"];
    assert_eq!(told["steps"], json!(["until 2024-11-01: 100.00 x 17 / 31 days = 54.84"]));
    assert_eq!(told["amounts"], json!({"deferred_revenue": 5484, "recognized_revenue": -5484}));
    assert_eq!(told["sources"][0]["table"], "invoice_lines");
    assert_eq!(told["sources"][0]["row"]["amount"], 10_000);
    assert_eq!(told["sources"][1]["row"]["number"], "A-1");
    for entry in ["voided:1", "nothing:1", "payments_received:99"] {
        assert_eq!(books.refused(&format!("explain?entry_id={entry}")), "404 not_found ");
    }
}

#[test]
fn bad_requests_name_the_field() {
    let books = BooksServer::served();
    for (path, expected) in [
        ("trial_balance?month=2024-13&currency=usd", "400 validation_failed month"),
        ("trial_balance?month=2024-10&currency=USD", "400 validation_failed currency"),
        ("trial_balance", "400 validation_failed currency,month"),
        ("trial_balance?month=2024-08&currency=usd", "404 period_not_found "),
        ("trial_balance?month=9999-01&currency=usd", "404 period_not_found "),
        ("trial_balance?month=2024-10&currency=usd&x=1", "400 validation_failed x"),
        ("periods/2024-1?currency=usd", "400 validation_failed month"),
        ("periods/2024-10", "400 validation_failed currency"),
        ("periods/2024-10/package?currency=usd", "409 period_open "),
        ("periods/2024-10/drift?currency=usd", "409 period_open "),
        ("periods/2024-10/package?currency=usd&bundle=all", "400 validation_failed bundle"),
        ("periods/2024-10/package?currency=usd&version=1", "409 period_open "),
        ("periods/2024-10/package?currency=usd&version=0", "400 validation_failed version"),
        ("audit?from=yesterday&action=look&limit=0", "400 validation_failed action,from,limit"),
        ("issues?month=2024-08", "404 period_not_found "),
        ("deferred_waterfall?from=2024-11&to=2024-10&currency=usd", "400 validation_failed to"),
        (
            "revenue_by_plan?from=2024-10&to=2024-10&currency=usd&group_by=color",
            "400 validation_failed group_by",
        ),
        ("ar_aging?as_of=2024-02-30&currency=usd", "400 validation_failed as_of"),
        ("ar_aging?as_of=2024-10-30&currency=usd&format=pdf", "400 validation_failed format"),
        ("nothing", "404 not_found "),
    ] {
        assert_eq!(books.refused(path), expected, "{path}");
    }
}

#[test]
fn months_are_closed_opened_and_fetched_by_those_who_may() {
    let books = BooksServer::served();
    let reader = books.data.token_with(&["--provider", "1", "--read-only"]);
    let narrow = books.data.token_with(&["--provider", "1", "--permissions", "customers"]);
    let accountant = books.data.token_with(&["--provider", "1", "--permissions", "accounting"]);
    for token in [&reader, &narrow] {
        let refused = books.post(token, "periods/2024-10/close", &json!({}));
        assert_eq!(
            (refused.status, refused.json()["code"].clone()),
            (403, "permission_denied".into())
        );
    }
    assert_eq!(books.server.get(&narrow, "/api/v1/accounting/periods").status, 403);
    assert_eq!(books.server.get(&reader, "/api/v1/accounting/periods").status, 200);
    let early = books.post(&accountant, "periods/2024-10/close", &json!({}));
    assert_eq!(early.status, 409);
    assert_eq!(early.json()["code"], "period_not_sequential");
    assert_eq!(early.json()["errors"]["month"], json!(["2024-09 is open."]));
    let all = json!({"include_earlier": true, "note": "audited"});
    let closed = books.post(&accountant, "periods/2024-10/close", &all).ok();
    assert_eq!(closed["data"]["state"], "closed");
    assert_eq!(closed["data"]["note"], "audited");
    assert_eq!(books.post(&accountant, "periods/2024-10/close", &json!({})).ok(), closed);
    let months = books.get("periods");
    assert_eq!(months["data"][1], closed["data"]);
    let path = "/api/v1/accounting/periods/2024-10/package?currency=usd&bundle=full";
    let sent = books.server.get(&accountant, path);
    let package = UnpackedPackage::of(sent.body.clone());
    package.check_control_totals();
    let again =
        UnpackedPackage::made(books.data.path(), "1", "2024-10", &["--currency", "usd", "--full"]);
    assert!(again.bytes == sent.body);
    assert_eq!(sent.header("Content-Type"), Some("application/force-download"));
    let name = "attachment; filename=\"accounting_2024-10_usd_full.zip\"";
    assert_eq!(sent.header("Content-Disposition"), Some(name));
    let hash = super::archive::sha256(&sent.body);
    assert_eq!(sent.header("ETag"), Some(format!("\"{hash}\"").as_str()));
    let drift = books.get("periods/2024-10/drift?currency=usd");
    assert_eq!(drift["meta"]["total"], 0);
    for (path, body, expected) in [
        ("periods/2024-10/reopen", json!({}), (400, "validation_failed")),
        ("periods/2024-09/reopen", json!({"reason": "x"}), (409, "period_not_latest")),
        ("periods/2024-11/reopen", json!({"reason": "x"}), (409, "period_open")),
        ("periods/9999-01/close", json!({}), (404, "period_not_found")),
    ] {
        let answer = books.post(&accountant, path, &body);
        assert_eq!((answer.status, answer.json()["code"].as_str().unwrap()), expected, "{path}");
    }
    let why = json!({"reason": "a late invoice"});
    let opened = books.post(&accountant, "periods/2024-10/reopen", &why).ok();
    assert_eq!(opened["data"]["state"], "open");
    let now = books.get("periods");
    assert_eq!(now["data"][1], opened["data"]);
    assert_eq!(now["data"][1]["reopen_reason"], "a late invoice");
    let old = books.server.get(&accountant, &format!("{path}&version=1"));
    assert!(old.body == sent.body, "the package of the first closing");
    let name = "attachment; filename=\"accounting_2024-10_usd_full_v1.zip\"";
    assert_eq!(old.header("Content-Disposition"), Some(name));
    let unknown = books.refused("periods/2024-10/package?currency=usd&version=7");
    assert_eq!(unknown, "400 validation_failed version");
    let audit = books.get("audit?limit=2");
    assert_eq!(audit["meta"], json!({"current_page": 1, "per_page": 2, "total": 3}));
    assert_eq!(audit["data"][0]["reason"], "a late invoice");
    assert_eq!(audit["data"][1]["reason"], "audited");
    let csv = books.server.get(&accountant, "/api/v1/accounting/audit?format=csv&action=reopen");
    assert!(csv.text().starts_with("at,action,period,version,who,reason,rev\r\n"));
    let current = &now["data"].as_array().unwrap().last().unwrap()["month"];
    let path = format!("periods/{}/close", current.as_str().unwrap());
    let running = books.post(&accountant, &path, &json!({"include_earlier": true}));
    assert_eq!(running.json()["code"], "period_not_ended");
}

#[test]
fn everybody_is_shown_one_list_of_what_looks_wrong() {
    // A paid invoice without a payment, and a credit without a balance transaction.
    let data = imported(&[
        ("customers", "id,name\n1,Ada\n"),
        (
            "invoices",
            "id,customer_id,status,currency,subtotal,total,amount_paid,date\n\
             1,1,paid,usd,1000,1000,1000,2024-10-01T00:00:00Z\n",
        ),
        ("invoice_lines", "id,invoice_id,amount,currency\n10,1,1000,usd\n"),
        (
            "payments",
            "id,customer_id,amount,currency,status,type,category,date\n\
             1,1,500,usd,succeeded,online,Card,2024-10-01T00:00:00Z\n",
        ),
    ]);
    let doctor = crate::server::program().args(["doctor", "--data", data.path()]).output().unwrap();
    let said = String::from_utf8(doctor.stdout).unwrap();
    assert!(!said.contains("every record fits"), "{said}");
    assert!(said.contains("2 records look wrong"), "{said}");
    let token = data.token(1);
    let server = data.serve();
    let issues = server.get(&token, "/api/v1/accounting/issues").ok();
    let codes: Vec<_> = issues["data"].as_array().unwrap().iter().map(|row| &row["code"]).collect();
    assert_eq!(codes, ["customer_balance_difference", "ar_difference"]);
}
