//! What usage depends on, read from a snapshot by key and by index. Rows that memberships share
//! (plans, events, sites, names of offering types) are read once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::catalogue::{self, Table};
use model::cell::{Cell, CellRef};
use model::provider::Provider;
use store::StoreError;
use store::port::{RowKey, Snapshot};
use usage::json::OfferingTypeNames;
use usage::rows::{AttendanceReader, EventReader, HoldReader, MembershipReader, PlanReader, Zones};
use usage::{Booking, Event, Facts, Hold, Membership, Plan, UsageError};

use crate::auth::scope::Mode;

const MEMBERSHIPS: &str = "customer_memberships";
const HOLDS: &str = "customer_membership_holds";
const ATTENDANCES: &str = "attendances";
/// Indexed column by which holds and attendances name their membership.
const OWNER: &str = "customer_membership_id";

/// Reads the memberships of one provider.
pub struct Records<'s> {
    snapshot: &'s dyn Snapshot,
    provider: &'s Provider,
    memberships: MembershipReader,
    plans: HashMap<i64, Arc<Plan>>,
    events: Events<'s>,
    names: OfferingTypeNames,
}

/// One membership with everything that its usage depends on.
pub struct Held<'s> {
    provider: &'s Provider,
    /// The stored row.
    pub row: Row,
    /// Id of its plan.
    pub plan_id: i64,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// Its own facts.
    pub membership: Membership,
    /// Its holds, by id.
    pub holds: Vec<Hold>,
    /// All bookings on it, by id.
    pub bookings: Vec<Booking>,
}

/// A stored row, asked by column.
pub struct Row {
    table: &'static Table,
    cells: Vec<Cell>,
}

/// Events, each read once.
struct Events<'s> {
    source: Source<'s>,
    reader: EventReader,
    zones: Zones,
    /// Sites whose zones are known.
    sites: HashSet<i64>,
    known: HashMap<i64, Event>,
}

/// Rows of one provider by key.
#[derive(Clone, Copy)]
struct Source<'s> {
    snapshot: &'s dyn Snapshot,
    provider: &'s Provider,
}

impl<'s> Records<'s> {
    /// Reads from `snapshot`, where the provider's settings come from too.
    pub fn new(snapshot: &'s dyn Snapshot, provider: &'s Provider) -> Self {
        Self {
            snapshot,
            provider,
            memberships: MembershipReader::default(),
            plans: HashMap::new(),
            events: Events {
                source: Source { snapshot, provider },
                reader: EventReader::default(),
                zones: Zones::new(provider.timezone.clone()),
                sites: HashSet::new(),
                known: HashMap::new(),
            },
            names: OfferingTypeNames::new(),
        }
    }

    /// The membership with this id, if whoever asks may see it; names of the offering types in
    /// its limits are kept for [`Records::names`].
    pub fn membership(&mut self, id: i64, mode: Mode) -> Result<Option<Held<'s>>, StoreError> {
        let Some(row) = self.row(id, mode)? else { return Ok(None) };
        let membership = self.memberships.read(row.at()).map_err(damaged)?;
        let plan_id = self.memberships.plan_id(row.at()).map_err(damaged)?;
        let held = Held {
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

    /// The row of the membership with this id, if whoever asks may see it. Rule: §1.
    pub fn row(&self, id: i64, mode: Mode) -> Result<Option<Row>, StoreError> {
        let row = self.source().find(MEMBERSHIPS, id)?;
        let row = row.filter(|row| !row.cell("deleted_at").is_value());
        Ok(row.filter(|row| match mode {
            Mode::Provider => true,
            Mode::Customer(customer) => row.is_of_or_shared_with(customer),
        }))
    }

    /// The membership plan with this id.
    pub fn plan_row(&self, id: i64) -> Result<Option<Row>, StoreError> {
        self.source().find("memberships", id)
    }

    /// Names of all offering types met so far.
    pub fn names(&self) -> &OfferingTypeNames {
        &self.names
    }

    fn source(&self) -> Source<'s> {
        Source { snapshot: self.snapshot, provider: self.provider }
    }

    fn plan(&mut self, id: i64) -> Result<Arc<Plan>, StoreError> {
        if let Some(plan) = self.plans.get(&id) {
            return Ok(Arc::clone(plan));
        }
        let row = self.source().need("memberships", id)?;
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

    /// Reads the names of these offering types, as far as they are not known.
    pub fn learn_names(&mut self, ids: impl IntoIterator<Item = i64>) -> Result<(), StoreError> {
        for id in ids {
            if !self.names.contains_key(&id) {
                let row = self.source().need("offering_types", id)?;
                self.names.insert(id, row.cell("name").as_text().unwrap_or_default().to_owned());
            }
        }
        Ok(())
    }
}

impl Held<'_> {
    /// What the calculation takes.
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            provider: self.provider,
            plan: &self.plan,
            membership: &self.membership,
            holds: &self.holds,
            bookings: &self.bookings,
        }
    }
}

impl Row {
    /// The cell of a column of the table; null when there is none.
    pub fn cell(&self, column: &str) -> &Cell {
        let position = self.table.position_of(column);
        position.and_then(|position| self.cells.get(position)).unwrap_or(&Cell::Null)
    }

    /// Cells by position, as readers take them.
    pub fn at<'r>(&'r self) -> impl Fn(usize) -> CellRef<'r> {
        |position| self.cells.get(position).map_or(CellRef::Null, Cell::as_ref)
    }

    fn is_of_or_shared_with(&self, customer: i64) -> bool {
        let shared = self.cell("shared_with").as_text().unwrap_or("[]");
        let shared: Vec<i64> = serde_json::from_str(shared).unwrap_or_default();
        self.cell("customer_id").as_int() == Some(customer) || shared.contains(&customer)
    }
}

impl Events<'_> {
    fn get(&mut self, id: i64) -> Result<Event, StoreError> {
        if let Some(event) = self.known.get(&id) {
            return Ok(*event);
        }
        let row = self.source.need("events", id)?;
        if let Some(site) = self.reader.site_id(row.at()).map_err(damaged)? {
            self.learn_site(site)?;
        }
        let event = self.reader.read(row.at(), &self.zones).map_err(damaged)?;
        self.known.insert(id, event);
        Ok(event)
    }

    fn learn_site(&mut self, id: i64) -> Result<(), StoreError> {
        if self.sites.insert(id) {
            let row = self.source.need("sites", id)?;
            self.zones.add_site(row.at()).map_err(damaged)?;
        }
        Ok(())
    }
}

impl Source<'_> {
    fn find(&self, name: &str, id: i64) -> Result<Option<Row>, StoreError> {
        let table = table(name)?;
        let cells = self.snapshot.row(table, RowKey { provider: self.provider.id, id })?;
        Ok(cells.map(|cells| Row { table, cells }))
    }

    /// A row that another row names: the import let no such reference lead nowhere.
    fn need(&self, name: &str, id: i64) -> Result<Row, StoreError> {
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
