//! The columns and relations that describe a customer: name, email, venue.

use datafusion::functions::expr_fn::{btrim, concat_ws, nullif};
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;

use crate::definition::column::{Column, int, string};
use crate::definition::relation::{Relation, row};
use crate::definition::value::{Value, at, choose, text, value};

/// The alias of the relation to the row's customer.
pub(crate) const ALIAS: &str = "c";

/// Defines the relation to the customer whose id is in `key`.
pub(crate) fn relation(key: &'static str) -> Relation {
    row(ALIAS, "customers", key)
}

/// Defines the relation to the customer's site, which reports call the venue.
pub(crate) fn venue_relation() -> Relation {
    row("venue", "sites", "c.site_id")
}

/// Returns the display name (`disp(c)`): the name; else first and last name; else null.
pub(crate) fn display_name() -> Value {
    value(|_| name_of(col("c.name"), col("c.first_name"), col("c.last_name")))
}

/// All characters that Unicode classifies as white space.
const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\
    \u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

fn name_of(name: Expr, first: Expr, last: Expr) -> Expr {
    let has_name = name.clone().is_not_null().and(name.clone().not_eq(text("")));
    choose([(has_name, name)], Some(full_name(first, last)))
}

/// Joins first and last name with a space and trims white space; null if nothing is left.
pub(crate) fn full_name(first: Expr, last: Expr) -> Expr {
    let joined = concat_ws(text(" "), vec![first, last]);
    nullif(btrim(vec![joined, text(WHITE_SPACE)]), text(""))
}

/// Defines the columns `customer.id`, `customer.name` and `customer.email`. `id` is the column that
/// holds the customer's id.
pub(crate) fn columns(id: &'static str) -> Vec<Column> {
    vec![
        int("customer.id", at(id)).alias("customer_id"),
        string("customer.name", display_name()).alias("customer_name"),
        string("customer.email", at("c.email")).alias("customer_email"),
    ]
}

/// Defines the columns `customer.venue.id` and `customer.venue.name`.
pub(crate) fn venue_columns() -> Vec<Column> {
    vec![
        int("customer.venue.id", at("c.site_id")).alias("customer_venue_id"),
        string("customer.venue.name", at("venue.name")).alias("customer_venue_name"),
    ]
}
