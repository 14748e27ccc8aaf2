//! Random valid requests, with values drawn from the data. Rule: spec/reports.md §2, §8, §9, §10.

use model::provider::Provider;
use model::time::Instant;

use super::catalogue::{self, OracleReport};
use super::column::sorted_by;
use super::data::{OracleRow, OracleTables};
use super::filter::{OracleFilter, OracleFilterTest};
use super::grouped;
use super::request::RequestParameters;
use super::world::OracleContext;

/// A small pseudo-random generator (splitmix64) that gives the same sequence for a seed on every
/// machine.
pub(crate) struct TestRandom(u64);

impl TestRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number from 0 up to, but not including, `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        let n = u64::try_from(n.max(1)).expect("small");
        usize::try_from(self.next() % n).expect("small")
    }

    /// Returns true in `percent` of 100 cases.
    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Returns a number from `first` to `last`, both included.
    pub(crate) fn between(&mut self, first: i64, last: i64) -> i64 {
        first
            + i64::try_from(self.below(usize::try_from(last - first + 1).expect("small")))
                .expect("small")
    }
}

/// Endless iterator of report names and parameters. Never sets `format`, which the caller may add.
pub(crate) struct RequestGenerator<'a> {
    dice: TestRandom,
    tables: &'a OracleTables,
    provider: &'a Provider,
    now: Instant,
    resources: Vec<String>,
}

impl<'a> RequestGenerator<'a> {
    /// Returns the names of all plain reports and grouped forms.
    pub(crate) fn all_resources() -> Vec<String> {
        let plain = catalogue::NAMES.iter().map(|name| (*name).to_owned());
        let grouped =
            catalogue::NAMES.iter().filter(|name| catalogue::report(name).grouping.is_some());
        plain.chain(grouped.map(|name| format!("{name}.grouped"))).collect()
    }

    /// Creates a generator for `resources` (such as `customers`, `customer_memberships.grouped`).
    pub(crate) fn new(
        seed: u64,
        tables: &'a OracleTables,
        provider: &'a Provider,
        now: Instant,
        resources: Vec<String>,
    ) -> Self {
        Self { dice: TestRandom::new(seed), tables, provider, now, resources }
    }

    fn request(&mut self) -> (String, Vec<(String, String)>) {
        let (tables, provider) = (self.tables, self.provider);
        let resource = self.dice.pick(&self.resources);
        let report = catalogue::report(resource.strip_suffix(".grouped").unwrap_or(&resource));
        let world = OracleContext::new(tables, provider, self.now);
        let mut query =
            RequestDraft { dice: &mut self.dice, world: &world, report: &report, pairs: vec![] };
        query.filters();
        if resource.ends_with(".grouped") {
            query.grouped();
        } else {
            query.plain();
        }
        query.page();
        (resource, query.pairs)
    }
}

impl Iterator for RequestGenerator<'_> {
    type Item = (String, Vec<(String, String)>);

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.request())
    }
}

/// One request under construction.
struct RequestDraft<'g, 'w> {
    dice: &'g mut TestRandom,
    world: &'g OracleContext<'w>,
    report: &'g OracleReport,
    pairs: Vec<(String, String)>,
}

impl RequestDraft<'_, '_> {
    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.pairs.push((name.to_owned(), value.into()));
    }

    /// Adds a list in one of its spellings.
    fn add_list(&mut self, name: &str, items: &[String]) {
        match self.dice.below(6) {
            0 => items.iter().for_each(|item| self.pairs.push((name.to_owned(), item.clone()))),
            1 => items.iter().for_each(|item| self.pairs.push((format!("{name}[]"), item.clone()))),
            2 => self.add(name, items.join(" , ")),
            _ => self.add(name, items.join(",")),
        }
    }

    fn filters(&mut self) {
        let count = self.dice.pick(&[0, 0, 1, 1, 1, 2, 2, 3]);
        let mut taken: Vec<String> = Vec::new();
        for _ in 0..count {
            let filter = self.dice.pick(&self.report.filters);
            if !taken.contains(&filter.name) {
                taken.push(filter.name.clone());
                self.filter(&filter);
            }
        }
        if self.dice.chance(15) {
            let shift = self.dice.between(-400, 400) * 86_400_000_000;
            let as_of = Instant::from_micros(self.world.now.micros() + shift);
            let text = self.instant_text(as_of);
            self.add("as_of", text);
        }
        if self.dice.chance(12) {
            let cursor = self.report.cursor();
            let id = self.base_row().and_then(|row| row.int(cursor)).unwrap_or(0);
            let id = self.dice.pick(&[0, id, id, id, 9_007_199_254_740_991]);
            self.add("id_gt", id.to_string());
        }
    }

    fn base_row(&mut self) -> Option<&OracleRow> {
        let rows = self.world.base_rows(self.report, None);
        (!rows.is_empty()).then(|| self.dice.pick(&rows))
    }

    /// Returns the value of `get` for a random base row that has one.
    fn drawn<T>(&mut self, get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<T>) -> Option<T> {
        let rows = self.world.base_rows(self.report, None);
        (0..20).find_map(|_| {
            let row = rows.get(self.dice.below(rows.len()))?;
            (self.report.is_base_row)(self.world, row).then(|| get(self.world, row)).flatten()
        })
    }

    fn filter(&mut self, filter: &OracleFilter) {
        let name = filter.name.as_str();
        match &filter.test {
            OracleFilterTest::Ids(get) => {
                let ids = self.ids(|w, r| get(w, r).into_iter().next());
                self.add_list(name, &ids);
            }
            OracleFilterTest::IdsOrNone(get) => {
                let mut ids = self.ids(|w, r| get(w, r));
                if self.dice.chance(40) {
                    ids.push("none".to_owned());
                }
                self.add_list(name, &ids);
            }
            OracleFilterTest::Words(accepted, _) => {
                let count = self.dice.between(1, 3);
                let words = (0..count).map(|_| {
                    let (word, _) = self.dice.pick(accepted);
                    if self.dice.chance(10) { word.to_uppercase() } else { word.to_owned() }
                });
                let words = words.collect::<Vec<_>>();
                self.add_list(name, &words);
            }
            OracleFilterTest::IntFrom(get) | OracleFilterTest::IntTo(get) => {
                let value = self.drawn(|w, r| get(w, r)).unwrap_or(1);
                let shift = self.dice.pick(&[0, 0, 1, -1]);
                self.add(name, (value + shift).max(0).to_string());
            }
            OracleFilterTest::UsageDate => {
                let shift = self.dice.pick(&[0, 1, -1, -31, 45, -400]);
                self.add(name, self.world.today.plus_days(shift).to_string());
            }
            OracleFilterTest::Flag(_)
            | OracleFilterTest::Switch(_)
            | OracleFilterTest::Unless(_) => {
                let word = self.dice.pick(&["true", "false", "1", "0", "True", "FALSE"]);
                self.add(name, word);
            }
            OracleFilterTest::DateFrom(get) | OracleFilterTest::DateTo(get) => {
                let date = self.drawn(|w, r| get(w, r)).unwrap_or(self.world.today);
                let shift = self.dice.pick(&[0, 0, 0, -1, 1, -40, 40]);
                self.add(name, date.plus_days(shift).to_string());
            }
            OracleFilterTest::InstantFrom(get) | OracleFilterTest::InstantTo(get) => {
                let instant = self.drawn(|w, r| get(w, r)).unwrap_or(self.world.now);
                let text = self.instant_text(instant);
                self.add(name, text);
            }
            OracleFilterTest::DateFrame(_) | OracleFilterTest::InstantFrame(_) => {
                let text = self.timeframe();
                self.add(name, text);
            }
            OracleFilterTest::CustomFields => {
                let mut keys = vec!["no_such_key".to_owned()];
                let metadata = self.drawn(|_, r| r.text("metadata").map(str::to_owned));
                let metadata = metadata.and_then(|text| serde_json::from_str(&text).ok());
                let object: serde_json::Map<_, _> = metadata.unwrap_or_default();
                keys.extend(object.keys().filter(|key| is_field_key(key)).take(3).cloned());
                keys.reverse();
                self.add(name, keys.join(","));
            }
        }
    }

    fn ids(&mut self, get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<i64>) -> Vec<String> {
        let count = self.dice.pick(&[1, 1, 2, 3, 8]);
        let mut ids = Vec::new();
        for _ in 0..count {
            let id = self.drawn(&get).filter(|_| self.dice.chance(85));
            ids.push(id.unwrap_or_else(|| self.dice.between(900_000, 900_100)).to_string());
        }
        ids
    }

    /// Returns an instant near this one, in one of the accepted spellings.
    fn instant_text(&mut self, near: Instant) -> String {
        let shift = self.dice.pick(&[0, 0, 0, 1, -1, 3_600_000_000, -86_400_000_000]);
        let exact = Instant::from_micros(near.micros() + shift).to_string();
        let bare = exact.trim_end_matches('Z').to_owned();
        match self.dice.below(9) {
            0 => bare[..10].to_owned(),
            1 => bare,
            2 => bare.replace('T', " "),
            3 => exact.replace('T', " "),
            4 => format!("{bare}+02:00"),
            5 => format!("{bare}-05:30"),
            6 => format!("{bare} 01:00"),
            _ => exact,
        }
    }

    fn timeframe(&mut self) -> String {
        let unit = self.dice.pick(&["day", "week", "month", "year"]);
        let n = self.dice.pick(&[1, 2, 3, 7, 12, 30, 90, 365, 999]);
        let n = if unit == "year" { n % 90 + 1 } else { n };
        let calendar = self.dice.pick(&["week", "month", "quarter", "year"]);
        let which = self.dice.pick(&["this", "last", "next"]);
        let text = match self.dice.below(11) {
            0 => self.dice.pick(&["today", "yesterday", "tomorrow"]).to_owned(),
            1 | 2 => format!("{which}_{calendar}"),
            3 => format!("{calendar}_to_date"),
            4 | 5 => format!("last_{n}_{unit}s"),
            6 => format!("next_{n}_{unit}s"),
            7 => self.dice.pick(&["past", "future", "all", "all_time"]).to_owned(),
            8 => return self.written_period(),
            _ => return self.period_range(),
        };
        match self.dice.below(10) {
            0 => text.to_uppercase(),
            1 => text.replace('_', "-"),
            2 => text.replace('_', " "),
            _ => text,
        }
    }

    /// Returns `YYYY`, `YYYY-MM` or `YYYY-MM-DD` near today.
    fn written_period(&mut self) -> String {
        let day = self.world.today.plus_days(self.dice.between(-700, 200)).to_string();
        day[..self.dice.pick(&[4, 7, 7, 10, 10])].to_owned()
    }

    fn period_range(&mut self) -> String {
        let (a, b) = (self.written_period(), self.written_period());
        match self.dice.below(4) {
            0 => format!("{a}.."),
            1 => format!("..{b}"),
            // Compared at the shortest precision, so an equal start is never after the end.
            _ if a[..4] < b[..4] => format!("{a}..{b}"),
            _ if a[..4] > b[..4] => format!("{b}..{a}"),
            _ => format!("{}..{}", &a[..4], &b[..4]),
        }
    }

    fn plain(&mut self) {
        let mut names = Vec::new();
        let mut sortable = Vec::new();
        for column in &self.report.columns {
            names.push(column.key.clone());
            names.extend(column.also.iter().map(|name| (*name).to_owned()));
        }
        names.extend(self.report.parents.iter().map(|name| (*name).to_owned()));
        for name in &names {
            if sorted_by(&self.report.columns, self.report.parents, name).is_some() {
                sortable.push(name.clone());
            }
        }
        if self.dice.chance(65) {
            let columns = self.some(&names, 8);
            self.add_list("columns", &columns);
        }
        if self.dice.chance(70) {
            let mut sort = self.some(&sortable, 3);
            sort.iter_mut().for_each(|name| {
                if self.dice.chance(50) {
                    name.insert(0, '-');
                }
            });
            self.add_list("sort", &sort);
        }
    }

    /// Returns one to `most` of these names, with repetitions.
    fn some(&mut self, names: &[String], most: i64) -> Vec<String> {
        let count = self.dice.between(1, most);
        (0..count).map(|_| self.dice.pick(names)).collect()
    }

    fn grouped(&mut self) {
        let grouping = self.report.grouping.as_ref().expect("a grouped form");
        let mut dimensions = Vec::new();
        for column in &grouping.dimensions {
            dimensions.push(column.key.clone());
            dimensions.extend(column.also.iter().map(|name| (*name).to_owned()));
        }
        dimensions.extend(grouping.parents.iter().map(|name| (*name).to_owned()));
        let measures = grouping.measures.iter().map(|m| m.key.to_owned()).collect::<Vec<_>>();
        let mut columns = if self.dice.chance(88) { self.some(&dimensions, 3) } else { vec![] };
        let has_measure = columns.is_empty() || self.dice.chance(85);
        if has_measure {
            columns.extend(self.some(&measures, 2));
        }
        if self.dice.chance(20) {
            columns.reverse();
        }
        if grouping.default_columns.is_empty() || self.dice.chance(80) {
            self.add_list("columns", &columns);
        }
        if !grouping.pivots.is_empty() && has_measure && self.dice.chance(60) {
            let pivot = self.dice.pick(grouping.pivots);
            self.add("pivot", pivot);
            if self.dice.chance(70) {
                let shown = self.dice.between(1, 12);
                self.add("max_pivot_columns", shown.to_string());
            }
            // The pivot `all` has one column and no last period.
            if pivot != "all" && self.dice.chance(30) {
                let until = self.world.today.plus_days(self.dice.between(-500, 100));
                self.add("pivot_until", until.to_string());
            }
        }
        if self.dice.chance(50) {
            self.grouped_sort();
        }
    }

    /// Adds a sort by columns of the answer, but not by a currency that only shows when mixed.
    fn grouped_sort(&mut self) {
        let params = RequestParameters::new(&self.pairs);
        let now = params.as_of(self.world.provider).unwrap_or(self.world.now);
        let world = OracleContext::new(self.world.tables, self.world.provider, now);
        let answer = grouped::answer(&world, self.report, &params);
        let headers = answer.headers.iter().filter(|h| h.sortable && h.key != "currency");
        let keys = headers.map(|header| header.key.clone()).collect::<Vec<_>>();
        if keys.is_empty() {
            return;
        }
        let mut sort = self.some(&keys, 2);
        if self.dice.chance(50) {
            sort[0].insert(0, '-');
        }
        self.add_list("sort", &sort);
    }

    fn page(&mut self) {
        let size = self.dice.pick(&["0", "1", "7", "25", "100"]);
        let offset = self.dice.pick(&["0", "1", "10", "60", "100000"]);
        let page = self.dice.pick(&["1", "2", "3", "1000"]);
        match self.dice.below(8) {
            0 => self.add("limit", size),
            1 => self.add("offset", offset),
            2 => {
                self.add("limit", size);
                self.add("offset", offset);
            }
            3 => self.add("page", page),
            4 => {
                self.add("page", page);
                self.add("page_size", size);
            }
            5 => {
                self.add("page", page);
                self.add("limit", size);
                self.add("offset", offset);
            }
            _ => {}
        }
    }
}

fn is_field_key(key: &str) -> bool {
    let known = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&key.len()) && key.chars().all(known)
}
