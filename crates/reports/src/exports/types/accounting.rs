//! The accounting package of one month, whose files are made elsewhere. Rule: spec/exports.md
//! §10.15.

use super::super::export_type::{ExportContent, ExportType};

pub(super) fn export_type() -> ExportType {
    ExportType {
        object: "accounting",
        aliases: &[],
        name: "Accounting",
        version: 1,
        filters: vec![],
        content: ExportContent::Package,
    }
}
