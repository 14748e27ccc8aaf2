//! Random bodies of requests: every type and filter, with ranges that end where rows were created.
//! Rule: spec/exports.md §4, §10.

use model::time::Instant;
use serde_json::{Map, Value as Json, json};

use super::super::reference::{
    BusinessRows, ReferenceFilter, ReferenceType, kinds, object, second,
};
use super::business::CRITICAL_INSTANTS;
use crate::oracle::{OracleRow, TestRandom};

const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i64 = 86_400;

/// Endless iterator of bodies: goes through the types, and through the filters of each type.
pub(super) struct BodyGenerator<'a> {
    dice: TestRandom,
    books: BusinessRows<'a>,
    /// Number of bodies so far.
    count: usize,
}

impl<'a> BodyGenerator<'a> {
    pub(super) fn new(seed: u64, books: BusinessRows<'a>) -> Self {
        Self { dice: TestRandom::new(seed), books, count: 0 }
    }

    /// Returns a body for several types at once.
    pub(super) fn group(&mut self) -> Json {
        let mut left = kinds().to_vec();
        let chosen: Vec<&'static ReferenceType> =
            (0..4).map(|_| left.swap_remove(self.dice.below(left.len()))).collect();
        let dice = &mut self.dice;
        let kind = chosen[0];
        let mut draft = BodyDraft { dice, books: self.books, kind, body: Map::new(), row: None };
        draft.fill_group(&chosen);
        Json::Object(draft.body)
    }
}

impl Iterator for BodyGenerator<'_> {
    type Item = Json;

    fn next(&mut self) -> Option<Json> {
        let kinds = kinds();
        let kind = kinds[self.count % kinds.len()];
        let round = self.count / kinds.len();
        self.count += 1;
        let mut draft = BodyDraft {
            dice: &mut self.dice,
            books: self.books,
            kind,
            body: Map::new(),
            row: None,
        };
        draft.fill(round);
        Some(Json::Object(draft.body))
    }
}

/// One body under construction.
struct BodyDraft<'g, 'a> {
    dice: &'g mut TestRandom,
    books: BusinessRows<'a>,
    kind: &'static ReferenceType,
    body: Map<String, Json>,
    /// A row that the body should select.
    row: Option<&'a OracleRow>,
}

impl<'a> BodyDraft<'_, 'a> {
    fn add(&mut self, name: &str, value: impl Into<Json>) {
        self.body.insert(name.to_owned(), value.into());
    }

    fn fill(&mut self, round: usize) {
        let filters = self.kind.filters;
        let filter = (!filters.is_empty()).then(|| filters[round % filters.len()]);
        self.row = Some(self.target(filter));
        let is_note = self.kind.object == "credit_note" && self.dice.chance(50);
        self.add("object", if is_note { "credit_notes" } else { self.kind.object });
        self.range();
        if let Some(filter) = filter {
            self.filter(filter);
            // Both ids of an order filter must belong to one item.
            let sibling = match filter.0 {
                "sku_id" => Some("product_id"),
                "product_id" if self.kind.object == "orders" => Some("sku_id"),
                _ => None,
            };
            if let Some(name) = sibling.filter(|_| self.dice.chance(60)) {
                self.filter((name, ReferenceFilter::Id));
            } else if self.dice.chance(25) {
                let other = self.dice.pick(filters);
                self.filter(other);
            }
        }
        self.common();
        if self.dice.chance(15) {
            self.foreign();
        }
        self.shape();
    }

    /// Adds fields that are valid for each of these types, known to the type or not.
    fn fill_group(&mut self, kinds: &[&'static ReferenceType]) {
        self.row = Some(self.target(None));
        self.add("objects", kinds.iter().map(|kind| kind.object).collect::<Vec<_>>());
        self.range();
        self.common();
        if self.dice.chance(30) {
            let currency = self.dice.pick(&["gbp", "eur"]);
            self.add("currency", currency);
        }
        if self.dice.chance(30) {
            let plan = self.dice.between(1, 3);
            self.add("plan_id", plan);
        }
        if kinds.iter().any(|kind| kind.lines.is_some()) && self.dice.chance(50) {
            self.add("row_per", "line");
        }
        if self.dice.chance(50) {
            self.add("format", "ndjson");
        }
    }

    /// Returns a row that has a value for the filter.
    fn target(&mut self, filter: Option<(&str, ReferenceFilter)>) -> &'a OracleRow {
        let rows = self.kind.rows(&self.books);
        let has = |row: &&OracleRow, name| {
            self.kind.values_that_select(&self.books, row, name).iter().any(|value| *value != "")
        };
        let words = filter.is_some_and(|(_, filter)| takes_deleted(filter));
        let is_deleted = words && self.dice.chance(40);
        let fit = |row: &&OracleRow| {
            filter.is_none_or(|(name, _)| has(row, name)) && (!is_deleted || row.has("deleted_at"))
        };
        let rows: Vec<&OracleRow> = rows.into_iter().filter(fit).collect();
        self.dice.pick(&rows)
    }

    /// Adds a range around an instant of the row, which often begins or ends in that second.
    fn range(&mut self) {
        let mode = self.dice.pick(&["full_data", "modified_data"]);
        if mode == "modified_data" || self.dice.chance(30) {
            self.add("mode", mode);
        }
        let column = if mode == "full_data" { "created_at" } else { "updated_at" };
        let micros = self.row.and_then(|row| row.instant(column)).unwrap().micros();
        let at = micros.div_euclid(SECOND);
        let from = at - self.reach();
        let to = at + self.reach();
        let (from, to) = if from > to { (to, from) } else { (from, to) };
        let (from_text, to_text) = (self.spelled(from), self.spelled(to));
        self.add("date_from", from_text);
        self.add("date_to", to_text);
        let body = Json::Object(self.body.clone());
        let read = ["date_from", "date_to"].map(|name| second(&body, name, self.books.provider));
        if read[0] > read[1] {
            self.add("date_from", from);
            self.add("date_to", to);
        }
    }

    /// Returns the distance from the row's second to the end of the range, which is rarely
    /// negative.
    fn reach(&mut self) -> i64 {
        let days = self.dice.pick(&[1, 30, 180, 800]);
        match self.dice.below(8) {
            0 => -1,
            1 => 1,
            2 | 3 => 0,
            _ => self.dice.between(0, days * DAY_SECONDS),
        }
    }

    /// Returns a second in one of its spellings; sometimes another second nearby.
    fn spelled(&mut self, second: i64) -> Json {
        let near = if self.dice.chance(20) {
            Instant::parse(self.dice.pick(CRITICAL_INSTANTS)).unwrap().seconds()
        } else {
            second
        };
        let instant = Instant::from_seconds(near).unwrap().to_string();
        let bare = instant.trim_end_matches('Z');
        match self.dice.below(9) {
            0 => json!(instant),
            1 => json!(format!("{bare}.999999Z")),
            2 => json!(format!("{bare}+02:00")),
            3 => json!(format!("{bare}-05:30")),
            4 => json!(bare),
            5 => json!(&bare[..10]),
            6 => json!(second.to_string()),
            _ => json!(second),
        }
    }

    fn filter(&mut self, (name, filter): (&str, ReferenceFilter)) {
        let row = self.row.unwrap();
        let told = self.kind.values_that_select(&self.books, row, name);
        let told = if told.iter().any(|word| *word == "deleted") && self.dice.chance(60) {
            vec![json!("deleted")]
        } else {
            told
        };
        let told = (!told.is_empty() && self.dice.chance(80)).then(|| self.dice.pick(&told));
        let value = match (filter, told) {
            (ReferenceFilter::AnyCase, Some(told)) => self.other_case(&told),
            (ReferenceFilter::Country, Some(told)) if self.dice.chance(50) => {
                json!(told.as_str().unwrap().to_ascii_lowercase())
            }
            (ReferenceFilter::Id, Some(told)) if self.dice.chance(30) => json!(told.to_string()),
            // `created` is a status of orders that no filter accepts.
            (ReferenceFilter::Words(words), Some(told))
                if words.split(' ').any(|word| word == told.as_str().unwrap()) =>
            {
                told
            }
            (ReferenceFilter::Words(words), _) => {
                let words = words.split(' ').chain(["all", "all", ""]).collect::<Vec<_>>();
                json!(self.dice.pick(&words))
            }
            (_, Some(told)) => told,
            (ReferenceFilter::Id, None) => json!(self.dice.pick(&[1, 2, 3, 900_001])),
            (ReferenceFilter::Currency, None) => {
                json!(self.dice.pick(&["gbp", "eur", "jpy", "kwd", "usd"]))
            }
            (ReferenceFilter::Country, None) => json!(self.dice.pick(&["GB", "de", "Us", "FR"])),
            (ReferenceFilter::Text | ReferenceFilter::AnyCase, None) => {
                json!(self.dice.pick(&["Ann", "nobody", "", "ann"]))
            }
        };
        self.add(name, value);
    }

    fn other_case(&mut self, text: &Json) -> Json {
        let text = text.as_str().unwrap();
        match self.dice.below(3) {
            0 => json!(text.to_ascii_uppercase()),
            1 => json!(text.to_lowercase()),
            _ => json!(text),
        }
    }

    /// Adds fields that every type has.
    fn common(&mut self) {
        if self.dice.chance(25) {
            let own = self.kind.site(&self.books, self.row.unwrap());
            let site = own.filter(|_| self.dice.chance(70));
            let site = site.unwrap_or_else(|| self.dice.between(1, 3));
            self.add("site_id", site);
        }
        let is_deleted = self.kind.has_deletion() && self.row.unwrap().has("deleted_at");
        let asks_for_deleted = self.body.get("status").is_some_and(|status| status == "deleted");
        let share = if is_deleted && !asks_for_deleted { 80 } else { 25 };
        let includes = self.dice.chance(share);
        if includes || self.dice.chance(10) {
            self.add("include_deleted", includes);
        }
    }

    /// Adds a filter of another type, which is ignored.
    fn foreign(&mut self) {
        let kinds = kinds();
        let other = self.dice.pick(&kinds);
        let own = self.kind.filters;
        let known = |name: &str| own.iter().any(|(own, _)| *own == name);
        let Some((name, filter)) = other.filters.iter().find(|(name, _)| !known(name)) else {
            return;
        };
        let value = match filter {
            ReferenceFilter::Words(words) => json!(words.split(' ').next()),
            ReferenceFilter::Id => json!(1),
            ReferenceFilter::Text | ReferenceFilter::AnyCase => json!("Ann"),
            ReferenceFilter::Currency => json!("gbp"),
            ReferenceFilter::Country => json!("GB"),
        };
        self.add(name, value);
    }

    fn shape(&mut self) {
        let format = self.dice.pick(&["csv", "csv", "ndjson"]);
        if format == "ndjson" || self.dice.chance(30) {
            self.add("format", format);
        }
        if format == "csv" && self.dice.chance(15) {
            let dialect = self.dice.pick(&["rfc4180", "excel"]);
            self.add("csv_dialect", dialect);
        }
        let by_line = self.kind.lines.is_some() && self.dice.chance(45);
        if by_line {
            self.add("row_per", "line");
        }
        let is_metadata = self.kind.object == "customers_metadata";
        let is_long = is_metadata && self.dice.chance(45);
        if is_long {
            self.add("layout", "long");
        }
        if self.dice.chance(25) {
            let headings = if is_metadata {
                self.metadata_headings(is_long, format == "ndjson")
            } else {
                self.kind.headings(by_line)
            };
            self.columns(headings);
        }
    }

    fn metadata_headings(&mut self, is_long: bool, is_ndjson: bool) -> Vec<String> {
        let mut headings = vec!["customer_id".to_owned(), "customer_email".to_owned()];
        if is_long {
            headings.extend(["key".to_owned(), "value".to_owned()])
        } else {
            let keys = object(self.row.unwrap()).into_keys();
            headings.extend(keys.map(|key| format!("metadata.{key}")));
            headings.push("metadata.no such key".to_owned());
        }
        if is_ndjson && !is_long {
            headings.push("metadata".to_owned());
        }
        headings
    }

    /// Adds a selection of these headings, in any order.
    fn columns(&mut self, mut headings: Vec<String>) {
        let most = i64::try_from(headings.len()).unwrap();
        let count = self.dice.between(1, most);
        let mut chosen = Vec::new();
        for _ in 0..count {
            chosen.push(headings.swap_remove(self.dice.below(headings.len())));
        }
        let has_comma = chosen.iter().any(|heading| heading.contains(','));
        if has_comma || self.dice.chance(50) {
            self.add("columns", chosen)
        } else {
            self.add("columns", chosen.join(", "))
        }
    }
}

/// Returns true if the filter can ask for deleted rows.
fn takes_deleted(filter: ReferenceFilter) -> bool {
    matches!(filter, ReferenceFilter::Words(words) if words.split(' ').any(|word| word == "deleted"))
}
