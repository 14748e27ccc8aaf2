//! One filter of an export type: its name, what it takes, which rows it keeps.

use datafusion::functions::expr_fn::translate;
use datafusion::logical_expr::{Expr, lit};

use crate::definition::filter::{Word, each_equal};
use crate::definition::value::{Value, at, text, value};
use crate::engine::scope::Scope;
use datafusion::prelude::col;

/// The word that keeps every row.
pub(super) const ALL: &str = "all";

/// One filter.
pub(super) struct Filter {
    pub(super) name: &'static str,
    pub(super) test: Test,
}

/// What a filter takes and which rows it keeps.
pub(super) enum Test {
    /// One word: its condition holds. [`ALL`] is taken by each, and printed where this says so.
    Words { words: Vec<Word>, prints_all: bool },
    /// An id: the value equals it.
    Id(Value),
    /// The id of an item's product; the layout tests it.
    ItemProduct,
    /// The id of an item's SKU; the layout tests it.
    ItemSku,
    /// A text that the value equals.
    Text(Value),
    /// A text that the value equals when letters A to Z are the same as a to z.
    AnyCase(Value),
    /// A currency that the value equals.
    Currency(Value),
    /// A country that the value equals.
    Country(Value),
}

/// What a filter asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    Id(i64),
    Text(String),
}

impl Filter {
    /// The words that are printed in the catalogue and in messages.
    pub(super) fn words(&self) -> Option<Vec<&'static str>> {
        let Test::Words { words, prints_all } = &self.test else { return None };
        let all = prints_all.then_some(ALL);
        Some(all.into_iter().chain(words.iter().map(|word| word.word)).collect())
    }

    /// The type that the catalogue gives.
    pub(super) fn word(&self) -> &'static str {
        match self.test {
            Test::Id(_) | Test::ItemProduct | Test::ItemSku => "integer",
            _ => "string",
        }
    }

    /// The condition of a row; none when every row fulfils it or the layout tests it.
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

/// Words of a stored column, after `all`.
pub(super) fn all_or<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> Filter {
    let words = each_equal(&at(column), words);
    Filter { name, test: Test::Words { words, prints_all: true } }
}

/// Words of a stored column.
pub(super) fn one_of<const N: usize>(
    name: &'static str,
    column: &'static str,
    words: [&'static str; N],
) -> Filter {
    let words = each_equal(&at(column), words);
    Filter { name, test: Test::Words { words, prints_all: false } }
}

/// An id in a column.
pub(super) fn id(name: &'static str, column: &'static str) -> Filter {
    Filter { name, test: Test::Id(at(column)) }
}

/// A text in a column.
pub(super) fn exact(name: &'static str, column: &'static str) -> Filter {
    Filter { name, test: Test::Text(at(column)) }
}

/// A currency in a column.
pub(super) fn currency(column: &'static str) -> Filter {
    Filter { name: "currency", test: Test::Currency(at(column)) }
}

/// The word that asks for the deleted records called `alias`.
pub(super) fn deleted(alias: &'static str) -> Word {
    let holds = value(move |_| col(format!("{alias}.deleted_at")).is_not_null());
    Word { word: DELETED, also: &[], holds }
}

/// Status that asks for deleted records.
pub(super) const DELETED: &str = "deleted";
