//! Subscriptions that are memberships, by their own type or by the kind of their product. Rule:
//! spec/exports.md §10.3.

use super::super::export_type::ExportType;
use super::{records, subscriptions};
use crate::definition::value::value;

pub(super) fn export_type() -> ExportType {
    let is_membership = value(|_| subscriptions::is_membership());
    let rows = subscriptions::rows().only(is_membership);
    records("memberships", "Memberships", subscriptions::filters(), rows)
}
