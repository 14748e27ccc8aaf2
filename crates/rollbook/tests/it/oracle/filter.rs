//! Filters, and the parsing of their values. Rule: spec/reports.md §2.2.

use std::rc::Rc;

use model::provider::Provider;
use model::time::{Date, Fold, Instant};

use super::column::Get;
use super::data::OracleRow;
use super::timeframe::OracleTimeframe;
use super::world::OracleContext;

/// One filter of a report.
#[derive(Clone)]
pub(super) struct OracleFilter {
    pub(super) name: String,
    pub(super) test: OracleFilterTest,
}

/// The comparison of a filter. Lists are alternatives.
#[derive(Clone)]
pub(super) enum OracleFilterTest {
    /// Ids; the row must have one of them.
    Ids(Get<Vec<i64>>),
    /// Ids or `none`.
    IdsOrNone(Get<Option<i64>>),
    /// Words: each accepted word with the word that it stands for; the row must have one of them.
    Words(Vec<(&'static str, &'static str)>, Get<Vec<String>>),
    Flag(Get<bool>),
    /// Rows for which this is true are excluded unless the switch is on.
    Switch(Get<bool>),
    DateFrom(Get<Option<Date>>),
    DateTo(Get<Option<Date>>),
    InstantFrom(Get<Option<Instant>>),
    InstantTo(Get<Option<Instant>>),
    DateFrame(Get<Option<Date>>),
    InstantFrame(Get<Option<Instant>>),
    IntFrom(Get<Option<i64>>),
    IntTo(Get<Option<i64>>),
    /// Rows for which this is false are excluded when the switch is off.
    Unless(Get<bool>),
    /// The day whose usage is shown; not a filter of rows.
    UsageDate,
    /// Keys of custom fields that become columns; not a filter of rows.
    CustomFields,
}

/// The bound that an instant without offset, or a bare date, is parsed for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    From,
    To,
}

fn filter(name: &str, test: OracleFilterTest) -> OracleFilter {
    OracleFilter { name: name.to_owned(), test }
}

/// Returns a filter by ids, of which a row has at most one.
pub(super) fn ids(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<i64> + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::Ids(Rc::new(move |w, r| get(w, r).into_iter().collect())))
}

/// Returns a filter by ids, of which a row has any number.
pub(super) fn any_ids(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Vec<i64> + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::Ids(Rc::new(get)))
}

pub(super) fn ids_or_none(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<i64> + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::IdsOrNone(Rc::new(get)))
}

pub(super) fn words(
    name: &str,
    accepted: &[&'static str],
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<String> + 'static,
) -> OracleFilter {
    any_words(name, accepted, move |w, r| get(w, r).into_iter().collect())
}

pub(super) fn any_words(
    name: &str,
    accepted: &[&'static str],
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Vec<String> + 'static,
) -> OracleFilter {
    let accepted = accepted.iter().map(|word| (*word, *word)).collect();
    filter(name, OracleFilterTest::Words(accepted, Rc::new(get)))
}

/// Returns a filter by membership types, which have two spellings.
pub(super) fn membership_types(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<String> + 'static,
) -> OracleFilter {
    let mut filter = words(name, &["pack", "prepaid", "recurring"], get);
    if let OracleFilterTest::Words(accepted, _) = &mut filter.test {
        accepted.extend([("prepaid_plan", "prepaid"), ("recurring_plan", "recurring")]);
    }
    filter
}

pub(super) fn flag(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> bool + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::Flag(Rc::new(get)))
}

pub(super) fn switch(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> bool + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::Switch(Rc::new(get)))
}

/// Returns `{name}_gte` and `{name}_lte` on a date.
pub(super) fn date_bounds(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<Date> + 'static,
) -> [OracleFilter; 2] {
    let get: Get<Option<Date>> = Rc::new(get);
    [
        filter(&format!("{name}_gte"), OracleFilterTest::DateFrom(Rc::clone(&get))),
        filter(&format!("{name}_lte"), OracleFilterTest::DateTo(get)),
    ]
}

/// Returns `{name}_gte` and `{name}_lte` on an instant.
pub(super) fn instant_bounds(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<Instant> + 'static,
) -> [OracleFilter; 2] {
    let get: Get<Option<Instant>> = Rc::new(get);
    [
        filter(&format!("{name}_gte"), OracleFilterTest::InstantFrom(Rc::clone(&get))),
        filter(&format!("{name}_lte"), OracleFilterTest::InstantTo(get)),
    ]
}

pub(super) fn date_frame(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<Date> + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::DateFrame(Rc::new(get)))
}

pub(super) fn instant_frame(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<Instant> + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::InstantFrame(Rc::new(get)))
}

/// Returns `{name}_gte` and `{name}_lte` on a number.
pub(super) fn int_bounds(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<i64> + 'static,
) -> [OracleFilter; 2] {
    let get: Get<Option<i64>> = Rc::new(get);
    [
        filter(&format!("{name}_gte"), OracleFilterTest::IntFrom(Rc::clone(&get))),
        filter(&format!("{name}_lte"), OracleFilterTest::IntTo(get)),
    ]
}

pub(super) fn unless(
    name: &str,
    get: impl Fn(&OracleContext<'_>, &OracleRow) -> bool + 'static,
) -> OracleFilter {
    filter(name, OracleFilterTest::Unless(Rc::new(get)))
}

pub(super) fn usage_date(name: &str) -> OracleFilter {
    filter(name, OracleFilterTest::UsageDate)
}

pub(super) fn custom_fields(name: &str) -> OracleFilter {
    filter(name, OracleFilterTest::CustomFields)
}

impl OracleFilter {
    /// Returns true if a row passes; `items` are the values of the parameter, empty = not given.
    pub(super) fn passes(&self, w: &OracleContext<'_>, r: &OracleRow, items: &[String]) -> bool {
        let Some(first) = items.first() else {
            return match &self.test {
                OracleFilterTest::Switch(hidden) => !hidden(w, r),
                _ => true,
            };
        };
        let id = |item: &String| item.parse::<i64>().expect("an id");
        let frame = || OracleTimeframe::parse(first, w).expect("a timeframe");
        let date = || Date::parse(first).expect("a date");
        match &self.test {
            OracleFilterTest::Ids(get) => items.iter().any(|item| get(w, r).contains(&id(item))),
            OracleFilterTest::IdsOrNone(get) => items.iter().any(|item| {
                if item == "none" { get(w, r).is_none() } else { get(w, r) == Some(id(item)) }
            }),
            OracleFilterTest::Words(accepted, get) => {
                let has = get(w, r);
                items.iter().any(|item| {
                    let word = accepted.iter().find(|(word, _)| word.eq_ignore_ascii_case(item));
                    let (_, meaning) = word.unwrap_or_else(|| panic!("{}={item}", self.name));
                    has.iter().any(|has| has == meaning)
                })
            }
            OracleFilterTest::Flag(get) => get(w, r) == parse_bool(first),
            OracleFilterTest::Switch(hidden) => parse_bool(first) || !hidden(w, r),
            OracleFilterTest::DateFrom(get) => get(w, r).is_some_and(|value| value >= date()),
            OracleFilterTest::DateTo(get) => get(w, r).is_some_and(|value| value <= date()),
            OracleFilterTest::InstantFrom(get) => {
                get(w, r).is_some_and(|t| t >= parse_instant(first, w.provider, Bound::From))
            }
            OracleFilterTest::InstantTo(get) => {
                get(w, r).is_some_and(|t| t <= parse_instant(first, w.provider, Bound::To))
            }
            OracleFilterTest::DateFrame(get) => frame().holds_date(get(w, r), w),
            OracleFilterTest::InstantFrame(get) => frame().holds_instant(get(w, r), w),
            OracleFilterTest::IntFrom(get) => get(w, r).is_some_and(|value| value >= id(first)),
            OracleFilterTest::IntTo(get) => get(w, r).is_some_and(|value| value <= id(first)),
            OracleFilterTest::Unless(get) => parse_bool(first) || get(w, r),
            OracleFilterTest::UsageDate | OracleFilterTest::CustomFields => true,
        }
    }
}

pub(super) fn parse_bool(text: &str) -> bool {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => true,
        "false" | "0" => false,
        _ => panic!("{text} is no bool"),
    }
}

/// Parses a datetime parameter.
pub(crate) fn parse_instant(text: &str, provider: &Provider, bound: Bound) -> Instant {
    let zone = &provider.timezone;
    let text = text.trim();
    if let Some(day) = Date::parse(text) {
        return match bound {
            Bound::From => zone.start_of(day),
            Bound::To => Instant::from_micros(zone.start_of(day.plus_days(1)).micros() - 1),
        };
    }
    let mut text = text.to_owned();
    if text.len() > 19 && text.as_bytes()[text.len() - 6] == b' ' {
        text.replace_range(text.len() - 6..text.len() - 5, "+");
    }
    if let Some(instant) = Instant::parse(&text) {
        return instant;
    }
    let (date, time) = text.split_at(10);
    let date = Date::parse(date).unwrap_or_else(|| panic!("{text} is no instant"));
    let (time, fraction) = time[1..].split_once('.').unwrap_or((&time[1..], "0"));
    let parts = time.split(':').map(|part| part.parse::<i64>().expect("a number"));
    let seconds = parts.fold(0, |seconds, part| seconds * 60 + part);
    let micros = format!("{fraction:0<6}").parse::<i64>().expect("a fraction");
    let fold = if bound == Bound::From { Fold::Earlier } else { Fold::Later };
    zone.instant_at(date, seconds * 1_000_000 + micros, fold)
}

#[cfg(test)]
mod tests {
    use model::id::ProviderId;
    use model::time::Zone;

    use super::*;

    #[test]
    fn instants_are_read_in_the_providers_zone() {
        let mut provider = Provider::new(ProviderId(1), "p");
        provider.timezone = Zone::parse("Europe/London").unwrap();
        for (bound, text, expected) in [
            (Bound::From, "2026-07-01", "2026-06-30T23:00:00Z"),
            (Bound::To, "2026-07-01", "2026-07-01T22:59:59.999999Z"),
            (Bound::From, "2026-07-01 10:00:00", "2026-07-01T09:00:00Z"),
            (Bound::From, "2026-07-01T10:00:00.5", "2026-07-01T09:00:00.500Z"),
            (Bound::From, "2026-07-01T10:00:00 02:00", "2026-07-01T08:00:00Z"),
            (Bound::From, "2026-10-25T01:30:00", "2026-10-25T00:30:00Z"),
            (Bound::To, "2026-10-25T01:30:00", "2026-10-25T01:30:00Z"),
            (Bound::To, "2026-03-29T01:30:00", "2026-03-29T01:00:00Z"),
        ] {
            assert_eq!(parse_instant(text, &provider, bound).to_string(), expected, "{text}");
        }
    }
}
