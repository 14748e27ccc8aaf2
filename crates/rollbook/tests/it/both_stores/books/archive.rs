//! An accounting package, read with independent ZIP and CSV readers.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use serde_json::Value;

use crate::server::run;

/// Members of the package that the contract names, in order.
pub(crate) const CONTRACT_FILES: [&str; 11] = [
    "subscription_revenue",
    "order_revenue",
    "recognized_revenue",
    "recognized_revenue_issue_based",
    "recognized_revenue_order_based",
    "payments_received",
    "applied_balance",
    "refunds_made",
    "uncollectible",
    "voided",
    "credit_notes",
];

/// The three further files that complete the ledger.
pub(crate) const LEDGER_FILES: [&str; 3] =
    ["other_invoices", "other_recognized_revenue", "balance_adjustments"];

/// Categories in the order of their columns.
pub(crate) const CATEGORIES: [&str; 7] = [
    "cash_offline",
    "cash_online",
    "customer_balance",
    "accounts_receivable",
    "deferred_revenue",
    "taxes",
    "recognized_revenue",
];

/// An unpacked package.
pub(crate) struct UnpackedPackage {
    pub(crate) bytes: Vec<u8>,
    /// Members in the order of the ZIP.
    pub(crate) names: Vec<String>,
    members: BTreeMap<String, Vec<u8>>,
}

/// A row of a CSV file, by heading.
pub(crate) type CsvRow = BTreeMap<String, String>;

impl UnpackedPackage {
    /// Writes the package of a month from the data folder `data` and reads it.
    pub(crate) fn made(data: &str, provider: &str, month: &str, further: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("package.zip");
        let arguments = [
            &["accounting", "--data", data, "--provider", provider, "--month", month][..],
            &["-o", file.to_str().unwrap()],
            further,
        ];
        run(&arguments.concat());
        Self::read(&file)
    }

    pub(crate) fn read(path: &Path) -> Self {
        Self::of(std::fs::read(path).unwrap())
    }

    pub(crate) fn of(bytes: Vec<u8>) -> Self {
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(&bytes)).unwrap();
        let (mut names, mut members) = (Vec::new(), BTreeMap::new());
        for position in 0..zip.len() {
            let mut member = zip.by_index(position).unwrap();
            let mut content = Vec::new();
            member.read_to_end(&mut content).unwrap();
            let name = member.name().unwrap().into_owned();
            drop(member);
            names.push(name.clone());
            members.insert(name, content);
        }
        drop(zip);
        Self { bytes, names, members }
    }

    pub(crate) fn member(&self, name: &str) -> &[u8] {
        &self.members[name]
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        std::str::from_utf8(self.member(name)).unwrap()
    }

    pub(crate) fn rows(&self, name: &str) -> Vec<CsvRow> {
        let mut reader = csv::Reader::from_reader(self.member(name));
        let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
        let row = |record: csv::StringRecord| {
            header.iter().cloned().zip(record.iter().map(str::to_owned)).collect()
        };
        reader.records().map(|record| row(record.unwrap())).collect()
    }

    /// Returns the totals of a file's categories, in minor units of a currency with two digits.
    pub(crate) fn sums(&self, file: &str) -> [i128; 7] {
        let mut sums = [0; 7];
        for row in self.rows(&format!("{file}.csv")) {
            for (sum, category) in sums.iter_mut().zip(CATEGORIES) {
                *sum += cents(&row[category]);
            }
        }
        sums
    }

    pub(crate) fn manifest(&self) -> Value {
        serde_json::from_slice(self.member("manifest.json")).unwrap()
    }

    /// Returns the lines of the trial balance, by category.
    pub(crate) fn trial_balance(&self) -> BTreeMap<String, CsvRow> {
        let rows = self.rows("trial_balance.csv").into_iter();
        rows.map(|row| (row["category"].clone(), row)).collect()
    }

    /// Checks every total of a full bundle against its rows.
    pub(crate) fn check_control_totals(&self) {
        let balance = self.trial_balance();
        for file in CONTRACT_FILES.into_iter().chain(LEDGER_FILES) {
            let sums = self.sums(file);
            assert_eq!(sums.iter().sum::<i128>(), 0, "{file} does not balance");
            for (sum, category) in sums.into_iter().zip(CATEGORIES) {
                assert_eq!(sum, cents(&balance[category][file]), "{file} {category}");
            }
            for row in self.rows(&format!("{file}.csv")) {
                let sum: i128 = CATEGORIES.iter().map(|name| cents(&row[*name])).sum();
                assert_eq!(sum, 0, "{file}: {row:?}");
            }
        }
        for category in CATEGORIES {
            let row = &balance[category];
            let of = |name: &str| cents(&row[name]);
            let moved: i128 = CONTRACT_FILES.into_iter().chain(LEDGER_FILES).map(of).sum();
            assert_eq!(of("movement"), moved, "{category}");
            assert_eq!(of("closing"), of("opening") + moved, "{category}");
        }
        let total = &balance["total"];
        let zeros = total
            .iter()
            .filter(|(name, _)| !["category", "account", "currency"].contains(&name.as_str()));
        assert!(zeros.clone().count() >= 17 && zeros.clone().all(|(_, v)| cents(v) == 0));
        self.check_manifest();
        self.check_journal();
    }

    fn check_manifest(&self) {
        let manifest = self.manifest();
        let balance = self.trial_balance();
        let files = manifest["files"].as_array().unwrap();
        let named: Vec<_> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
        assert_eq!(named, self.names[..self.names.len() - 1]);
        for file in files {
            let (name, content) =
                (file["name"].as_str().unwrap(), self.member(file["name"].as_str().unwrap()));
            assert_eq!(file["bytes"], content.len(), "{name}");
            assert_eq!(file["sha256"], crate::books::archive::sha256(content), "{name}");
            if name.ends_with(".csv") {
                assert_eq!(file["rows"], self.rows(name).len(), "{name}");
            }
        }
        for (key, column) in
            [("opening", "opening"), ("movement", "movement"), ("closing", "closing")]
        {
            for category in CATEGORIES {
                let said: i128 = manifest[key][category].as_str().unwrap().parse().unwrap();
                assert_eq!(said, cents(&balance[category][column]), "{key} {category}");
            }
        }
        assert_eq!(manifest["issue_count"], self.rows("issues.csv").len());
    }

    /// Checks that entries sum to zero and that the accounts move as the trial balance says.
    fn check_journal(&self) {
        let mut entries: BTreeMap<String, i128> = BTreeMap::new();
        let mut categories: BTreeMap<String, i128> = BTreeMap::new();
        for line in self.rows("journal.csv") {
            let amount = cents(&line["debit"]) - cents(&line["credit"]);
            *entries.entry(line["entry_id"].clone()).or_default() += amount;
            *categories.entry(line["category"].clone()).or_default() += amount;
        }
        assert!(entries.values().all(|sum| *sum == 0));
        for (category, row) in self.trial_balance() {
            let moved = categories.get(&category).copied().unwrap_or_default();
            assert_eq!(moved, cents(&row["movement"]), "{category}");
        }
    }
}

/// Returns the minor units of a decimal text with two digits.
pub(crate) fn cents(text: &str) -> i128 {
    let (whole, fraction) = text.split_once('.').unwrap_or_else(|| panic!("{text:?}"));
    assert_eq!(fraction.len(), 2, "{text}");
    format!("{whole}{fraction}").parse().unwrap()
}

pub(crate) fn sha256(content: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}
