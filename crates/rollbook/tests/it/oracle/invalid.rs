//! Random bad requests, each with the fields that the error must name. Rule: spec/reports.md §14.

use super::catalogue::{self, OracleReport};
use super::filter::OracleFilterTest;
use super::generate::TestRandom;

/// Endless iterator of report names, parameters, and the expected names in `field_errors`.
pub(crate) struct InvalidRequestGenerator {
    dice: TestRandom,
    resources: Vec<String>,
}

impl InvalidRequestGenerator {
    /// Creates a generator of bad requests for `resources`.
    pub(crate) fn new(seed: u64, resources: Vec<String>) -> Self {
        Self { dice: TestRandom::new(seed), resources }
    }

    /// Returns one wrong parameter, with the field to name.
    fn mistake(&mut self, report: &OracleReport, is_grouped: bool) -> (String, String) {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        match self.dice.below(12) {
            0 => pair("columns", self.dice.pick(&["foo", "count,foo", "id."])),
            1 => pair("sort", &self.bad_sort(report, is_grouped)),
            2 => pair("limit", self.dice.pick(&["101", "-1", "x", "1.5", "99999999999999999999"])),
            3 => pair("offset", self.dice.pick(&["-1", "x", "9007199254740992"])),
            4 => pair("page", self.dice.pick(&["0", "-1", "x", "9007199254740992"])),
            5 => pair("page_size", self.dice.pick(&["101", "-1", "x"])),
            6 => pair("id_gt", self.dice.pick(&["-1", "x", "9007199254740992"])),
            7 => pair("format", self.dice.pick(&["xml", "pdf"])),
            8 => self.pivot_mistake(report, is_grouped),
            9 => {
                let unknown =
                    self.dice.pick(&["foo", "customer", "created_at", "status_gte", "x.y"]);
                pair(unknown, "1")
            }
            _ => self.filter_mistake(report),
        }
    }

    fn bad_sort(&mut self, report: &OracleReport, is_grouped: bool) -> String {
        let unsortable = report.columns.iter().find(|column| !column.sortable);
        let unsortable = unsortable.map_or("foo".to_owned(), |column| column.key.clone());
        let nine = report.columns.iter().filter(|column| column.sortable).take(9);
        let nine = nine.map(|column| column.key.as_str()).collect::<Vec<_>>().join(",");
        match is_grouped {
            // The base request of a grouped report selects only one measure.
            true => self.dice.pick(&["foo", "status", "-gender"]).to_owned(),
            false if nine.split(',').count() < 9 => "foo".to_owned(),
            false => self.dice.pick(&["foo".to_owned(), "-".to_owned(), unsortable, nine]),
        }
    }

    fn pivot_mistake(&mut self, report: &OracleReport, is_grouped: bool) -> (String, String) {
        let pivots = report.grouping.as_ref().filter(|_| is_grouped).map_or(&[][..], |g| g.pivots);
        let has_all = pivots.contains(&"all");
        match self.dice.below(3) {
            0 if !pivots.is_empty() => {
                ("max_pivot_columns".into(), self.dice.pick(&["0", "13", "x"]).into())
            }
            1 if !pivots.is_empty() => ("pivot_until".into(), "2026-02-30".into()),
            _ if has_all => ("pivot".into(), "active_by_month".into()),
            _ => ("pivot".into(), self.dice.pick(&["all", "month"]).into()),
        }
    }

    fn filter_mistake(&mut self, report: &OracleReport) -> (String, String) {
        let filter = self.dice.pick(&report.filters);
        let value = match &filter.test {
            OracleFilterTest::Ids(_) => {
                self.dice.pick(&["0", "-5", "x", "1,none", "9007199254740992", "1;2"])
            }
            OracleFilterTest::IdsOrNone(_) => self.dice.pick(&["abc", "1,nothing", "-1"]),
            OracleFilterTest::Words(..) => self.dice.pick(&["foo", "1"]),
            OracleFilterTest::IntFrom(_) | OracleFilterTest::IntTo(_) => {
                self.dice.pick(&["x", "1.5", "1,2"])
            }
            OracleFilterTest::UsageDate => {
                self.dice.pick(&["2026-02-29", "20260101", "1799-12-31", "3000-01-01"])
            }
            OracleFilterTest::Flag(_)
            | OracleFilterTest::Switch(_)
            | OracleFilterTest::Unless(_) => self.dice.pick(&["yes", "2", "t"]),
            OracleFilterTest::DateFrom(_) | OracleFilterTest::DateTo(_) => self.dice.pick(&[
                "2026-02-30",
                "2026-1-1",
                "x",
                "1799-12-31",
                "2026-01-01T00:00:00Z",
            ]),
            OracleFilterTest::InstantFrom(_) | OracleFilterTest::InstantTo(_) => {
                self.dice.pick(&["2026-02-30", "x", "2026-01-01T25:00:00Z", "1767225600"])
            }
            OracleFilterTest::DateFrame(_) | OracleFilterTest::InstantFrame(_) => self
                .dice
                .pick(&["soon", "2026..2025", "last_0_days", "last_1000_days", "..", "2026-13"]),
            OracleFilterTest::CustomFields => self.dice.pick(&["a b", "a,ü", "a.b"]),
        };
        (filter.name, value.to_owned())
    }
}

impl Iterator for InvalidRequestGenerator {
    type Item = (String, Vec<(String, String)>, Vec<String>);

    fn next(&mut self) -> Option<Self::Item> {
        let resource = self.dice.pick(&self.resources);
        let is_grouped = resource.ends_with(".grouped");
        let report = catalogue::report(resource.strip_suffix(".grouped").unwrap_or(&resource));
        let mut pairs: Vec<(String, String)> = Vec::new();
        for _ in 0..self.dice.between(1, 3) {
            let mistake = self.mistake(&report, is_grouped);
            // A sort is valid only for certain columns, so one request never changes both.
            let clash = |(known, _): &(String, String)| {
                *known == mistake.0
                    || ["columns", "sort"].iter().all(|name| known == name || mistake.0 == **name)
            };
            if !pairs.iter().any(clash) {
                pairs.push(mistake);
            }
        }
        let mut fields = pairs.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        fields.sort();
        if let Some(grouping) = report.grouping.as_ref().filter(|_| is_grouped)
            && !fields.contains(&"columns".to_owned())
        {
            pairs.push(("columns".to_owned(), grouping.measures[0].key.to_owned()));
        }
        Some((resource, pairs, fields))
    }
}
