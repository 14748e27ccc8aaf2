//! Readers of customer memberships, their plans and their holds.

use model::allotment;
use model::cell::CellRef;

use super::ReaderColumn;
use crate::error::UsageError;
use crate::hold::Hold;
use crate::limits::{UsageLimits, UsagePlan};
use crate::membership::{Membership, MembershipStatus};
use crate::upgrade::MembershipType;

const STATUSES: &[(&str, MembershipStatus)] = &[
    ("active", MembershipStatus::Active),
    ("hold", MembershipStatus::Hold),
    ("cancelled", MembershipStatus::Cancelled),
    ("completed", MembershipStatus::Completed),
];

const TYPES: &[(&str, MembershipType)] = &[
    ("pack", MembershipType::Pack),
    ("prepaid", MembershipType::Prepaid),
    ("recurring", MembershipType::Recurring),
];

/// A reader of rows of `customer_memberships`.
#[derive(Debug, Clone, Copy)]
pub struct MembershipReader {
    id: ReaderColumn,
    membership_id: ReaderColumn,
    membership_type: ReaderColumn,
    status: ReaderColumn,
    purchased_at: ReaderColumn,
    start_date: ReaderColumn,
    expiration_date: ReaderColumn,
    cancelled_at: ReaderColumn,
    custom_allotment: ReaderColumn,
    billing_anchor_day: ReaderColumn,
    billing_interval_weeks: ReaderColumn,
}

/// A reader of rows of `memberships`.
#[derive(Debug, Clone, Copy)]
pub struct PlanReader {
    begin_on_first_registration: ReaderColumn,
    allotment: ReaderColumn,
}

/// A reader of rows of `customer_membership_holds`.
#[derive(Debug, Clone, Copy)]
pub struct HoldReader {
    id: ReaderColumn,
    customer_membership_id: ReaderColumn,
    start_date: ReaderColumn,
    end_date: ReaderColumn,
    prorate_usage: ReaderColumn,
}

impl Default for MembershipReader {
    fn default() -> Self {
        let column = |name| ReaderColumn::look_up("customer_memberships", name);
        Self {
            id: column("id"),
            membership_id: column("membership_id"),
            membership_type: column("type"),
            status: column("status"),
            purchased_at: column("purchased_at"),
            start_date: column("start_date"),
            expiration_date: column("expiration_date"),
            cancelled_at: column("cancelled_at"),
            custom_allotment: column("custom_allotment"),
            billing_anchor_day: column("billing_anchor_day"),
            billing_interval_weeks: column("billing_interval_weeks"),
        }
    }
}

impl MembershipReader {
    /// Reads the customer membership.
    pub fn read<'c>(&self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<Membership, UsageError> {
        let custom = self.custom_allotment(&cell)?;
        let custom_limits = custom.map(|text| self.limits(text)).transpose()?;
        self.read_with(cell, custom_limits)
    }

    /// Reads the customer membership except its own limits, which are given.
    pub fn read_with<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
        custom_limits: Option<UsageLimits>,
    ) -> Result<Membership, UsageError> {
        Ok(Membership {
            id: self.id.int(&cell)?,
            status: self.status.word_meaning(&cell, STATUSES)?,
            purchased_at: self.purchased_at.instant(&cell)?,
            start_date: self.start_date.optional_date(&cell)?,
            expiration_date: self.expiration_date.optional_date(&cell)?,
            cancelled_at: self.cancelled_at.optional_instant(&cell)?,
            custom_limits,
            billing_anchor_day: self.billing_anchor_day.narrow(&cell)?,
            billing_interval_weeks: self
                .billing_interval_weeks
                .narrow::<u16>(&cell)?
                .and_then(std::num::NonZeroU16::new),
        })
    }

    /// Reads the JSON text of the membership's own allotment, which replaces the plan's.
    pub fn custom_allotment<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
    ) -> Result<Option<&'c str>, UsageError> {
        self.custom_allotment.optional_text(&cell)
    }

    /// Parses the text of an allotment to limits.
    pub fn limits(&self, text: &str) -> Result<UsageLimits, UsageError> {
        self.custom_allotment.limits(text)
    }

    /// Reads the id of the plan, a row of `memberships`.
    pub fn plan_id<'c>(&self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<i64, UsageError> {
        self.membership_id.int(&cell)
    }

    /// Reads the membership's type.
    pub fn membership_type<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
    ) -> Result<MembershipType, UsageError> {
        self.membership_type.word_meaning(&cell, TYPES)
    }
}

impl Default for PlanReader {
    fn default() -> Self {
        let column = |name| ReaderColumn::look_up("memberships", name);
        Self {
            begin_on_first_registration: column("begin_on_first_registration"),
            allotment: column("allotment"),
        }
    }
}

impl PlanReader {
    /// Reads the plan.
    pub fn read<'c>(&self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<UsagePlan, UsageError> {
        let text = self.allotment.optional_text(&cell)?.unwrap_or("{}");
        Ok(UsagePlan {
            limits: self.allotment.limits(text)?,
            begin_on_first_registration: self.begin_on_first_registration.bool(&cell)?,
        })
    }
}

impl Default for HoldReader {
    fn default() -> Self {
        let column = |name| ReaderColumn::look_up("customer_membership_holds", name);
        Self {
            id: column("id"),
            customer_membership_id: column("customer_membership_id"),
            start_date: column("start_date"),
            end_date: column("end_date"),
            prorate_usage: column("prorate_usage"),
        }
    }
}

impl HoldReader {
    /// Reads the hold.
    pub fn read<'c>(&self, cell: impl Fn(usize) -> CellRef<'c>) -> Result<Hold, UsageError> {
        let start_date = self.start_date.optional_date(&cell)?;
        Ok(Hold {
            id: self.id.int(&cell)?,
            start_date: start_date.ok_or_else(|| self.start_date.invalid())?,
            end_date: self.end_date.optional_date(&cell)?,
            prorate_usage: self.prorate_usage.bool(&cell)?,
        })
    }

    /// Reads the id of the customer membership that the hold pauses.
    pub fn customer_membership_id<'c>(
        &self,
        cell: impl Fn(usize) -> CellRef<'c>,
    ) -> Result<i64, UsageError> {
        self.customer_membership_id.int(&cell)
    }
}

impl ReaderColumn {
    fn limits(&self, text: &str) -> Result<UsageLimits, UsageError> {
        let (table, column) = (self.table, self.name);
        let allotment = allotment::parse_allotment(text);
        let invalid = |error: model::import::CellError| UsageError::Allotment {
            table,
            column,
            message: error.message,
        };
        allotment.map(|allotment| UsageLimits::from_allotment(&allotment)).map_err(invalid)
    }
}
