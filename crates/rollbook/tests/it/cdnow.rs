//! The CDNOW purchase history, a public data set, if it is available beside the checkout.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::server::{TestDataFolder, run};

pub(crate) fn folder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/cdnow");
    beside.join("customers.csv.gz").exists().then_some(beside)
}

fn import(data: &TestDataFolder, folder: &Path) -> Value {
    let said = run(&["import", "--data", data.path(), "--provider", "1", folder.to_str().unwrap()]);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn invoices(data: &TestDataFolder, filters: &[&str]) -> Vec<i64> {
    let mut found = Vec::new();
    let mut last = 0;
    loop {
        let id_gt = format!("id_gt={last}");
        let mut arguments = vec![
            "report",
            "invoices",
            "--data",
            data.path(),
            "--provider",
            "1",
            "--format",
            "json",
            "--columns",
            "total_amount",
            "--filter",
            "limit=10000",
            "--filter",
            &id_gt,
        ];
        for filter in filters {
            arguments.extend(["--filter", filter]);
        }
        let page: Value = serde_json::from_str(&run(&arguments)).unwrap();
        let rows = page["rows"].as_array().unwrap();
        let Some(row) = rows.last() else { return found };
        last = row["id"].as_i64().unwrap();
        found.extend(rows.iter().map(|row| {
            assert_eq!(row["total_amount"]["iso_currency_code"], "usd");
            let text = row["total_amount"]["decimal"].to_string();
            let (whole, cents) = text.split_once('.').unwrap();
            let cents = format!("{cents:0<2}");
            assert_eq!(cents.len(), 2, "{text}");
            whole.parse::<i64>().unwrap() * 100 + cents.parse::<i64>().unwrap()
        }));
    }
}

#[test]
fn the_published_totals_come_out() {
    let Some(folder) = folder() else { return };
    let data = TestDataFolder::with_provider();
    data.configure("[reports]\nmax_page_size = 10000\n");
    let first = import(&data, &folder);
    for (table, rows) in [("customers", 23_544), ("orders", 69_659), ("invoices", 69_659)] {
        assert_eq!(first["tables"][table]["inserted"], rows, "{table}");
    }
    let again = import(&data, &folder);
    assert_eq!(again["revision"], first["revision"]);
    for (table, counts) in again["tables"].as_object().unwrap() {
        assert_eq!(counts["inserted"], 0, "{table}");
        assert_eq!(counts["updated"], 0, "{table}");
    }
    let all = invoices(&data, &[]);
    assert_eq!(all.len(), 69_659);
    assert_eq!(all.iter().sum::<i64>(), 250_031_563);
    assert_eq!(all.iter().filter(|total| **total == 0).count(), 80);
    for (from, to, cents) in [
        ("1997-01-01", "1997-01-31", 29_906_017),
        ("1997-02-01", "1997-02-28", 37_959_003),
        ("1997-03-01", "1997-03-31", 39_315_527),
        ("1997-04-01", "1997-04-30", 14_282_449),
    ] {
        let from_filter = format!("confirmed_at_gte={from}");
        let to_filter = format!("confirmed_at_lte={to}");
        let month = invoices(&data, &[&from_filter, &to_filter]);
        assert_eq!(month.iter().sum::<i64>(), cents, "{from}");
    }
}
