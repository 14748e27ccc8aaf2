//! Columns and their names. Rule: spec/reports.md §3 (labels), §4.

use std::rc::Rc;

use model::money::Currency;

use super::data::OracleRow;
use super::value::OracleValue;
use super::world::OracleContext;

/// Function that reads a value of a row.
pub(super) type Get<T> = Rc<dyn Fn(&OracleContext<'_>, &OracleRow) -> T>;

/// One column of a report.
#[derive(Clone)]
pub(super) struct OracleColumn {
    pub(super) key: String,
    /// Other accepted spellings: the flat alias, and corrected spellings of misspelt names.
    pub(super) also: Vec<&'static str>,
    pub(super) sortable: bool,
    /// True for an addition: a column that is neither a default nor selected by its parent.
    pub(super) addition: bool,
    pub(super) value: Get<OracleValue>,
    pub(super) currency: Option<MoneyCurrency>,
    /// Label, if it differs from the rule.
    pub(super) label: Option<String>,
}

/// The currency of a money column.
#[derive(Clone)]
pub(super) struct MoneyCurrency {
    pub(super) of: Get<Option<Currency>>,
    /// Table that holds the currency.
    pub(super) table: &'static str,
}

/// Returns a sortable column; an empty `alias` = none.
pub(super) fn c(
    key: &str,
    alias: &'static str,
    value: impl Fn(&OracleContext<'_>, &OracleRow) -> OracleValue + 'static,
) -> OracleColumn {
    OracleColumn {
        key: key.to_owned(),
        also: if alias.is_empty() { vec![] } else { vec![alias] },
        sortable: true,
        addition: false,
        value: Rc::new(value),
        currency: None,
        label: None,
    }
}

/// Returns a column that is not modelled and always null.
pub(super) fn not_modelled(key: &str, alias: &'static str) -> OracleColumn {
    c(key, alias, |_, _| OracleValue::Null).unsortable()
}

/// Returns a money column from minor units and a currency.
pub(super) fn money(
    key: &str,
    table: &'static str,
    amount: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<i128> + 'static,
    currency: impl Fn(&OracleContext<'_>, &OracleRow) -> Option<Currency> + Clone + 'static,
) -> OracleColumn {
    let of = currency.clone();
    let value = move |w: &OracleContext<'_>, r: &OracleRow| match (amount(w, r), currency(w, r)) {
        (Some(minor), Some(currency)) => OracleValue::Money(minor, currency),
        _ => OracleValue::Null,
    };
    OracleColumn { currency: Some(MoneyCurrency { of: Rc::new(of), table }), ..c(key, "", value) }
}

impl OracleColumn {
    pub(super) fn unsortable(self) -> Self {
        Self { sortable: false, ..self }
    }

    pub(super) fn addition(self) -> Self {
        Self { addition: true, ..self }
    }

    pub(super) fn also(mut self, name: &'static str) -> Self {
        self.also.push(name);
        self
    }

    pub(super) fn of(&self, world: &OracleContext<'_>, row: &OracleRow) -> OracleValue {
        (self.value)(world, row)
    }

    fn is_named(&self, name: &str) -> bool {
        self.key == name || self.also.contains(&name)
    }

    pub(super) fn label(&self) -> String {
        self.label.clone().unwrap_or_else(|| label(&self.key))
    }
}

/// Returns the label of a dotted key.
pub(super) fn label(key: &str) -> String {
    let word = |word: &str| match word {
        "id" => "ID".to_owned(),
        "url" => "URL".to_owned(),
        "ocurred" => "Occurred".to_owned(),
        _ => {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        }
    };
    key.split(['.', '_']).map(word).collect::<Vec<_>>().join(" ")
}

/// Returns the positions of the columns that `name` selects: a whole parent, or one column. Rule:
/// §4.
pub(super) fn selected(columns: &[OracleColumn], parents: &[&str], name: &str) -> Vec<usize> {
    let positions = 0..columns.len();
    if parents.contains(&name) {
        let prefix = format!("{name}.");
        let below = |i: &usize| columns[*i].key.starts_with(&prefix) && !columns[*i].addition;
        return positions.filter(below).collect();
    }
    let found = positions.filter(|i| columns[*i].is_named(name)).collect::<Vec<_>>();
    assert_eq!(found.len(), 1, "column {name}");
    found
}

/// Returns the position of the column that `name` sorts by; none if it is not sortable. Rule: §5.
pub(super) fn sorted_by(columns: &[OracleColumn], parents: &[&str], name: &str) -> Option<usize> {
    let find = |key: &str| columns.iter().position(|column| column.is_named(key));
    let position = if parents.contains(&name) {
        find(&format!("{name}.name")).or_else(|| find(&format!("{name}.id")))
    } else {
        find(name)
    };
    position.filter(|position| columns[*position].sortable)
}
