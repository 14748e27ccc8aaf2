//! One filter of an export type: its name, the values it takes, and the rows it keeps.

use datafusion::functions::expr_fn::translate;
use datafusion::logical_expr::{Expr, lit};

use crate::definition::filter::{FilterWord, words_equal_to};
use crate::definition::scoped_expr::{ScopedExpr, column_value, scoped_expr, text_literal};
use crate::query_scope::QueryScope;
use datafusion::prelude::col;

/// The word that stands for all rows.
pub(super) const ALL_WORD: &str = "all";

/// One filter of an export type.
pub(super) struct ExportFilter {
    pub(super) name: &'static str,
    pub(super) test: ExportFilterTest,
}

/// The values that a filter takes and the rows that it keeps.
pub(super) enum ExportFilterTest {
    /// One word; keeps rows for which its condition holds. [`ALL_WORD`] is always accepted, but the
    /// catalogue lists it only if `prints_all` is true.
    Words { words: Vec<FilterWord>, prints_all: bool },
    /// An id; keeps rows whose value equals it.
    Id(ScopedExpr),
    /// The id of an item's product. The layout makes the condition.
    ItemProduct,
    /// The id of an item's SKU. The layout makes the condition.
    ItemSku,
    /// A text; keeps rows whose value equals it.
    Text(ScopedExpr),
    /// A text; keeps rows whose value equals it, ignoring the case of the letters A to Z.
    AnyCase(ScopedExpr),
    /// A currency; keeps rows whose value equals it.
    Currency(ScopedExpr),
    /// A country; keeps rows whose value equals it.
    Country(ScopedExpr),
}

/// The value given for a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ExportFilterValue {
    Id(i64),
    Text(String),
}

impl ExportFilter {
    /// Returns the words that the catalogue and messages list; none if the filter does not take
    /// words.
    pub(super) fn words(&self) -> Option<Vec<&'static str>> {
        let ExportFilterTest::Words { words, prints_all } = &self.test else { return None };
        let all = prints_all.then_some(ALL_WORD);
        Some(all.into_iter().chain(words.iter().map(|word| word.word)).collect())
    }

    /// Returns the type given in the catalogue.
    pub(super) fn word(&self) -> &'static str {
        match self.test {
            ExportFilterTest::Id(_) | ExportFilterTest::ItemProduct | ExportFilterTest::ItemSku => {
                "integer"
            }
            _ => "string",
        }
    }

    /// Returns the condition on a row; none if all rows meet it or the layout makes it.
    pub(super) fn condition(
        &self,
        scope: &QueryScope<'_>,
        wanted: &ExportFilterValue,
    ) -> Option<Expr> {
        match (&self.test, wanted) {
            (ExportFilterTest::Words { words, .. }, ExportFilterValue::Text(word)) => {
                let word = words.iter().find(|known| known.word == word)?;
                Some((word.condition)(scope))
            }
            (ExportFilterTest::Id(value), ExportFilterValue::Id(id)) => {
                Some(value(scope).eq(lit(*id)))
            }
            (
                ExportFilterTest::Text(value)
                | ExportFilterTest::Currency(value)
                | ExportFilterTest::Country(value),
                ExportFilterValue::Text(wanted),
            ) => Some(value(scope).eq(text_literal(wanted))),
            (ExportFilterTest::AnyCase(value), ExportFilterValue::Text(wanted)) => {
                let folded = translate(
                    value(scope),
                    text_literal("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                    text_literal("abcdefghijklmnopqrstuvwxyz"),
                );
                Some(folded.eq(text_literal(&wanted.to_ascii_lowercase())))
            }
            _ => None,
        }
    }
}

/// Defines a filter on the words of a stored column. The catalogue lists `all` before them.
pub(super) fn words_or_all<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> ExportFilter {
    let words = words_equal_to(&column_value(column), words);
    ExportFilter { name, test: ExportFilterTest::Words { words, prints_all: true } }
}

/// Defines a filter on the words of a stored column.
pub(super) fn words_of_column<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> ExportFilter {
    let words = words_equal_to(&column_value(column), words);
    ExportFilter { name, test: ExportFilterTest::Words { words, prints_all: false } }
}

/// Defines a filter on an id in a column.
pub(super) fn id_filter(name: &'static str, column: &'static str) -> ExportFilter {
    ExportFilter { name, test: ExportFilterTest::Id(column_value(column)) }
}

/// Defines a filter on a text in a column.
pub(super) fn text_filter(name: &'static str, column: &'static str) -> ExportFilter {
    ExportFilter { name, test: ExportFilterTest::Text(column_value(column)) }
}

/// Defines a filter on a currency in a column.
pub(super) fn currency_filter(column: &'static str) -> ExportFilter {
    ExportFilter { name: "currency", test: ExportFilterTest::Currency(column_value(column)) }
}

/// Makes the word [`DELETED_STATUS`], which keeps the deleted records called `alias`.
pub(super) fn deleted_word(alias: &'static str) -> FilterWord {
    let holds = scoped_expr(move |_| col(format!("{alias}.deleted_at")).is_not_null());
    FilterWord { word: DELETED_STATUS, spellings: &[], condition: holds }
}

/// The status that asks for deleted records.
pub(super) const DELETED_STATUS: &str = "deleted";
