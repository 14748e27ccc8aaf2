//! The members of a package, which are written directly into its ZIP.
//! Rule: spec/accounting.md §10.

use std::io::{self, Write};

use accounting::journal::{
    OPENING_BEANCOUNT, OPENING_HLEDGER, TRANSACTIONS_BEANCOUNT, TRANSACTIONS_HLEDGER, beancount,
    hledger, journal_lines, lines,
};
use accounting::package::{PackageColumn, package_columns};
use accounting::{Issue, LedgerFile, Posting, TrialBalance, issue, trial_balance};
use files::archive::{ArchiveMember, ArchiveMemberSize, ZipArchiveWriter};
use files::write::{WriteError, WriteOptions};
use model::file_format::FileFormat;

use crate::parts::{BooksError, table_columns};

use crate::error::PackageError;
use crate::request::PackageRequest;
use crate::rows::{FileSection, PackageRowFile};
use crate::tables::{FieldRowSink, FieldRowSource, csv_options, write_table};

/// The size of stored rows from which a member of rows might exceed 4 GiB.
const LARGE_ROWS_BYTES: u64 = 1 << 30;
/// The size of stored rows from which a journal might exceed 4 GiB. Journals have more text per
/// row.
const LARGE_JOURNAL_BYTES: u64 = LARGE_ROWS_BYTES / 4;

/// The data that members are made from.
pub(super) struct PackageContent<'c> {
    pub(super) request: &'c PackageRequest,
    pub(super) rows: &'c PackageRowFile,
    pub(super) balance: &'c TrialBalance,
    pub(super) issues: &'c [Issue],
    pub(super) is_canceled: &'c (dyn Fn() -> bool + Sync),
}

impl PackageContent<'_> {
    /// Adds the file of a section: `subscription_revenue.csv` and the like.
    pub(super) fn add_file<W: Write>(
        &self,
        archive: &mut ZipArchiveWriter<W>,
        section: &FileSection,
    ) -> Result<ArchiveMember, PackageError> {
        let size = size_of(section.bytes, LARGE_ROWS_BYTES);
        archive.add(&format!("{}.csv", section.file.as_str()), size, |out| {
            let rows = Box::new(|sink: &mut FieldRowSink<'_>| {
                self.rows
                    .visit(section, &mut |row| Ok(self.check_not_canceled()? && sink(&row.fields)?))
            });
            self.table(out, &package_columns(section.file), rows)
        })
    }

    /// Adds `journal.csv`, `trial_balance.csv`, the journals for hledger and for Beancount, each
    /// before the two files that it includes, and `issues.csv`, in this order.
    pub(super) fn add_journals<W: Write>(
        &self,
        archive: &mut ZipArchiveWriter<W>,
    ) -> Result<Vec<ArchiveMember>, PackageError> {
        let bytes = self.rows.sections().iter().map(|section| section.bytes).sum();
        let (size, usual) = (size_of(bytes, LARGE_JOURNAL_BYTES), ArchiveMemberSize::Usual);
        let accounts = &self.request.settings.accounts;
        let opening = u64::from(!self.balance.opening.is_zero());
        Ok(vec![
            archive.add("journal.csv", size, |out| self.journal(out))?,
            archive.add("trial_balance.csv", usual, |out| self.trial_balance(out))?,
            archive.add("journal.hledger", usual, |out| text(out, &hledger::main_file(), 0))?,
            archive.add(OPENING_HLEDGER, usual, |out| {
                text(out, &hledger::opening_file(self.balance, accounts), opening)
            })?,
            archive.add(TRANSACTIONS_HLEDGER, size, |out| {
                self.transactions(out, &|posting| hledger::transaction(posting, accounts), "")
            })?,
            archive.add("journal.beancount", usual, |out| {
                text(out, &beancount::main_file(self.balance), 0)
            })?,
            archive.add(OPENING_BEANCOUNT, usual, |out| {
                text(out, &beancount::opening_file(self.balance, accounts), opening)
            })?,
            archive.add(TRANSACTIONS_BEANCOUNT, size, |out| {
                let last = beancount::balance_assertions(self.balance, accounts);
                self.transactions(out, &|posting| beancount::transaction(posting, accounts), &last)
            })?,
            archive.add("issues.csv", usual, |out| self.issues(out))?,
        ])
    }

    fn table(
        &self,
        out: &mut dyn Write,
        columns: &[PackageColumn],
        rows: Box<FieldRowSource<'_>>,
    ) -> Result<u64, PackageError> {
        write_table(out, FileFormat::Csv, &self.csv(), &table_columns(columns), rows)
    }

    fn csv(&self) -> WriteOptions {
        csv_options(self.request.has_formula_guard)
    }

    /// Returns true, or an error if the work was canceled.
    fn check_not_canceled(&self) -> Result<bool, PackageError> {
        if (self.is_canceled)() { Err(BooksError::Canceled.into()) } else { Ok(true) }
    }

    /// Visits the postings whose amounts are not all zero, in the order of the files.
    fn each_entry(
        &self,
        visit: &mut dyn FnMut(&Posting) -> Result<bool, PackageError>,
    ) -> Result<(), PackageError> {
        for section in self.rows.sections() {
            self.rows.visit(section, &mut |row| {
                Ok(self.check_not_canceled()?
                    && (row.posting.amounts.is_zero() || visit(&row.posting)?))
            })?;
        }
        Ok(())
    }

    fn journal(&self, out: &mut dyn Write) -> Result<u64, PackageError> {
        let accounts = &self.request.settings.accounts;
        let rows = Box::new(|sink: &mut FieldRowSink<'_>| {
            self.each_entry(&mut |posting| {
                for line in journal_lines(posting, accounts) {
                    if !sink(&line.fields())? {
                        return Ok(false);
                    }
                }
                Ok(true)
            })
        });
        self.table(out, lines::COLUMNS, rows)
    }

    fn trial_balance(&self, out: &mut dyn Write) -> Result<u64, PackageError> {
        let (balance, accounts) = (self.balance, &self.request.settings.accounts);
        let rows = Box::new(move |sink: &mut FieldRowSink<'_>| {
            for row in balance.rows(accounts) {
                sink(&row.fields(&balance.currency))?;
            }
            Ok(())
        });
        self.table(out, &trial_balance::trial_balance_columns(), rows)
    }

    fn issues(&self, out: &mut dyn Write) -> Result<u64, PackageError> {
        let rows = Box::new(|sink: &mut FieldRowSink<'_>| {
            for issue in self.issues {
                sink(&issue.fields())?;
            }
            Ok(())
        });
        self.table(out, issue::ISSUE_COLUMNS, rows)
    }

    /// Writes the month's transactions by date, then `last`. Returns the number of transactions.
    fn transactions(
        &self,
        out: &mut dyn Write,
        entry: &dyn Fn(&Posting) -> String,
        last: &str,
    ) -> Result<u64, PackageError> {
        let mut out = io::BufWriter::with_capacity(64 << 10, out);
        let mut count = 0;
        self.rows.visit_by_date(&mut |posting| {
            self.check_not_canceled()?;
            if !posting.amounts.is_zero() {
                count += 1;
                out.write_all(entry(posting).as_bytes()).map_err(WriteError::Io)?;
            }
            Ok(())
        })?;
        text(&mut out, last, count)?;
        out.flush().map_err(WriteError::Io)?;
        Ok(count)
    }
}

/// Writes a text and returns `count`, the number of transactions in it.
fn text(out: &mut dyn Write, content: &str, count: u64) -> Result<u64, PackageError> {
    out.write_all(content.as_bytes()).map_err(WriteError::Io)?;
    Ok(count)
}

fn size_of(bytes: u64, large: u64) -> ArchiveMemberSize {
    if bytes < large { ArchiveMemberSize::Usual } else { ArchiveMemberSize::Large }
}

/// Returns the package file that a member holds, or `None` for journals and other members.
pub(super) fn file_of_member(name: &str) -> Option<LedgerFile> {
    name.strip_suffix(".csv").and_then(LedgerFile::parse)
}
