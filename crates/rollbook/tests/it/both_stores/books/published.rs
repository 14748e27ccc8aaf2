//! Real records with published totals: order revenue by invoice date, recognition by shipment date.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use super::archive::UnpackedPackage;
use super::records::import_folder;
use super::tools;
use crate::cdnow::folder;
use crate::server::TestDataFolder;

/// Revenue by month according to published analyses of the data set, in cents.
const PUBLISHED: [(&str, i128); 4] = [
    ("1997-01", 29_906_017),
    ("1997-02", 37_959_003),
    ("1997-03", 39_315_527),
    ("1997-04", 14_282_449),
];

/// Returns the totals of a column by the month of another column, read without the program.
fn sums(
    folder: &Path,
    table: &str,
    at: &str,
    amount: &dyn Fn(&csv::StringRecord, &[String]) -> i128,
) -> BTreeMap<String, i128> {
    let file = std::fs::File::open(folder.join(format!("{table}.csv.gz"))).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let position = header.iter().position(|name| name == at).unwrap();
    let mut sums = BTreeMap::new();
    for row in reader.records() {
        let row = row.unwrap();
        let month = row[position].get(..7).unwrap_or_default().to_owned();
        *sums.entry(month).or_default() += amount(&row, &header);
    }
    sums
}

#[test]
fn real_records_tie_out_to_published_totals() {
    let Some(folder) = folder() else { return };
    let data = TestDataFolder::empty();
    data.add_provider(1, "UTC", "usd");
    import_folder(&data, "1", &folder);
    let value = |row: &csv::StringRecord, header: &[String], name: &str| -> i128 {
        row[header.iter().position(|known| known == name).unwrap()].parse().unwrap()
    };
    let shipped = sums(&folder, "order_items", "shipped_at", &|row, header| {
        value(row, header, "quantity") * value(row, header, "unit_amount")
    });
    let ordered = sums(&folder, "invoices", "date", &|row, header| value(row, header, "total"));
    // A pass over all records is slow in an unoptimized build.
    data.configure("[reports]\ntimeout_s = 900\n");
    let token = data.token(1);
    let server = data.serve();
    let path = "/api/v1/accounting/revenue_by_plan?from=1997-01&to=1998-06&currency=usd";
    let months = server.get(&token, path).ok();
    let mut billed: BTreeMap<String, i128> = BTreeMap::new();
    let mut recognized: BTreeMap<String, i128> = BTreeMap::new();
    for row in months["data"].as_array().unwrap() {
        let month = row["month"].as_str().unwrap().to_owned();
        let amount = |name: &str| i128::from(row[name].as_i64().unwrap());
        *billed.entry(month.clone()).or_default() += amount("billed");
        *recognized.entry(month).or_default() += amount("recognized");
    }
    for (month, published) in PUBLISHED {
        assert_eq!(billed[month], published, "order revenue of {month}");
    }
    // Orders ship within days, so the last orders of the last month ship in the next one.
    let within = |month: &&String| month.as_str() <= "1998-06";
    for month in ordered.keys().filter(within) {
        assert_eq!(billed[month], ordered[month], "order revenue of {month}");
        assert_eq!(recognized[month], shipped[month], "recognized in {month}");
    }
    assert_eq!(billed.values().sum::<i128>(), 250_031_563);
    for month in PUBLISHED.iter().map(|(month, _)| *month).chain(["1998-06"]) {
        let package =
            UnpackedPackage::made(data.path(), "1", month, &["--currency", "usd", "--full"]);
        package.check_control_totals();
        tools::accept(&package, "usd");
        assert_eq!(-package.sums("order_revenue")[4], ordered[month], "{month}");
        let of_orders = package.sums("recognized_revenue_order_based")[6];
        assert_eq!(-of_orders, shipped[month], "{month}");
        let balance = package.trial_balance();
        let until = |sums: &BTreeMap<String, i128>| -> i128 {
            sums.range(..=month.to_owned()).map(|(_, sum)| sum).sum()
        };
        let deferred = super::archive::cents(&balance["deferred_revenue"]["closing"]);
        assert_eq!(-deferred, until(&ordered) - until(&shipped), "{month}");
        assert_eq!(balance["accounts_receivable"]["closing"], "0.00", "{month}");
    }
}
