//! The records that usage depends on, read from a snapshot by key and by index. Rows that several
//! customer memberships share (plans, events, sites, names of offering types) are read once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::catalogue::{self, Table};
use model::cell::{Cell, CellRef};
use model::provider::Provider;
use store::StoreError;
use store::port::{RowKey, Snapshot};
use usage::json::OfferingTypeNames;
use usage::rows::{
    AttendanceReader, EventReader, HoldReader, MembershipReader, PlanReader, SiteZones,
};
use usage::{BookedEvent, Booking, Hold, Membership, UsageError, UsageFacts, UsagePlan};

use crate::auth::scope::RequestMode;

const MEMBERSHIPS: &str = "customer_memberships";
const HOLDS: &str = "customer_membership_holds";
const ATTENDANCES: &str = "attendances";
/// The indexed column of holds and attendances that names the customer membership.
const OWNER: &str = "customer_membership_id";

/// A reader of one provider's customer memberships.
pub struct MembershipRecordReader<'s> {
    snapshot: &'s dyn Snapshot,
    provider: &'s Provider,
    memberships: MembershipReader,
    plans: HashMap<i64, Arc<UsagePlan>>,
    events: EventCache<'s>,
    names: OfferingTypeNames,
}

/// A customer membership with all records that its usage depends on.
pub struct MembershipRecords<'s> {
    provider: &'s Provider,
    /// The stored row.
    pub row: StoredRecord,
    /// The id of the plan.
    pub plan_id: i64,
    /// The plan.
    pub plan: Arc<UsagePlan>,
    /// The membership itself.
    pub membership: Membership,
    /// The holds, by id.
    pub holds: Vec<Hold>,
    /// All bookings on the membership, by id.
    pub bookings: Vec<Booking>,
}

/// A stored row with its table, read by column name.
pub struct StoredRecord {
    table: &'static Table,
    cells: Vec<Cell>,
}

/// A cache of events, each read once.
struct EventCache<'s> {
    source: RecordsByKey<'s>,
    reader: EventReader,
    zones: SiteZones,
    /// Sites whose time zones are known.
    sites: HashSet<i64>,
    known: HashMap<i64, BookedEvent>,
}

/// A reader of one provider's rows by key.
#[derive(Clone, Copy)]
struct RecordsByKey<'s> {
    snapshot: &'s dyn Snapshot,
    provider: &'s Provider,
}

impl<'s> MembershipRecordReader<'s> {
    /// Creates a reader of `snapshot`. `provider` must be read from the same snapshot.
    pub fn new(snapshot: &'s dyn Snapshot, provider: &'s Provider) -> Self {
        Self {
            snapshot,
            provider,
            memberships: MembershipReader::default(),
            plans: HashMap::new(),
            events: EventCache {
                source: RecordsByKey { snapshot, provider },
                reader: EventReader::default(),
                zones: SiteZones::new(provider.timezone.clone()),
                sites: HashSet::new(),
                known: HashMap::new(),
            },
            names: OfferingTypeNames::new(),
        }
    }

    /// Reads the customer membership with this id, if the caller may see it. Names of the offering
    /// types in its limits are kept for [`MembershipRecordReader::names`].
    pub fn membership(
        &mut self,
        id: i64,
        mode: RequestMode,
    ) -> Result<Option<MembershipRecords<'s>>, StoreError> {
        let Some(row) = self.row(id, mode)? else { return Ok(None) };
        let membership = self.memberships.read(row.at()).map_err(damaged)?;
        let plan_id = self.memberships.plan_id(row.at()).map_err(damaged)?;
        let held = MembershipRecords {
            provider: self.provider,
            plan: self.plan(plan_id)?,
            holds: self.holds(id)?,
            bookings: self.bookings(id)?,
            row,
            plan_id,
            membership,
        };
        self.learn_names(held.facts().limits().offering_types())?;
        Ok(Some(held))
    }

    /// Reads the row of the customer membership with this id, if the caller may see it. Rule: §1.
    pub fn row(&self, id: i64, mode: RequestMode) -> Result<Option<StoredRecord>, StoreError> {
        let row = self.source().find(MEMBERSHIPS, id)?;
        let row = row.filter(|row| !row.cell("deleted_at").is_value());
        Ok(row.filter(|row| match mode {
            RequestMode::Provider => true,
            RequestMode::Customer(customer) => row.is_of_or_shared_with(customer),
        }))
    }

    /// Reads the row of the membership plan with this id.
    pub fn plan_row(&self, id: i64) -> Result<Option<StoredRecord>, StoreError> {
        self.source().find("memberships", id)
    }

    /// Returns the names of all offering types read so far.
    pub fn names(&self) -> &OfferingTypeNames {
        &self.names
    }

    fn source(&self) -> RecordsByKey<'s> {
        RecordsByKey { snapshot: self.snapshot, provider: self.provider }
    }

    fn plan(&mut self, id: i64) -> Result<Arc<UsagePlan>, StoreError> {
        if let Some(plan) = self.plans.get(&id) {
            return Ok(Arc::clone(plan));
        }
        let row = self.source().require("memberships", id)?;
        let plan = Arc::new(PlanReader::default().read(row.at()).map_err(damaged)?);
        self.plans.insert(id, Arc::clone(&plan));
        Ok(plan)
    }

    fn holds(&self, membership: i64) -> Result<Vec<Hold>, StoreError> {
        let (table, reader) = (table(HOLDS)?, HoldReader::default());
        let mut holds = Vec::new();
        self.snapshot.rows_by(table, self.provider.id, OWNER, membership, &mut |row| {
            holds.push(reader.read(|at| row.cell(at)).map_err(damaged)?);
            Ok(())
        })?;
        Ok(holds)
    }

    fn bookings(&mut self, membership: i64) -> Result<Vec<Booking>, StoreError> {
        let (table, reader) = (table(ATTENDANCES)?, AttendanceReader::default());
        let events = &mut self.events;
        let mut bookings = Vec::new();
        self.snapshot.rows_by(table, self.provider.id, OWNER, membership, &mut |row| {
            let event = events.get(reader.event_id(|at| row.cell(at)).map_err(damaged)?)?;
            bookings.push(reader.read(|at| row.cell(at), event).map_err(damaged)?);
            Ok(())
        })?;
        Ok(bookings)
    }

    /// Reads the names of these offering types unless they are known.
    pub fn learn_names(&mut self, ids: impl IntoIterator<Item = i64>) -> Result<(), StoreError> {
        for id in ids {
            if !self.names.contains_key(&id) {
                let row = self.source().require("offering_types", id)?;
                self.names.insert(id, row.cell("name").as_text().unwrap_or_default().to_owned());
            }
        }
        Ok(())
    }
}

impl MembershipRecords<'_> {
    /// Returns the input of the usage calculation.
    pub fn facts(&self) -> UsageFacts<'_> {
        UsageFacts {
            provider: self.provider,
            plan: &self.plan,
            membership: &self.membership,
            holds: &self.holds,
            bookings: &self.bookings,
        }
    }
}

impl StoredRecord {
    /// Returns the cell of a column, or null if the table has no such column.
    pub fn cell(&self, column: &str) -> &Cell {
        let position = self.table.position_of(column);
        position.and_then(|position| self.cells.get(position)).unwrap_or(&Cell::Null)
    }

    /// Returns a function that gives the cell at a position, as the readers need it.
    pub fn at<'r>(&'r self) -> impl Fn(usize) -> CellRef<'r> {
        |position| self.cells.get(position).map_or(CellRef::Null, Cell::as_ref)
    }

    fn is_of_or_shared_with(&self, customer: i64) -> bool {
        let shared = self.cell("shared_with").as_text().unwrap_or("[]");
        let shared: Vec<i64> = serde_json::from_str(shared).unwrap_or_default();
        self.cell("customer_id").as_int() == Some(customer) || shared.contains(&customer)
    }
}

impl EventCache<'_> {
    fn get(&mut self, id: i64) -> Result<BookedEvent, StoreError> {
        if let Some(event) = self.known.get(&id) {
            return Ok(*event);
        }
        let row = self.source.require("events", id)?;
        if let Some(site) = self.reader.site_id(row.at()).map_err(damaged)? {
            self.learn_site(site)?;
        }
        let event = self.reader.read(row.at(), &self.zones).map_err(damaged)?;
        self.known.insert(id, event);
        Ok(event)
    }

    fn learn_site(&mut self, id: i64) -> Result<(), StoreError> {
        if self.sites.insert(id) {
            let row = self.source.require("sites", id)?;
            self.zones.add_site(row.at()).map_err(damaged)?;
        }
        Ok(())
    }
}

impl RecordsByKey<'_> {
    fn find(&self, name: &str, id: i64) -> Result<Option<StoredRecord>, StoreError> {
        let table = table(name)?;
        let cells = self.snapshot.row(table, RowKey { provider: self.provider.id, id })?;
        Ok(cells.map(|cells| StoredRecord { table, cells }))
    }

    /// Reads a row that another row refers to. Imports check references, so a missing row is an
    /// error of the store.
    fn require(&self, name: &str, id: i64) -> Result<StoredRecord, StoreError> {
        let row = self.find(name, id)?;
        row.ok_or_else(|| StoreError::Damaged { reason: format!("{name} {id} is missing") })
    }
}

fn table(name: &str) -> Result<&'static Table, StoreError> {
    catalogue::table(name).ok_or_else(|| StoreError::NotFound { what: format!("table {name}") })
}

fn damaged(error: UsageError) -> StoreError {
    StoreError::Damaged { reason: error.to_string() }
}
