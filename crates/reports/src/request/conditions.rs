//! The conditions of a request: the report's filters with the values given. Rule: spec/reports.md
//! §2.2, §14.

use model::id::MAX_ID;
use model::time::{Date, Instant, Zone};

use super::parameters::Parameters;
use super::timeframe::{self, Calendar, Timeframe};
use super::values::{self, End, shown};
use crate::definition::Report;
use crate::definition::filter::{Filter, Test, Word};

/// The checked value of one condition. Each variant belongs to certain variants of [`Test`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wanted {
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
    pub(crate) wanted: Wanted,
}

const CUSTOM_FIELDS_MAX: usize = 20;
const CUSTOM_FIELD_BYTES_MAX: usize = 64;

/// The context in which values of conditions are read.
pub(crate) struct Surroundings<'a> {
    pub(crate) zone: &'a Zone,
    pub(crate) calendar: Calendar,
    /// The name of the caller; none if the credential has no name.
    pub(crate) identity_name: Option<&'a str>,
}

/// The word that stands for the caller in a list of instructors.
const ME: &str = "me";

/// Reads the conditions of a request to `report`. Errors are kept in `parameters`.
pub(crate) fn read(
    report: &Report,
    parameters: &mut Parameters<'_>,
    surroundings: &Surroundings<'_>,
) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (position, filter) in report.filters.iter().enumerate() {
        if let Some(wanted) = read_one(filter, parameters, surroundings) {
            conditions.push(Condition { filter: position, wanted });
        }
    }
    conditions
}

fn read_one(
    filter: &Filter,
    parameters: &mut Parameters<'_>,
    surroundings: &Surroundings<'_>,
) -> Option<Wanted> {
    let name = filter.name;
    let Surroundings { zone, calendar, identity_name } = *surroundings;
    match &filter.test {
        Test::Ids(_) | Test::IdsWith(_) => parameters.read_list(name, |items| {
            let ids = items.iter().map(|item| values::id(item)).collect::<Result<_, _>>()?;
            Ok(Wanted::Ids { ids, none: false })
        }),
        Test::IdsOrNone(_) => parameters.read_list(name, |items| {
            values::ids_or_none(items).map(|(ids, none)| Wanted::Ids { ids, none })
        }),
        Test::Words(words) => parameters.read_list(name, |items| read_words(words, items)),
        Test::Instructors(_) => {
            parameters.read_list(name, |items| instructors(items, identity_name))
        }
        Test::Is(_) | Test::Unless(_) | Test::IncludeDeleted | Test::UnlessAsked(_) => {
            parameters.read(name, |text| values::boolean(text).map(Wanted::Bool))
        }
        Test::IntFrom(_) | Test::IntTo(_) => {
            parameters.read(name, |text| values::int(text, -MAX_ID, MAX_ID).map(Wanted::Int))
        }
        Test::DateFrom(_) | Test::DateTo(_) | Test::UsageDate => {
            parameters.read(name, |text| values::date(text).map(Wanted::Date))
        }
        Test::InstantFrom(_) => parameters
            .read(name, |text| values::instant(text, zone, End::First).map(Wanted::Instant)),
        Test::InstantTo(_) => parameters
            .read(name, |text| values::instant(text, zone, End::Last).map(Wanted::Instant)),
        Test::DatesWithin(_) | Test::InstantsWithin(_) => {
            parameters.read(name, |text| timeframe::parse(text, calendar).map(Wanted::Timeframe))
        }
        Test::CustomFields => parameters.read_list(name, custom_fields),
    }
}

fn read_words(words: &[Word], items: &[String]) -> Result<Wanted, String> {
    let mut chosen = Vec::new();
    for item in items {
        let is_meant = |spelling: &&str| spelling.eq_ignore_ascii_case(item);
        let position =
            words.iter().position(|word| is_meant(&word.word) || word.also.iter().any(&is_meant));
        match position {
            Some(position) if chosen.contains(&position) => {}
            Some(position) => chosen.push(position),
            None => {
                let known = words.iter().map(|word| word.word).collect::<Vec<_>>().join(", ");
                return Err(format!("{} is not allowed: expected one of {known}", shown(item)));
            }
        }
    }
    Ok(Wanted::Words(chosen))
}

fn instructors(items: &[String], identity_name: Option<&str>) -> Result<Wanted, String> {
    let (me, ids): (Vec<_>, Vec<_>) = items.iter().partition(|item| item.eq_ignore_ascii_case(ME));
    let ids = ids.into_iter().map(|item| values::id(item)).collect::<Result<_, _>>()?;
    match (me.is_empty(), identity_name) {
        (true, _) => Ok(Wanted::Instructors { ids, me: None }),
        (false, Some(name)) => Ok(Wanted::Instructors { ids, me: Some(name.to_owned()) }),
        (false, None) => Err(format!("{ME} is nobody: this credential has no name")),
    }
}

fn custom_fields(items: &[String]) -> Result<Wanted, String> {
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
            shown(bad)
        )),
        None => Ok(Wanted::Keys(items.to_vec())),
    }
}
