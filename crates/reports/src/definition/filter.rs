//! One filter of a report: its name, what it takes, which rows it keeps.

use datafusion::logical_expr::Expr;

use super::value::Value;
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// One filter.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    /// The type that the catalogue gives: `int[]`, `dt`, `tf`, ...
    pub(crate) word: &'static str,
    /// The vendor does not have it.
    pub(crate) is_addition: bool,
    /// What holds when it is not given, as the catalogue says it.
    pub(crate) default: Option<&'static str>,
    pub(crate) test: Test,
}

/// What a filter takes and which rows it keeps.
pub(crate) enum Test {
    /// Ids: the value is one of them.
    Ids(Value),
    /// Ids or `none`: the value is one of them, or missing.
    IdsOrNone(Value),
    /// Ids that a plan turns into a condition.
    IdsWith(fn(&Scope<'_>, &[i64]) -> Result<Expr, ReportError>),
    /// Words: one of the chosen ones' conditions holds.
    Words(Vec<Word>),
    /// A bool: the condition (never null) holds or not.
    Is(Value),
    /// A bool, true unless given: when false, only rows for which this (never null) holds.
    Unless(Value),
    /// An integer: the value is not below it.
    IntFrom(Value),
    /// An integer: the value is not above it.
    IntTo(Value),
    /// The day whose usage is meant: no condition.
    UsageDate,
    /// A date: the value is not before it.
    DateFrom(Value),
    /// A date: the value is not after it.
    DateTo(Value),
    /// An instant: the value is not before it.
    InstantFrom(Value),
    /// An instant: the value is not after it.
    InstantTo(Value),
    /// A timeframe that a date lies in.
    DatesWithin(Value),
    /// A timeframe that an instant lies in.
    InstantsWithin(Value),
    /// A bool that lets deleted base rows in.
    IncludeDeleted,
    /// A bool: unless it is true, only rows for which this holds.
    UnlessAsked(Value),
    /// Ids of instructors, or `me`: the value, a list, holds one of them.
    Instructors(Value),
    /// Keys of `c.metadata`: no condition, but further columns.
    CustomFields,
}

/// One word of an enum.
pub(crate) struct Word {
    pub(crate) word: &'static str,
    /// Other spellings that are accepted.
    pub(crate) also: &'static [&'static str],
    pub(crate) holds: Value,
}

fn filter(name: &'static str, word: &'static str, test: Test) -> Filter {
    Filter { name, word, is_addition: false, default: None, test }
}

pub(crate) fn ids(name: &'static str, value: Value) -> Filter {
    filter(name, "int[]", Test::Ids(value))
}

pub(crate) fn ids_or_none(name: &'static str, value: Value) -> Filter {
    filter(name, "string[]", Test::IdsOrNone(value))
}

pub(crate) fn ids_with(
    name: &'static str,
    condition: fn(&Scope<'_>, &[i64]) -> Result<Expr, ReportError>,
) -> Filter {
    filter(name, "int[]", Test::IdsWith(condition))
}

/// A list of words, each with its own condition.
pub(crate) fn words(name: &'static str, words: Vec<Word>) -> Filter {
    filter(name, "string[]", Test::Words(words))
}

pub(crate) fn is(name: &'static str, condition: Value) -> Filter {
    filter(name, "bool", Test::Is(condition))
}

/// A bool, true by default; when it is false, only rows for which `condition` holds are kept.
pub(crate) fn unless(name: &'static str, condition: Value) -> Filter {
    Filter { default: Some("true"), ..filter(name, "bool", Test::Unless(condition)) }
}

/// `<name>_gte` and `<name>_lte` on an integer.
pub(crate) fn ints(names: [&'static str; 2], value: Value) -> [Filter; 2] {
    let from = filter(names[0], "int", Test::IntFrom(Value::clone(&value)));
    [from, filter(names[1], "int", Test::IntTo(value))]
}

/// The day whose usage is meant.
pub(crate) fn usage_date(name: &'static str) -> Filter {
    Filter { default: Some("today"), ..filter(name, "date", Test::UsageDate) }
}

/// `<name>_gte` and `<name>_lte` on a date.
pub(crate) fn dates(names: [&'static str; 2], value: Value) -> [Filter; 2] {
    let from = filter(names[0], "date", Test::DateFrom(Value::clone(&value)));
    [from, filter(names[1], "date", Test::DateTo(value))]
}

/// `<name>_gte` and `<name>_lte` on an instant.
pub(crate) fn instants(names: [&'static str; 2], value: Value) -> [Filter; 2] {
    let from = filter(names[0], "dt", Test::InstantFrom(Value::clone(&value)));
    [from, filter(names[1], "dt", Test::InstantTo(value))]
}

pub(crate) fn dates_within(name: &'static str, value: Value) -> Filter {
    filter(name, "tf", Test::DatesWithin(value))
}

pub(crate) fn instants_within(name: &'static str, value: Value) -> Filter {
    filter(name, "tf", Test::InstantsWithin(value))
}

pub(crate) fn include_deleted() -> Filter {
    let filter = filter("include_deleted", "bool", Test::IncludeDeleted);
    Filter { default: Some("false"), ..filter }
}

pub(crate) fn unless_asked(name: &'static str, condition: Value) -> Filter {
    let filter = filter(name, "bool", Test::UnlessAsked(condition));
    Filter { default: Some("false"), ..filter }
}

pub(crate) fn instructors(name: &'static str, ids: Value) -> Filter {
    filter(name, "string", Test::Instructors(ids))
}

pub(crate) fn custom_fields() -> Filter {
    filter("extra_customer_fields", "string", Test::CustomFields)
}

impl Filter {
    /// Not the vendor's.
    pub(crate) fn addition(mut self) -> Self {
        self.is_addition = true;
        self
    }

    /// The type that the catalogue gives where it differs from what the test takes.
    pub(crate) fn typed(mut self, word: &'static str) -> Self {
        self.word = word;
        self
    }

    /// Whether it takes several values.
    pub(crate) fn is_list(&self) -> bool {
        matches!(
            self.test,
            Test::Ids(_)
                | Test::IdsOrNone(_)
                | Test::IdsWith(_)
                | Test::Words(_)
                | Test::CustomFields
                | Test::Instructors(_)
        )
    }

    /// The words it takes, when it takes words.
    pub(crate) fn enumeration(&self) -> Option<Vec<&'static str>> {
        match &self.test {
            Test::Words(words) => Some(words.iter().map(|word| word.word).collect()),
            _ => None,
        }
    }
}

/// A word that holds where `value` equals it.
pub(crate) fn equal(value: &Value, word: &'static str) -> Word {
    let value = Value::clone(value);
    let holds = super::value::value(move |scope| value(scope).eq(super::value::text(word)));
    Word { word, also: &[], holds }
}

/// Words that each hold where `value` equals them.
pub(crate) fn each_equal<const N: usize>(value: &Value, words: [&'static str; N]) -> Vec<Word> {
    words.into_iter().map(|word| equal(value, word)).collect()
}

impl Word {
    /// Also accepted as.
    pub(crate) fn also(mut self, spellings: &'static [&'static str]) -> Self {
        self.also = spellings;
        self
    }
}
