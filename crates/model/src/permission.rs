//! Permissions of a credential. Rule: spec/auth-and-errors.md §2.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Permission {
    /// Notices by e-mail.
    EmailNotifications,
    /// Invoices and money.
    Revenue,
    /// Attendances.
    Attendances,
    /// All permissions except `import` and `server_admin`.
    SuperAdmin,
    /// Customers and their memberships.
    Customers,
    /// Discount codes.
    DiscountCodes,
    /// Events.
    ManageEvents,
    /// The store.
    Store,
    /// Developer settings.
    Developer,
    /// Payments of customers.
    CustomerPayments,
    /// Attendances of the caller's own events.
    InstructorAttendances,
    /// The caller's own events.
    InstructorManageEvents,
    /// Point of sale.
    Pos,
    /// Exports.
    Exports,
    /// The accounting package.
    Accounting,
    /// Writing rows.
    Import,
    /// Providers and tokens.
    ServerAdmin,
}

/// A set of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(BTreeSet<Permission>);

impl Permission {
    /// All permissions with their names.
    pub const NAMES: [(&'static str, Self); 17] = [
        ("email_notifications", Self::EmailNotifications),
        ("revenue", Self::Revenue),
        ("attendances", Self::Attendances),
        ("super_admin", Self::SuperAdmin),
        ("customers", Self::Customers),
        ("discount_codes", Self::DiscountCodes),
        ("manage_events", Self::ManageEvents),
        ("store", Self::Store),
        ("developer", Self::Developer),
        ("customer_payments", Self::CustomerPayments),
        ("instructor_attendances", Self::InstructorAttendances),
        ("instructor_manage_events", Self::InstructorManageEvents),
        ("pos", Self::Pos),
        ("exports", Self::Exports),
        ("accounting", Self::Accounting),
        ("import", Self::Import),
        ("server_admin", Self::ServerAdmin),
    ];

    /// Returns the permission with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, flag)| *flag)
    }

    /// Returns the permission's name.
    pub fn as_str(self) -> &'static str {
        Self::NAMES.iter().find(|(_, flag)| *flag == self).map_or("", |(name, _)| name)
    }

    /// Returns true if `super_admin` includes this permission.
    pub fn is_in_super_admin(self) -> bool {
        !matches!(self, Self::Import | Self::ServerAdmin)
    }
}

impl Permissions {
    /// Returns the default permissions of a new token: `super_admin` and `import`.
    pub fn default_for_new_token() -> Self {
        [Permission::SuperAdmin, Permission::Import].into_iter().collect()
    }

    /// Returns true if the set grants at least one of `needed`.
    pub fn allow_any(&self, needed: &[Permission]) -> bool {
        let is_super_admin = self.0.contains(&Permission::SuperAdmin);
        needed
            .iter()
            .any(|flag| self.0.contains(flag) || (is_super_admin && flag.is_in_super_admin()))
    }

    /// Returns the permissions in order. `super_admin` is not expanded.
    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        self.0.iter().copied()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(flags: I) -> Self {
        Self(flags.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A change to the meaning of `super_admin` must be a visible change.
    #[test]
    fn super_admin_holds_all_but_writing() {
        let admin: Permissions = [Permission::SuperAdmin].into_iter().collect();
        let lacking: Vec<_> = Permission::NAMES
            .iter()
            .filter(|(_, flag)| !admin.allow_any(&[*flag]))
            .map(|(name, _)| *name)
            .collect();
        assert_eq!(lacking, ["import", "server_admin"]);
        assert!(!Permissions::default().allow_any(&[Permission::Revenue]));
    }
}
