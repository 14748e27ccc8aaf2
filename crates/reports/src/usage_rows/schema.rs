//! The columns of the table, and which of them are computed numbers.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::sources::MEMBERSHIP_ID_COLUMN;

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UsageColumn {
    /// The number of the row among all rows of the provider, from 1. A revision always gives the
    /// same ids, whatever the date.
    Id,
    Owner,
    PeriodType,
    LimitType,
    OfferingType,
    IsExtra,
    StartDate,
    EndDate,
    MaxUses,
    UsedCount,
    RemainingCount,
    BookableCount,
    OriginalMaxUses,
    ActiveDays,
    TotalDays,
}

/// All columns in order, with name and type.
const COLUMNS: [(UsageColumn, &str, DataType); 15] = [
    (UsageColumn::Id, "id", DataType::Int64),
    (UsageColumn::Owner, MEMBERSHIP_ID_COLUMN, DataType::Int64),
    (UsageColumn::PeriodType, "period_type", DataType::Utf8View),
    (UsageColumn::LimitType, "limit_type", DataType::Utf8View),
    (UsageColumn::OfferingType, "offering_type_id", DataType::Int64),
    (UsageColumn::IsExtra, "is_extra", DataType::Boolean),
    (UsageColumn::StartDate, "start_date", DataType::Date32),
    (UsageColumn::EndDate, "end_date", DataType::Date32),
    (UsageColumn::MaxUses, "max_uses", DataType::Int64),
    (UsageColumn::UsedCount, "used_count", DataType::Int64),
    (UsageColumn::RemainingCount, "remaining_count", DataType::Int64),
    (UsageColumn::BookableCount, "bookable_count", DataType::Int64),
    (UsageColumn::OriginalMaxUses, "original_max_uses", DataType::Int64),
    (UsageColumn::ActiveDays, "active_days", DataType::Int64),
    (UsageColumn::TotalDays, "total_days", DataType::Int64),
];

impl UsageColumn {
    /// Returns all columns, or those at these positions.
    pub(super) fn at(positions: Option<&Vec<usize>>) -> Vec<Self> {
        let all = || COLUMNS.iter().map(|(column, ..)| *column);
        match positions {
            Some(positions) => positions.iter().filter_map(|at| all().nth(*at)).collect(),
            None => all().collect(),
        }
    }

    /// Returns true if the column has to be computed. The others follow from plans and memberships
    /// alone.
    pub(super) fn is_number(self) -> bool {
        self as usize >= Self::StartDate as usize
    }

    /// Returns true if the column with this name has to be computed.
    pub(super) fn is_number_called(name: &str) -> bool {
        COLUMNS.iter().any(|(column, known, _)| *known == name && column.is_number())
    }

    fn field(self) -> Field {
        let (column, name, data_type) = &COLUMNS[self as usize];
        Field::new(*name, data_type.clone(), !matches!(column, Self::Id | Self::Owner))
    }
}

/// Returns the schema of these columns.
pub(super) fn schema_of(columns: &[UsageColumn]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(|column| column.field()).collect::<Vec<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_at_their_own_position() {
        for (position, (column, name, _)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, position, "{name}");
        }
        assert!(!UsageColumn::is_number_called("is_extra"));
        assert!(UsageColumn::is_number_called("start_date"));
    }
}
