//! Row indexes: where in a segment the rows are that belong to a given customer, invoice and so on.
//! With them, a page reads what belongs to its rows and not the whole table.
//!
//! An index is a list of keys and row numbers, sorted by both, and after it the first key of each
//! group of entries. It lies in the segment's file between the last row group and the footer, where
//! other readers of Parquet do not look. So its blocks have checksums like all others, and it lives
//! as long as the segment. The footer says where it is. A segment without an index is scanned.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch};
use datafusion::parquet::file::metadata::{KeyValue, ParquetMetaData};
use model::catalogue::{Column, ColumnType, Table};

use crate::error::MirrorError;

/// The tables to which other tables' rows belong. Each reference to one of them has an index.
const OWNERS: [&str; 5] =
    ["customers", "customer_memberships", "invoices", "orders", "subscriptions"];
/// The number of entries in a group. The first key of each is kept in memory.
const GROUP_ENTRIES: usize = 1_024;
/// The size of an entry: the key (8 bytes) and the row (4 bytes), both little-endian.
const ENTRY_BYTES: usize = 12;
/// The share of a provider's rows, as a divisor, above which a scan of all of them is faster.
const SCAN_ALL_FROM: usize = 8;

/// A function that reads a range of bytes of the segment's file.
pub(crate) type ReadBytes<'r> = dyn Fn(&Range<u64>) -> Result<bytes::Bytes, MirrorError> + 'r;

/// Returns true if segments have an index of this column.
pub(crate) fn is_indexed(column: &Column) -> bool {
    let holds_ids = matches!(column.kind, ColumnType::Int { .. } | ColumnType::IntList);
    holds_ids && column.references.is_some_and(|table| OWNERS.contains(&table))
}

/// Collects the keys of a segment's rows while they are written.
pub(crate) struct RowIndexBuilder {
    columns: Vec<ColumnKeys>,
    rows: u32,
}

struct ColumnKeys {
    name: &'static str,
    /// The position of the column in the segment.
    position: usize,
    keys: Vec<i64>,
    rows: Vec<u32>,
}

/// An index as bytes, and the entry of the footer that finds it again.
pub(crate) struct EncodedRowIndex {
    pub(crate) bytes: Vec<u8>,
    name: &'static str,
    entries: usize,
}

impl RowIndexBuilder {
    pub(crate) fn new(table: &'static Table) -> Self {
        let indexed = table.columns.iter().enumerate().filter(|(_, column)| is_indexed(column));
        let columns = indexed.map(|(position, column)| ColumnKeys {
            name: column.name,
            // The first column of a segment is the provider.
            position: position + 1,
            keys: Vec::new(),
            rows: Vec::new(),
        });
        Self { columns: columns.collect(), rows: 0 }
    }

    /// Adds the next rows of the segment. `batch` has the columns of the segment.
    pub(crate) fn add(&mut self, batch: &RecordBatch) {
        for column in &mut self.columns {
            let array = batch.column(column.position);
            match array.as_list_opt::<i32>() {
                Some(lists) => {
                    for (row, list) in (self.rows..).zip(lists.iter()) {
                        list.into_iter().for_each(|list| column.add(row, list.as_primitive()));
                    }
                }
                None => column.add_each(self.rows, array.as_primitive()),
            }
        }
        self.rows += batch.num_rows() as u32;
    }

    /// Encodes the indexes, one after the other.
    pub(crate) fn encode(self) -> impl Iterator<Item = EncodedRowIndex> {
        self.columns.into_iter().map(ColumnKeys::encode)
    }
}

impl ColumnKeys {
    /// Adds a row that has all of these keys.
    fn add(&mut self, row: u32, keys: &Int64Array) {
        for key in keys.iter().flatten() {
            self.keys.push(key);
            self.rows.push(row);
        }
    }

    /// Adds a row for each key, from row `first` on. Rows without a key are left out.
    fn add_each(&mut self, first: u32, keys: &Int64Array) {
        for (row, key) in (first..).zip(keys).filter_map(|(row, key)| Some((row, key?))) {
            self.keys.push(key);
            self.rows.push(row);
        }
    }

    fn encode(self) -> EncodedRowIndex {
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        order.sort_unstable_by_key(|&at| (self.keys[at as usize], at));
        let mut bytes = Vec::with_capacity(order.len() * ENTRY_BYTES);
        for at in &order {
            bytes.extend_from_slice(&self.keys[*at as usize].to_le_bytes());
            bytes.extend_from_slice(&self.rows[*at as usize].to_le_bytes());
        }
        for at in order.iter().step_by(GROUP_ENTRIES) {
            bytes.extend_from_slice(&self.keys[*at as usize].to_le_bytes());
        }
        EncodedRowIndex { bytes, name: self.name, entries: order.len() }
    }
}

impl EncodedRowIndex {
    /// Returns the entry of the footer for an index that begins at `offset`.
    pub(crate) fn footer_entry(&self, offset: usize) -> KeyValue {
        KeyValue::new(footer_key(self.name), format!("{offset} {}", self.entries))
    }
}

fn footer_key(column: &str) -> String {
    format!("rollbook.rows_by.{column}")
}

/// The index of one column of a segment. The first key of every group of entries is in memory.
#[derive(Debug)]
pub(crate) struct RowIndex {
    offset: u64,
    entries: usize,
    first_keys: Vec<i64>,
}

impl RowIndex {
    /// Opens the index of a column. Returns `None` if the segment has none.
    pub(crate) fn open(
        read: &ReadBytes<'_>,
        footer: &ParquetMetaData,
        column: &str,
    ) -> Result<Option<Self>, MirrorError> {
        let key = footer_key(column);
        let noted = footer.file_metadata().key_value_metadata().into_iter().flatten();
        let place = noted.filter(|noted| noted.key == key).find_map(|noted| {
            let (offset, entries) = noted.value.as_deref()?.split_once(' ')?;
            Some((offset.parse::<u64>().ok()?, entries.parse::<usize>().ok()?))
        });
        let Some((offset, entries)) = place else { return Ok(None) };
        let start = offset + (entries * ENTRY_BYTES) as u64;
        let end = start + (entries.div_ceil(GROUP_ENTRIES) * size_of::<i64>()) as u64;
        let bytes = read(&(start..end))?;
        let (keys, _) = bytes.as_chunks();
        let first_keys = keys.iter().map(|key| i64::from_le_bytes(*key)).collect();
        Ok(Some(Self { offset, entries, first_keys }))
    }

    /// Returns the rows with these keys among the rows `within` of the segment, ascending. Returns
    /// `None` if they are so many that all rows should be read. `keys` must be ascending.
    pub(crate) fn rows_with_keys(
        &self,
        read: &ReadBytes<'_>,
        keys: &[i64],
        within: &Range<usize>,
    ) -> Result<Option<Vec<usize>>, MirrorError> {
        let rows_max = within.len() / SCAN_ALL_FROM;
        let mut found = Vec::new();
        let mut known = (0..0, IndexEntries::default());
        for key in keys {
            let groups = self.groups_of(*key);
            if groups.is_empty() {
                continue;
            }
            if known.0 != groups {
                let end = (groups.end * GROUP_ENTRIES).min(self.entries);
                let entries = self.read(read, groups.start * GROUP_ENTRIES..end)?;
                known = (groups, entries);
            }
            let rows = known.1.rows_of(*key);
            found.extend(rows.filter(|row| within.contains(row)));
            if found.len() > rows_max {
                return Ok(None);
            }
        }
        found.sort_unstable();
        // A list may hold several of the keys.
        found.dedup();
        Ok(Some(found))
    }

    /// Returns the groups that can hold entries of a key.
    fn groups_of(&self, key: i64) -> Range<usize> {
        let first = self.first_keys.partition_point(|first| *first < key).saturating_sub(1);
        first..self.first_keys.partition_point(|first| *first <= key)
    }

    fn read(
        &self,
        read: &ReadBytes<'_>,
        entries: Range<usize>,
    ) -> Result<IndexEntries, MirrorError> {
        let place = |entry: usize| self.offset + (entry * ENTRY_BYTES) as u64;
        Ok(IndexEntries(read(&(place(entries.start)..place(entries.end)))?))
    }
}

/// Consecutive entries of an index.
#[derive(Default)]
struct IndexEntries(bytes::Bytes);

impl IndexEntries {
    fn len(&self) -> usize {
        self.0.len() / ENTRY_BYTES
    }

    fn key(&self, entry: usize) -> i64 {
        let start = entry * ENTRY_BYTES;
        self.0[start..].first_chunk().map_or(i64::MAX, |bytes| i64::from_le_bytes(*bytes))
    }

    fn row(&self, entry: usize) -> usize {
        let start = entry * ENTRY_BYTES + size_of::<i64>();
        self.0[start..]
            .first_chunk()
            .map_or(usize::MAX, |bytes| u32::from_le_bytes(*bytes) as usize)
    }

    /// Returns the rows of a key.
    fn rows_of(&self, key: i64) -> impl Iterator<Item = usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.key(middle) < key { low = middle + 1 } else { high = middle }
        }
        (low..self.len())
            .take_while(move |entry| self.key(*entry) == key)
            .map(|entry| self.row(entry))
    }
}

/// The row indexes of a segment that were used so far, by the position of their column.
pub(crate) type OpenRowIndexes = BTreeMap<usize, Option<Arc<RowIndex>>>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the index of these keys as the footer and the bytes of a file hold it.
    fn open(keys: &[Option<i64>]) -> (RowIndex, Vec<u8>) {
        let mut column =
            ColumnKeys { name: "customer_id", position: 1, keys: Vec::new(), rows: Vec::new() };
        for (row, key) in (0..).zip(keys) {
            if let Some(key) = key {
                column.keys.push(*key);
                column.rows.push(row);
            }
        }
        let encoded = column.encode();
        let (groups, entries) = (encoded.entries.div_ceil(GROUP_ENTRIES), encoded.entries);
        let first_keys = encoded.bytes[entries * ENTRY_BYTES..].chunks(8);
        let first_keys: Vec<i64> =
            first_keys.map(|key| i64::from_le_bytes(key.try_into().unwrap())).collect();
        assert_eq!(first_keys.len(), groups);
        (RowIndex { offset: 0, entries, first_keys }, encoded.bytes)
    }

    fn find(keys: &[Option<i64>], sought: &[i64], within: Range<usize>) -> Option<Vec<usize>> {
        let (index, bytes) = open(keys);
        let read = |range: &Range<u64>| {
            Ok(bytes::Bytes::copy_from_slice(&bytes[range.start as usize..range.end as usize]))
        };
        index.rows_with_keys(&read, sought, &within).unwrap()
    }

    proptest! {
        #[test]
        fn rows_are_those_that_a_search_through_all_keys_finds(
            keys in prop::collection::vec(prop::option::weighted(0.9, -40_i64..400), 0..6_000),
            sought in prop::collection::btree_set(-50_i64..420, 0..30),
            (start, end) in (0.0..1.0, 0.0..1.0),
        ) {
            let place = |share: f64| (share * keys.len() as f64) as usize;
            let within = place(f64::min(start, end))..place(f64::max(start, end));
            let sought: Vec<i64> = sought.into_iter().collect();
            let expected: Vec<usize> = within
                .clone()
                .filter(|row| keys[*row].is_some_and(|key| sought.contains(&key)))
                .collect();
            let expected = (expected.len() <= within.len() / SCAN_ALL_FROM).then_some(expected);
            prop_assert_eq!(find(&keys, &sought, within), expected);
        }
    }

    #[test]
    fn a_key_that_fills_several_groups_is_found_in_all_of_them() {
        let rows = GROUP_ENTRIES * 40;
        let keys: Vec<Option<i64>> =
            (0..rows).map(|row| Some(if row % 10 == 0 { 7 } else { row as i64 * 10 })).collect();
        let expected: Vec<usize> = (0..rows).step_by(10).collect();
        assert_eq!(find(&keys, &[7], 0..rows), Some(expected));
        assert_eq!(find(&keys, &[8], 0..rows), Some(vec![]));
        assert_eq!(find(&[], &[8], 0..0), Some(vec![]));
    }
}
