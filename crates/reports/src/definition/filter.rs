//! One filter of a report: its name, the values it takes, and the rows it keeps.

use datafusion::logical_expr::Expr;

use super::scoped_expr::ScopedExpr;
use crate::error::ReportError;
use crate::query_scope::QueryScope;

/// One filter of a report.
pub(crate) struct ReportFilter {
    pub(crate) name: &'static str,
    /// The type given in the catalogue: `int[]`, `dt`, `tf`, ...
    pub(crate) word: &'static str,
    /// True if the vendor's API lacks the filter.
    pub(crate) is_addition: bool,
    /// The value that the catalogue names as the default.
    pub(crate) default: Option<&'static str>,
    pub(crate) test: FilterTest,
}

/// The values that a filter takes and the rows that it keeps.
pub(crate) enum FilterTest {
    /// A list of ids; keeps rows whose value is one of them.
    Ids(ScopedExpr),
    /// A list of ids or `none`; keeps rows whose value is one of them, or is missing if `none` is
    /// given.
    IdsOrNone(ScopedExpr),
    /// A list of ids, from which the function makes the condition.
    IdsWith(fn(&QueryScope<'_>, &[i64]) -> Result<Expr, ReportError>),
    /// A list of words; keeps rows for which the condition of a chosen word holds.
    Words(Vec<FilterWord>),
    /// A bool; keeps rows for which the condition equals it. The condition is never null.
    Is(ScopedExpr),
    /// A bool, true by default. When it is false, only rows for which this condition holds are
    /// kept. The condition is never null.
    Unless(ScopedExpr),
    /// An integer; keeps rows whose value is not smaller.
    IntFrom(ScopedExpr),
    /// An integer; keeps rows whose value is not larger.
    IntTo(ScopedExpr),
    /// The day for which usage is computed. It keeps all rows.
    UsageDate,
    /// A date; keeps rows whose value is not earlier.
    DateFrom(ScopedExpr),
    /// A date; keeps rows whose value is not later.
    DateTo(ScopedExpr),
    /// An instant; keeps rows whose value is not earlier.
    InstantFrom(ScopedExpr),
    /// An instant; keeps rows whose value is not later.
    InstantTo(ScopedExpr),
    /// A timeframe; keeps rows whose date lies in it.
    DatesWithin(ScopedExpr),
    /// A timeframe; keeps rows whose instant lies in it.
    InstantsWithin(ScopedExpr),
    /// A bool; when it is true, deleted base rows are kept as well.
    IncludeDeleted,
    /// A bool, false by default. Unless it is true, only rows for which this condition holds are
    /// kept.
    UnlessAsked(ScopedExpr),
    /// Ids of instructors, or `me`; keeps rows whose value, a list, contains one of them.
    Instructors(ScopedExpr),
    /// Keys of the customer's metadata (`c.metadata`). It keeps all rows and adds columns.
    CustomFields,
}

/// One word that a filter accepts, with its condition.
pub(crate) struct FilterWord {
    pub(crate) word: &'static str,
    /// Other spellings that are accepted.
    pub(crate) spellings: &'static [&'static str],
    pub(crate) condition: ScopedExpr,
}

fn filter(name: &'static str, word: &'static str, test: FilterTest) -> ReportFilter {
    ReportFilter { name, word, is_addition: false, default: None, test }
}

pub(crate) fn ids(name: &'static str, value: ScopedExpr) -> ReportFilter {
    filter(name, "int[]", FilterTest::Ids(value))
}

pub(crate) fn ids_or_none(name: &'static str, value: ScopedExpr) -> ReportFilter {
    filter(name, "string[]", FilterTest::IdsOrNone(value))
}

pub(crate) fn ids_with(
    name: &'static str,
    condition: fn(&QueryScope<'_>, &[i64]) -> Result<Expr, ReportError>,
) -> ReportFilter {
    filter(name, "int[]", FilterTest::IdsWith(condition))
}

/// Defines a filter with a list of words, each with its own condition.
pub(crate) fn words(name: &'static str, words: Vec<FilterWord>) -> ReportFilter {
    filter(name, "string[]", FilterTest::Words(words))
}

pub(crate) fn is(name: &'static str, condition: ScopedExpr) -> ReportFilter {
    filter(name, "bool", FilterTest::Is(condition))
}

/// Defines a bool filter that is true by default. When it is false, only rows for which `condition`
/// holds are kept.
pub(crate) fn unless(name: &'static str, condition: ScopedExpr) -> ReportFilter {
    ReportFilter { default: Some("true"), ..filter(name, "bool", FilterTest::Unless(condition)) }
}

/// Defines the filters `<name>_gte` and `<name>_lte` on an integer.
pub(crate) fn ints(names: [&'static str; 2], value: ScopedExpr) -> [ReportFilter; 2] {
    let from = filter(names[0], "int", FilterTest::IntFrom(ScopedExpr::clone(&value)));
    [from, filter(names[1], "int", FilterTest::IntTo(value))]
}

/// Defines the filter that sets the day for which usage is computed.
pub(crate) fn usage_date(name: &'static str) -> ReportFilter {
    ReportFilter { default: Some("today"), ..filter(name, "date", FilterTest::UsageDate) }
}

/// Defines the filters `<name>_gte` and `<name>_lte` on a date.
pub(crate) fn dates(names: [&'static str; 2], value: ScopedExpr) -> [ReportFilter; 2] {
    let from = filter(names[0], "date", FilterTest::DateFrom(ScopedExpr::clone(&value)));
    [from, filter(names[1], "date", FilterTest::DateTo(value))]
}

/// Defines the filters `<name>_gte` and `<name>_lte` on an instant.
pub(crate) fn instants(names: [&'static str; 2], value: ScopedExpr) -> [ReportFilter; 2] {
    let from = filter(names[0], "dt", FilterTest::InstantFrom(ScopedExpr::clone(&value)));
    [from, filter(names[1], "dt", FilterTest::InstantTo(value))]
}

pub(crate) fn dates_within(name: &'static str, value: ScopedExpr) -> ReportFilter {
    filter(name, "tf", FilterTest::DatesWithin(value))
}

pub(crate) fn instants_within(name: &'static str, value: ScopedExpr) -> ReportFilter {
    filter(name, "tf", FilterTest::InstantsWithin(value))
}

pub(crate) fn include_deleted() -> ReportFilter {
    let filter = filter("include_deleted", "bool", FilterTest::IncludeDeleted);
    ReportFilter { default: Some("false"), ..filter }
}

pub(crate) fn unless_asked(name: &'static str, condition: ScopedExpr) -> ReportFilter {
    let filter = filter(name, "bool", FilterTest::UnlessAsked(condition));
    ReportFilter { default: Some("false"), ..filter }
}

pub(crate) fn instructors(name: &'static str, ids: ScopedExpr) -> ReportFilter {
    filter(name, "string", FilterTest::Instructors(ids))
}

pub(crate) fn custom_fields() -> ReportFilter {
    filter("extra_customer_fields", "string", FilterTest::CustomFields)
}

impl ReportFilter {
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
            FilterTest::Ids(_)
                | FilterTest::IdsOrNone(_)
                | FilterTest::IdsWith(_)
                | FilterTest::Words(_)
                | FilterTest::CustomFields
                | FilterTest::Instructors(_)
        )
    }

    /// Returns the words that the filter takes; none if it does not take words.
    pub(crate) fn enumeration(&self) -> Option<Vec<&'static str>> {
        match &self.test {
            FilterTest::Words(words) => Some(words.iter().map(|word| word.word).collect()),
            _ => None,
        }
    }
}

/// Makes a word whose condition is that `value` equals the word.
pub(crate) fn word_equal_to(value: &ScopedExpr, word: &'static str) -> FilterWord {
    let value = ScopedExpr::clone(value);
    let holds = super::scoped_expr::scoped_expr(move |scope| {
        value(scope).eq(super::scoped_expr::text_literal(word))
    });
    FilterWord { word, spellings: &[], condition: holds }
}

/// Makes words, each of which has the condition that `value` equals it.
pub(crate) fn words_equal_to<const N: usize>(
    value: &ScopedExpr,
    words: [&'static str; N],
) -> Vec<FilterWord> {
    words.into_iter().map(|word| word_equal_to(value, word)).collect()
}

impl FilterWord {
    /// Sets other spellings that are accepted.
    pub(crate) fn also(mut self, spellings: &'static [&'static str]) -> Self {
        self.spellings = spellings;
        self
    }
}
