//! The conditions of a request: the report's filters with the values given. Rule: spec/reports.md
//! §2.2, §14.

use model::id::MAX_ID;
use model::time::{Date, Instant, Zone};

use super::parameters::Parameters;
use super::timeframe::{self, Timeframe, TimeframeCalendar};
use super::values::{self, DayEnd, quote_value};
use crate::definition::Report;
use crate::definition::filter::{FilterTest, FilterWord, ReportFilter};

/// The checked value of one condition. Each variant belongs to certain variants of [`FilterTest`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ConditionValue {
    Ids {
        ids: Vec<i64>,
        none: bool,
    },
    /// Positions in the list of words of the filter.
    Words(Vec<usize>),
    Bool(bool),
    Int(i64),
    Date(Date),
    Instant(Instant),
    Timeframe(Timeframe),
    Keys(Vec<String>),
    /// Ids of instructors, and the name of the caller if `me` is given.
    Instructors {
        ids: Vec<i64>,
        me: Option<String>,
    },
}

/// One condition: the position of the filter in the report, and the value given for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Condition {
    pub(crate) filter: usize,
    pub(crate) value: ConditionValue,
}

const CUSTOM_FIELDS_MAX: usize = 20;
const CUSTOM_FIELD_BYTES_MAX: usize = 64;

/// The context in which values of conditions are read.
pub(crate) struct ConditionContext<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) calendar: TimeframeCalendar,
    /// The name of the caller; none if the credential has no name.
    pub(crate) caller_name: Option<&'a str>,
}

/// The word that stands for the caller in a list of instructors.
const ME: &str = "me";

/// Reads the conditions of a request to `report`. Errors are kept in `parameters`.
pub(crate) fn read_conditions(
    report: &Report,
    parameters: &mut Parameters<'_>,
    surroundings: &ConditionContext<'_>,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (position, filter) in report.filters.iter().enumerate() {
        if let Some(wanted) = read_condition(filter, parameters, surroundings) {
            conditions.push(Condition { filter: position, value: wanted });
        }
    }
    conditions
}

fn read_condition(
    filter: &ReportFilter,
    parameters: &mut Parameters<'_>,
    surroundings: &ConditionContext<'_>,
) -> Option<ConditionValue> {
    let name = filter.name;
    let ConditionContext { zone, calendar, caller_name: identity_name } = *surroundings;
    match &filter.test {
        FilterTest::Ids(_) | FilterTest::IdsWith(_) => parameters.read_list(name, |items| {
            let ids = items.iter().map(|item| values::parse_id(item)).collect::<Result<_, _>>()?;
            Ok(ConditionValue::Ids { ids, none: false })
        }),
        FilterTest::IdsOrNone(_) => parameters.read_list(name, |items| {
            values::parse_ids_or_none(items).map(|(ids, none)| ConditionValue::Ids { ids, none })
        }),
        FilterTest::Words(words) => parameters.read_list(name, |items| read_words(words, items)),
        FilterTest::Instructors(_) => {
            parameters.read_list(name, |items| read_instructors(items, identity_name))
        }
        FilterTest::Is(_)
        | FilterTest::Unless(_)
        | FilterTest::IncludeDeleted
        | FilterTest::UnlessAsked(_) => {
            parameters.read(name, |text| values::parse_bool(text).map(ConditionValue::Bool))
        }
        FilterTest::IntFrom(_) | FilterTest::IntTo(_) => parameters
            .read(name, |text| values::parse_int(text, -MAX_ID, MAX_ID).map(ConditionValue::Int)),
        FilterTest::DateFrom(_) | FilterTest::DateTo(_) | FilterTest::UsageDate => {
            parameters.read(name, |text| values::parse_date(text).map(ConditionValue::Date))
        }
        FilterTest::InstantFrom(_) => parameters.read(name, |text| {
            values::parse_instant(text, zone, DayEnd::First).map(ConditionValue::Instant)
        }),
        FilterTest::InstantTo(_) => parameters.read(name, |text| {
            values::parse_instant(text, zone, DayEnd::Last).map(ConditionValue::Instant)
        }),
        FilterTest::DatesWithin(_) | FilterTest::InstantsWithin(_) => parameters
            .read(name, |text| {
                timeframe::parse_timeframe(text, calendar).map(ConditionValue::Timeframe)
            }),
        FilterTest::CustomFields => parameters.read_list(name, read_custom_fields),
    }
}

fn read_words(words: &[FilterWord], items: &[String]) -> Result<ConditionValue, String> {
    let mut chosen = Vec::new();
    for item in items {
        let is_meant = |spelling: &&str| spelling.eq_ignore_ascii_case(item);
        let position = words
            .iter()
            .position(|word| is_meant(&word.word) || word.spellings.iter().any(&is_meant));
        match position {
            Some(position) if chosen.contains(&position) => {}
            Some(position) => chosen.push(position),
            None => {
                let known = words.iter().map(|word| word.word).collect::<Vec<_>>().join(", ");
                return Err(format!(
                    "{} is not allowed: expected one of {known}",
                    quote_value(item)
                ));
            }
        }
    }
    Ok(ConditionValue::Words(chosen))
}

fn read_instructors(
    items: &[String],
    identity_name: Option<&str>,
) -> Result<ConditionValue, String> {
    let (me, ids): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.eq_ignore_ascii_case(ME));
    let ids = ids.into_iter().map(|item| values::parse_id(item)).collect::<Result<_, _>>()?;
    match (me.is_empty(), identity_name) {
        (true, _) => Ok(ConditionValue::Instructors { ids, me: None }),
        (false, Some(name)) => Ok(ConditionValue::Instructors { ids, me: Some(name.to_owned()) }),
        (false, None) => Err(format!("{ME} is nobody: this credential has no name")),
    }
}

fn read_custom_fields(items: &[String]) -> Result<ConditionValue, String> {
    if items.len() > CUSTOM_FIELDS_MAX {
        return Err(format!("{} keys; at most {CUSTOM_FIELDS_MAX} are allowed", items.len()));
    }
    let is_key = |item: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        item.len() <= CUSTOM_FIELD_BYTES_MAX && item.bytes().all(is_plain)
    };
    match items.iter().find(|item| !is_key(item)) {
        Some(bad) => Err(format!(
            "{} is not a key: expected 1 to {CUSTOM_FIELD_BYTES_MAX} of A-Z, a-z, 0-9, _ and -",
            quote_value(bad)
        )),
        None => Ok(ConditionValue::Keys(items.to_vec())),
    }
}
