//! One filter of a report: its name, the values it takes, and the rows it keeps.

use datafusion::logical_expr::Expr;

use super::value::Value;
use crate::engine::scope::Scope;
use crate::error::ReportError;

/// One filter of a report.
pub(crate) struct Filter {
    pub(crate) name: &'static str,
    /// The type given in the catalogue: `int[]`, `dt`, `tf`, ...
    pub(crate) word: &'static str,
    /// True if the vendor's API lacks the filter.
    pub(crate) is_addition: bool,
    /// The value that the catalogue names as the default.
    pub(crate) default: Option<&'static str>,
    pub(crate) test: Test,
}

/// The values that a filter takes and the rows that it keeps.
pub(crate) enum Test {
    /// A list of ids; keeps rows whose value is one of them.
    Ids(Value),
    /// A list of ids or `none`; keeps rows whose value is one of them, or is missing if `none` is
    /// given.
    IdsOrNone(Value),
    /// A list of ids, from which the function makes the condition.
    IdsWith(fn(&Scope<'_>, &[i64]) -> Result<Expr, ReportError>),
    /// A list of words; keeps rows for which the condition of a chosen word holds.
    Words(Vec<Word>),
    /// A bool; keeps rows for which the condition equals it. The condition is never null.
    Is(Value),
    /// A bool, true by default. When it is false, only rows for which this condition holds are
    /// kept. The condition is never null.
    Unless(Value),
    /// An integer; keeps rows whose value is not smaller.
    IntFrom(Value),
    /// An integer; keeps rows whose value is not larger.
    IntTo(Value),
    /// The day for which usage is computed. It keeps all rows.
    UsageDate,
    /// A date; keeps rows whose value is not earlier.
    DateFrom(Value),
    /// A date; keeps rows whose value is not later.
    DateTo(Value),
    /// An instant; keeps rows whose value is not earlier.
    InstantFrom(Value),
    /// An instant; keeps rows whose value is not later.
    InstantTo(Value),
    /// A timeframe; keeps rows whose date lies in it.
    DatesWithin(Value),
    /// A timeframe; keeps rows whose instant lies in it.
    InstantsWithin(Value),
    /// A bool; when it is true, deleted base rows are kept as well.
    IncludeDeleted,
    /// A bool, false by default. Unless it is true, only rows for which this condition holds are
    /// kept.
    UnlessAsked(Value),
    /// Ids of instructors, or `me`; keeps rows whose value, a list, contains one of them.
    Instructors(Value),
    /// Keys of the customer's metadata (`c.metadata`). It keeps all rows and adds columns.
    CustomFields,
}

/// One word that a filter accepts, with its condition.
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

/// Defines a filter with a list of words, each with its own condition.
pub(crate) fn words(name: &'static str, words: Vec<Word>) -> Filter {
    filter(name, "string[]", Test::Words(words))
}

pub(crate) fn is(name: &'static str, condition: Value) -> Filter {
    filter(name, "bool", Test::Is(condition))
}

/// Defines a bool filter that is true by default. When it is false, only rows for which `condition`
/// holds are kept.
pub(crate) fn unless(name: &'static str, condition: Value) -> Filter {
    Filter { default: Some("true"), ..filter(name, "bool", Test::Unless(condition)) }
}

/// Defines the filters `<name>_gte` and `<name>_lte` on an integer.
pub(crate) fn ints(names: [&'static str; 2], value: Value) -> [Filter; 2] {
    let from = filter(names[0], "int", Test::IntFrom(Value::clone(&value)));
    [from, filter(names[1], "int", Test::IntTo(value))]
}

/// Defines the filter that sets the day for which usage is computed.
pub(crate) fn usage_date(name: &'static str) -> Filter {
    Filter { default: Some("today"), ..filter(name, "date", Test::UsageDate) }
}

/// Defines the filters `<name>_gte` and `<name>_lte` on a date.
pub(crate) fn dates(names: [&'static str; 2], value: Value) -> [Filter; 2] {
    let from = filter(names[0], "date", Test::DateFrom(Value::clone(&value)));
    [from, filter(names[1], "date", Test::DateTo(value))]
}

/// Defines the filters `<name>_gte` and `<name>_lte` on an instant.
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
    /// Marks the filter as an addition to the vendor's API.
    pub(crate) fn addition(mut self) -> Self {
        self.is_addition = true;
        self
    }

    /// Sets the type given in the catalogue, where it differs from the type that the test implies.
    pub(crate) fn typed(mut self, word: &'static str) -> Self {
        self.word = word;
        self
    }

    /// Returns true if the filter takes several values.
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

    /// Returns the words that the filter takes; none if it does not take words.
    pub(crate) fn enumeration(&self) -> Option<Vec<&'static str>> {
        match &self.test {
            Test::Words(words) => Some(words.iter().map(|word| word.word).collect()),
            _ => None,
        }
    }
}

/// Makes a word whose condition is that `value` equals the word.
pub(crate) fn equal(value: &Value, word: &'static str) -> Word {
    let value = Value::clone(value);
    let holds = super::value::value(move |scope| value(scope).eq(super::value::text(word)));
    Word { word, also: &[], holds }
}

/// Makes words, each of which has the condition that `value` equals it.
pub(crate) fn each_equal<const N: usize>(value: &Value, words: [&'static str; N]) -> Vec<Word> {
    words.into_iter().map(|word| equal(value, word)).collect()
}

impl Word {
    /// Sets other spellings that are accepted.
    pub(crate) fn also(mut self, spellings: &'static [&'static str]) -> Self {
        self.also = spellings;
        self
    }
}
