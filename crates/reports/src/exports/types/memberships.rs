//! Subscriptions that are memberships, by their own type or by the kind of their product. Rule:
//! spec/exports.md §10.3.

use super::super::export_type::ExportType;
use super::{record_type, subscriptions};
use crate::definition::scoped_expr::scoped_expr;

pub(super) fn export_type() -> ExportType {
    let is_membership = scoped_expr(|_| subscriptions::is_membership());
    let rows = subscriptions::subscription_layout().only(is_membership);
    record_type("memberships", "Memberships", subscriptions::subscription_filters(), rows)
}
