//! One filter of an export type: its name, the values it takes, and the rows it keeps.

use datafusion::functions::expr_fn::translate;
use datafusion::logical_expr::{Expr, lit};

use crate::definition::filter::{Word, each_equal};
use crate::definition::value::{Value, at, text, value};
use crate::engine::scope::Scope;
use datafusion::prelude::col;

/// The word that stands for all rows.
pub(super) const ALL: &str = "all";

/// One filter of an export type.
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) test: Test,
}

/// The values that a filter takes and the rows that it keeps.
pub(super) enum Test {
    /// One word; keeps rows for which its condition holds. [`ALL`] is always accepted, but the
    /// catalogue lists it only if `prints_all` is true.
    Words { words: Vec<Word>, prints_all: bool },
    /// An id; keeps rows whose value equals it.
    Id(Value),
    /// The id of an item's product. The layout makes the condition.
    ItemProduct,
    /// The id of an item's SKU. The layout makes the condition.
    ItemSku,
    /// A text; keeps rows whose value equals it.
    Text(Value),
    /// A text; keeps rows whose value equals it, ignoring the case of the letters A to Z.
    AnyCase(Value),
    /// A currency; keeps rows whose value equals it.
    Currency(Value),
    /// A country; keeps rows whose value equals it.
    Country(Value),
}

/// The value given for a filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Id(i64),
    Text(String),
}

impl Filter {
    /// Returns the words that the catalogue and messages list; none if the filter does not take
    /// words.
    pub(super) fn words(&self) -> Option<Vec<&'static str>> {
        let Test::Words { words, prints_all } = &self.test else { return None };
        let all = prints_all.then_some(ALL);
        Some(all.into_iter().chain(words.iter().map(|word| word.word)).collect())
    }

    /// Returns the type given in the catalogue.
    pub(super) fn word(&self) -> &'static str {
        match self.test {
            Test::Id(_) | Test::ItemProduct | Test::ItemSku => "integer",
            _ => "string",
        }
    }

    /// Returns the condition on a row; none if all rows meet it or the layout makes it.
    pub(super) fn condition(&self, scope: &Scope<'_>, wanted: &Wanted) -> Option<Expr> {
        match (&self.test, wanted) {
            (Test::Words { words, .. }, Wanted::Text(word)) => {
                let word = words.iter().find(|known| known.word == word)?;
                Some((word.holds)(scope))
            }
            (Test::Id(value), Wanted::Id(id)) => Some(value(scope).eq(lit(*id))),
            (
                Test::Text(value) | Test::Currency(value) | Test::Country(value),
                Wanted::Text(wanted),
            ) => Some(value(scope).eq(text(wanted))),
            (Test::AnyCase(value), Wanted::Text(wanted)) => {
                let folded = translate(
                    value(scope),
                    text("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
                    text("abcdefghijklmnopqrstuvwxyz"),
                );
                Some(folded.eq(text(&wanted.to_ascii_lowercase())))
            }
            _ => None,
        }
    }
}

/// Defines a filter on the words of a stored column. The catalogue lists `all` before them.
pub(super) fn all_or<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> Filter {
    let words = each_equal(&at(column), words);
    Filter { name, test: Test::Words { words, prints_all: true } }
}

/// Defines a filter on the words of a stored column.
pub(super) fn one_of<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> Filter {
    let words = each_equal(&at(column), words);
    Filter { name, test: Test::Words { words, prints_all: false } }
}

/// Defines a filter on an id in a column.
pub(super) fn id(name: &'static str, column: &'static str) -> Filter {
    Filter { name, test: Test::Id(at(column)) }
}

/// Defines a filter on a text in a column.
pub(super) fn exact(name: &'static str, column: &'static str) -> Filter {
    Filter { name, test: Test::Text(at(column)) }
}

/// Defines a filter on a currency in a column.
pub(super) fn currency(column: &'static str) -> Filter {
    Filter { name: "currency", test: Test::Currency(at(column)) }
}

/// Makes the word [`DELETED`], which keeps the deleted records called `alias`.
pub(super) fn deleted(alias: &'static str) -> Word {
    let holds = value(move |_| col(format!("{alias}.deleted_at")).is_not_null());
    Word { word: DELETED, also: &[], holds }
}

/// The status that asks for deleted records.
pub(super) const DELETED: &str = "deleted";
