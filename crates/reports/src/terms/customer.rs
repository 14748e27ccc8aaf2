//! The columns and relations that describe a customer: name, email, venue.

use datafusion::functions::expr_fn::{btrim, concat_ws, nullif};
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;

use crate::definition::column::{ReportColumn, int, string};
use crate::definition::relation::{Relation, related_row};
use crate::definition::scoped_expr::{
    ScopedExpr, case_when, column_value, scoped_expr, text_literal,
};

/// The alias of the relation to the row's customer.
pub(crate) const CUSTOMER_ALIAS: &str = "c";

/// Defines the relation to the customer whose id is in `key`.
pub(crate) fn customer_relation(key: &'static str) -> Relation {
    related_row(CUSTOMER_ALIAS, "customers", key)
}

/// Defines the relation to the customer's site, which reports call the venue.
pub(crate) fn venue_relation() -> Relation {
    related_row("venue", "sites", "c.site_id")
}

/// Returns the display name (`disp(c)`): the name; else first and last name; else null.
pub(crate) fn display_name() -> ScopedExpr {
    scoped_expr(|_| display_name_expr(col("c.name"), col("c.first_name"), col("c.last_name")))
}

/// All characters that Unicode classifies as white space.
const WHITE_SPACE: &str = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{2001}\u{2002}\u{2003}\
    \u{2004}\u{2005}\u{2006}\u{2007}\u{2008}\u{2009}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";

fn display_name_expr(name: Expr, first: Expr, last: Expr) -> Expr {
    let has_name = name.clone().is_not_null().and(name.clone().not_eq(text_literal("")));
    case_when([(has_name, name)], Some(full_name(first, last)))
}

/// Joins first and last name with a space and trims white space; null if nothing is left.
pub(crate) fn full_name(first: Expr, last: Expr) -> Expr {
    let joined = concat_ws(text_literal(" "), vec![first, last]);
    nullif(btrim(vec![joined, text_literal(WHITE_SPACE)]), text_literal(""))
}

/// Defines the columns `customer.id`, `customer.name` and `customer.email`. `id` is the column that
/// holds the customer's id.
pub(crate) fn customer_columns(id: &'static str) -> Vec<ReportColumn> {
    vec![
        int("customer.id", column_value(id)).alias("customer_id"),
        string("customer.name", display_name()).alias("customer_name"),
        string("customer.email", column_value("c.email")).alias("customer_email"),
    ]
}

/// Defines the columns `customer.venue.id` and `customer.venue.name`.
pub(crate) fn venue_columns() -> Vec<ReportColumn> {
    vec![
        int("customer.venue.id", column_value("c.site_id")).alias("customer_venue_id"),
        string("customer.venue.name", column_value("venue.name")).alias("customer_venue_name"),
    ]
}
