//! However rows are divided into batches, the bytes are the same and the totals are right.

use std::collections::BTreeMap;

use arrow::array::{Int64Array, StringArray};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{ResultRows, export, money};
use crate::formula_guard::without_guard;
use crate::write::{ControlTotals, WriteOptions, create_writer};
use model::file_format::FileFormat;

type SampleRow = (i64, Option<String>, Option<i64>, &'static str);

fn rows() -> impl Strategy<Value = Vec<SampleRow>> {
    let awkward = prop::sample::select(vec![
        "", "=1+1", "a,b", "\"", "a\nb", "\r", "\t", "0012", "-5", "- x", "🎟️", " x ", "_x0041_",
        "\u{1}", "<&>", "null", "\\", "'=", "''=1", "'a",
    ]);
    let text = prop_oneof![awkward.prop_map(str::to_owned), any::<String>()];
    let amount = prop_oneof![any::<i64>(), -1_000..1_000_i64];
    let currency = prop::sample::select(vec!["usd", "jpy", "kwd", "clf"]);
    let row = (any::<i64>(), prop::option::of(text), prop::option::of(amount), currency);
    prop::collection::vec(row, 0..40)
}

fn answer(rows: &[SampleRow]) -> ResultRows {
    ResultRows::default()
        .ints("id", "ID", rows.iter().map(|row| Some(row.0)).collect())
        .texts("name", "Name", rows.iter().map(|row| row.1.as_deref()).collect())
        .column("total", "Total", money(3), rows.iter().map(|row| row.2).collect::<Int64Array>())
        .hidden(StringArray::from_iter_values(rows.iter().map(|row| row.3)))
}

fn write_cut(
    answer: &ResultRows,
    cuts: &[usize],
    format: FileFormat,
    options: &WriteOptions,
) -> Vec<u8> {
    let (batch, mut out) = (answer.batch(), Vec::new());
    let mut writer = create_writer(format, &answer.columns, options).unwrap();
    writer.start(&mut out).unwrap();
    let mut start = 0;
    for length in cuts.iter().copied().chain([usize::MAX]) {
        let length = length.min(batch.num_rows() - start);
        writer.rows(&batch.slice(start, length), &mut out).unwrap();
        start += length;
    }
    writer.finish(&mut out).unwrap();
    out
}

/// Returns one sum per currency, added up one row at a time.
fn sums_by_hand(rows: &[SampleRow]) -> Value {
    let mut sums: BTreeMap<&str, (i128, u64)> = BTreeMap::new();
    for (_, _, amount, currency) in rows {
        if let Some(amount) = amount {
            let sum = sums.entry(currency).or_default();
            *sum = (sum.0 + i128::from(*amount), sum.1 + 1);
        }
    }
    let sums = sums.into_iter().map(|(currency, (sum, count))| {
        (currency.to_owned(), json!({"total": {"sum": sum.to_string(), "count": count}}))
    });
    Value::Object(sums.collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn how_rows_are_cut_does_not_show(
        rows in rows(),
        cuts in prop::collection::vec(0..9_usize, 0..12),
    ) {
        let answer = answer(&rows);
        for options in [WriteOptions::default(), export()] {
            for format in FileFormat::ALL {
                let whole = write_cut(&answer, &[], format, &options);
                prop_assert!(
                    whole == write_cut(&answer, &cuts, format, &options),
                    "{format:?} {:?}",
                    options.dialect
                );
            }
        }
    }

    #[test]
    fn totals_are_the_sums_of_all_rows(
        rows in rows(),
        cuts in prop::collection::vec(0..9_usize, 0..12),
    ) {
        let answer = answer(&rows);
        let (batch, mut totals, mut start) = (answer.batch(), ControlTotals::new(&answer.columns), 0);
        for length in cuts.into_iter().chain([usize::MAX]) {
            let length = length.min(rows.len() - start);
            totals.add_batch(&batch.slice(start, length)).unwrap();
            start += length;
        }
        prop_assert_eq!(totals.rows(), rows.len() as u64);
        prop_assert_eq!(totals.to_json(), sums_by_hand(&rows));
    }

    #[test]
    fn exports_read_back_as_they_were_given(rows in rows(), has_formula_guard in any::<bool>()) {
        let (answer, options) = (answer(&rows), WriteOptions { has_formula_guard, ..export() });
        let csv = write_cut(&answer, &[], FileFormat::Csv, &options);
        let mut reader = csv::Reader::from_reader(csv.as_slice());
        let read: Vec<_> = reader.records().map(Result::unwrap).collect();
        let lines = write_cut(&answer, &[], FileFormat::Ndjson, &options);
        let lines = String::from_utf8(lines).unwrap();
        prop_assert_eq!(read.len(), rows.len());
        prop_assert_eq!(lines.lines().count(), rows.len());
        for ((record, line), (id, name, amount, _)) in read.iter().zip(lines.lines()).zip(&rows) {
            prop_assert_eq!(&record[0], id.to_string());
            prop_assert_eq!(without_guard(&record[1]), name.as_deref().unwrap_or_default());
            let line: Value = serde_json::from_str(line).unwrap();
            prop_assert_eq!(line, json!({"id": id, "name": name, "total": amount}));
        }
    }
}

/// Chunks of typed columns are larger than the batches above. Their borders must not show either.
#[test]
fn cuts_across_pieces_and_row_groups_do_not_show() {
    let rows: Vec<SampleRow> = (0..140_000)
        .map(|id| (id, (id % 3 > 0).then(|| format!("n{}", id % 977)), Some(id), "usd"))
        .collect();
    let answer = answer(&rows);
    for format in [FileFormat::Parquet, FileFormat::Arrow, FileFormat::Csv] {
        let whole = write_cut(&answer, &[], format, &export());
        let cut = write_cut(&answer, &[8_191, 2, 8_192, 50_000, 1, 65_536], format, &export());
        assert!(whole == cut, "{format:?}");
    }
}
