//! Row indexes: where in a segment the rows are that belong to a given customer, invoice and so on.
//! With them, a page reads what belongs to its rows and not the whole table.
//!
//! An index is a list of entries, each a key and a row number. They are sorted by provider (whose
//! rows follow each other in a segment), key and row. After them comes the first entry of each group
//! of entries once more. All this lies in the segment's file between the last row group and the
//! footer, where other readers of Parquet do not look. So its blocks have checksums like all others,
//! and it lives as long as the segment. The footer says where it is. A segment without an index is
//! scanned.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::Int64Type;
use datafusion::parquet::file::metadata::{KeyValue, ParquetMetaData};
use model::catalogue::{Column, ColumnType, Table};

use crate::error::MirrorError;

/// The tables to which other tables' rows belong. Each reference to one of them has an index.
const OWNERS: [&str; 5] =
    ["customers", "customer_memberships", "invoices", "orders", "subscriptions"];
/// The number of entries in a group. The first entry of each is kept in memory. Tests have segments
/// of few rows.
const GROUP_ENTRIES: usize = if cfg!(test) { 8 } else { 1_024 };
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
    /// The provider of the last row.
    provider: Option<i64>,
    /// The first row of each provider.
    provider_starts: Vec<u32>,
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
        let columns = columns.collect();
        Self { columns, rows: 0, provider: None, provider_starts: Vec::new() }
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
        let providers = batch.column(0).as_primitive::<Int64Type>();
        for (row, provider) in (self.rows..).zip(providers.values()) {
            if self.provider.replace(*provider) != Some(*provider) {
                self.provider_starts.push(row);
            }
        }
        self.rows += batch.num_rows() as u32;
    }

    /// Encodes the indexes, one after the other.
    pub(crate) fn encode(self) -> impl Iterator<Item = EncodedRowIndex> {
        let starts = self.provider_starts;
        self.columns.into_iter().map(move |column| column.encode(&starts))
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

    /// Encodes the index. `provider_starts` are the first rows of the providers.
    fn encode(self, provider_starts: &[u32]) -> EncodedRowIndex {
        let mut order: Vec<u32> = (0..self.keys.len() as u32).collect();
        let mut start = 0;
        for next in provider_starts.iter().skip(1).chain([&u32::MAX]) {
            let end = start + self.rows[start..].partition_point(|row| row < next);
            order[start..end].sort_unstable_by_key(|&at| (self.keys[at as usize], at));
            start = end;
        }
        let entry = |at: &u32| {
            let (key, row) = (self.keys[*at as usize], self.rows[*at as usize]);
            key.to_le_bytes().into_iter().chain(row.to_le_bytes())
        };
        let mut bytes = Vec::with_capacity(order.len() * ENTRY_BYTES);
        bytes.extend(order.iter().flat_map(entry));
        bytes.extend(order.iter().step_by(GROUP_ENTRIES).flat_map(entry));
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

/// The index of one column of a segment. The first entry of every group is in memory.
#[derive(Debug)]
pub(crate) struct RowIndex {
    offset: u64,
    entries: usize,
    group_starts: IndexEntries,
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
            Some((offset.parse::<u64>().ok()?, entries.parse::<u32>().ok()? as usize))
        });
        let Some((offset, entries)) = place else { return Ok(None) };
        let mut index = Self { offset, entries, group_starts: IndexEntries::default() };
        index.group_starts =
            index.read(read, entries..entries + entries.div_ceil(GROUP_ENTRIES))?;
        Ok(Some(index))
    }

    /// Returns the rows with these keys among the rows `within` of the segment, ascending. Returns
    /// `None` if they are so many that all rows should be read. `keys` must be ascending, and
    /// `within` all rows of one provider.
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
            let sought = SoughtKey { key: *key, within };
            let groups = self.groups_of(sought);
            // All groups but the first and the last hold nothing else.
            if groups.len().saturating_sub(2) * GROUP_ENTRIES > rows_max {
                return Ok(None);
            }
            if groups.is_empty() {
                continue;
            }
            if known.0 != groups {
                let end = (groups.end * GROUP_ENTRIES).min(self.entries);
                let entries = self.read(read, groups.start * GROUP_ENTRIES..end)?;
                known = (groups, entries);
            }
            found.extend(known.1.rows_of(sought));
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
    fn groups_of(&self, sought: SoughtKey<'_>) -> Range<usize> {
        let starts = &self.group_starts;
        let first = starts.first_that(|entry| sought.compare(entry).is_ge());
        first.saturating_sub(1)..starts.first_that(|entry| sought.compare(entry).is_gt())
    }

    /// Reads entries. Those after the last one are the first entries of the groups.
    fn read(
        &self,
        read: &ReadBytes<'_>,
        entries: Range<usize>,
    ) -> Result<IndexEntries, MirrorError> {
        let place = |entry: usize| self.offset.saturating_add((entry * ENTRY_BYTES) as u64);
        Ok(IndexEntries(read(&(place(entries.start)..place(entries.end)))?))
    }
}

/// A key of a provider, whose rows are those `within` the segment.
#[derive(Clone, Copy)]
struct SoughtKey<'r> {
    key: i64,
    within: &'r Range<usize>,
}

impl SoughtKey<'_> {
    /// Compares an entry with this key, in the order of the index.
    fn compare(self, (key, row): (i64, usize)) -> Ordering {
        if row < self.within.start {
            Ordering::Less
        } else if row >= self.within.end {
            Ordering::Greater
        } else {
            key.cmp(&self.key)
        }
    }
}

/// Consecutive entries of an index.
#[derive(Debug, Default)]
struct IndexEntries(bytes::Bytes);

impl IndexEntries {
    fn len(&self) -> usize {
        self.0.len() / ENTRY_BYTES
    }

    /// Returns the key and the row of an entry.
    fn entry(&self, position: usize) -> (i64, usize) {
        let bytes = &self.0[position * ENTRY_BYTES..];
        let key = bytes.first_chunk().map_or(i64::MAX, |key| i64::from_le_bytes(*key));
        let row = bytes[size_of::<i64>()..].first_chunk();
        (key, row.map_or(usize::MAX, |row| u32::from_le_bytes(*row) as usize))
    }

    /// Returns the position of the first entry for which `is_past` is true. It must be true for all
    /// entries after that one.
    fn first_that(&self, is_past: impl Fn((i64, usize)) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if is_past(self.entry(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Returns the rows of a key.
    fn rows_of(&self, sought: SoughtKey<'_>) -> impl Iterator<Item = usize> {
        let first = self.first_that(|entry| sought.compare(entry).is_ge());
        let entries = (first..self.len()).map(|position| self.entry(position));
        entries.take_while(move |entry| sought.compare(*entry).is_eq()).map(|(_, row)| row)
    }
}

/// The row indexes of a segment that were used so far, by the position of their column.
pub(crate) type OpenRowIndexes = BTreeMap<usize, Option<Arc<RowIndex>>>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Searches the index of a column with these keys. `starts` are the first rows of the providers.
    fn find(
        keys: &[Option<i64>],
        starts: &[u32],
        sought: &[i64],
        within: &Range<usize>,
    ) -> Option<Vec<usize>> {
        let mut column =
            ColumnKeys { name: "customer_id", position: 1, keys: Vec::new(), rows: Vec::new() };
        for (row, key) in (0..).zip(keys) {
            if let Some(key) = key {
                column.keys.push(*key);
                column.rows.push(row);
            }
        }
        let encoded = column.encode(starts);
        let entries = encoded.entries;
        let read = |range: &Range<u64>| {
            let range = range.start as usize..range.end as usize;
            Ok(bytes::Bytes::copy_from_slice(&encoded.bytes[range]))
        };
        let mut index = RowIndex { offset: 0, entries, group_starts: IndexEntries::default() };
        let groups = entries..entries + entries.div_ceil(GROUP_ENTRIES);
        index.group_starts = index.read(&read, groups).unwrap();
        index.rows_with_keys(&read, sought, within).unwrap()
    }

    proptest! {
        #[test]
        fn rows_are_those_that_a_search_through_all_keys_finds(
            providers in prop::collection::vec(
                prop::collection::vec(prop::option::weighted(0.9, -40_i64..200), 1..400),
                1..5,
            ),
            sought in prop::collection::btree_set(-50_i64..220, 0..30),
            chosen in any::<prop::sample::Index>(),
        ) {
            let mut starts = vec![0];
            for rows in &providers {
                starts.push(starts.last().unwrap() + rows.len() as u32);
            }
            let provider = chosen.index(providers.len());
            let within = starts[provider] as usize..starts[provider + 1] as usize;
            let keys: Vec<Option<i64>> = providers.concat();
            let sought: Vec<i64> = sought.into_iter().collect();
            let expected: Vec<usize> = within
                .clone()
                .filter(|row| keys[*row].is_some_and(|key| sought.contains(&key)))
                .collect();
            let expected = (expected.len() <= within.len() / SCAN_ALL_FROM).then_some(expected);
            let starts = &starts[..providers.len()];
            prop_assert_eq!(find(&keys, starts, &sought, &within), expected);
        }
    }

    #[test]
    fn a_key_that_fills_several_groups_is_found_in_all_of_them() {
        let rows = GROUP_ENTRIES * 40;
        let keys: Vec<Option<i64>> =
            (0..rows).map(|row| Some(if row % 10 == 0 { 7 } else { row as i64 * 10 })).collect();
        let expected: Vec<usize> = (0..rows).step_by(10).collect();
        assert_eq!(find(&keys, &[0], &[7], &(0..rows)), Some(expected));
        assert_eq!(find(&keys, &[0], &[8], &(0..rows)), Some(vec![]));
        assert_eq!(find(&[], &[], &[8], &(0..0)), Some(vec![]));
    }
}
