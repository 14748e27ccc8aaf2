//! Random rows that exercise every rule of usage: limits of all periods and kinds, sessions at
//! midnight, overlapping holds, days around today.

use model::allotment::{Allotment, LimitPeriod, LimitType, OfferingTypeLimit, PeriodLimit};
use model::catalogue::{self, Table};
use model::cell::Cell;
use model::time::{Date, Zone};

use crate::differential::{DifferentialData, PROVIDER, delete, now, upsert};
use crate::oracle::{TestRandom, sample};
use crate::server::{Server, run};

/// Number of rows of these tables; other tables have only a few.
const COUNTS: [(&str, i64); 10] = [
    ("sites", 4),
    ("customers", 30),
    ("membership_categories", 3),
    ("offering_types", 8),
    ("memberships", 14),
    ("customer_memberships", 70),
    ("customer_membership_holds", 90),
    ("courses", 4),
    ("events", 200),
    ("attendances", 900),
];
const FEW: i64 = 2;

type SampleRows = Vec<(&'static str, Vec<Cell>)>;

/// A business with known rows.
pub(super) struct Studio {
    pub(super) world: DifferentialData,
    seed: u64,
    zone: Zone,
}

impl Studio {
    /// Creates a business with these settings; nothing is imported yet.
    pub(super) fn new(seed: u64, settings: &[&str]) -> Self {
        let world = DifferentialData::new();
        let set = ["provider", "set", "--data", world.data.path(), "--id", "1"];
        if !settings.is_empty() {
            run(&[&set, settings].concat());
        }
        let zone = world.tables().1.timezone;
        Self { world, seed, zone }
    }

    pub(super) fn token(&self) -> String {
        self.world.data.token(PROVIDER.0)
    }

    /// Starts a server with most rows in segments, then imports every kind of change.
    pub(super) fn serve_with_delta(&self, token: &str) -> Server {
        let rows = self.rows(self.seed);
        let is_late = |name: &str, cells: &[Cell]| is_leaf(name) && id(cells) % 3 == 0;
        let early = rows.iter().filter(|(name, cells)| !is_late(name, cells));
        self.import(early);
        let server = self.world.data.serve();
        server.get(token, "/api/v2/reports/customers/data?page_size=0").ok();
        self.import(rows.iter().filter(|(name, cells)| is_late(name, cells)));
        self.replace(self.seed + 100, 5);
        let gone = rows.iter().filter(|(name, cells)| is_leaf(name) && id(cells) % 7 == 0);
        let gone: Vec<_> = gone.collect();
        self.world
            .import(gone.iter().map(|(name, cells)| delete(table(name), id(cells))).collect());
        self.import(gone.into_iter().filter(|(_, cells)| id(cells) % 2 == 0));
        server
    }

    /// Changes some rows and deletes others.
    pub(super) fn change_once_more(&self) {
        self.replace(self.seed + 200, 4);
        let gone = (1..=COUNTS[9].1).filter(|id| id % 11 == 0);
        self.world.import(gone.map(|id| delete(table("attendances"), id)).collect());
    }

    /// Replaces every `nth` row by that of another sample.
    fn replace(&self, seed: u64, nth: i64) {
        let changes = ["sites", "memberships", "customer_memberships", "events"];
        let is_changed = |name: &str| changes.contains(&name) || is_leaf(name);
        let rows = self.rows(seed);
        self.import(rows.iter().filter(|(name, cells)| is_changed(name) && id(cells) % nth == 0));
    }

    fn import<'r>(&self, rows: impl Iterator<Item = &'r (&'static str, Vec<Cell>)>) {
        self.world.import(rows.map(|(name, cells)| upsert(table(name), cells)).collect());
    }

    /// Returns the rows of a sample. Offering types are the same in every sample, because limits
    /// depend on their kinds.
    fn rows(&self, seed: u64) -> SampleRows {
        let mut dice = TestRandom::new(seed + 7);
        let mut rows = sample(seed, now(), FEW, &COUNTS);
        for (name, cells) in &mut rows {
            let mut row = RowDraft { table: table(name), cells };
            match *name {
                "offering_types" => row.text("kind", kind_of(id(row.cells))),
                "memberships" => {
                    let allotment = allotment(&mut dice);
                    row.text("allotment", &allotment);
                }
                "customer_memberships" => held(&mut dice, &mut row),
                "customer_membership_holds" => {
                    row.flag("prorate_usage", dice.chance(80));
                }
                "events" => event(&mut dice, &mut row, &self.zone),
                "attendances" => {
                    let method = dice.pick(&["membership", "membership", "membership", "dropin"]);
                    row.text("booking_method", method);
                    row.flag("comped", dice.chance(8));
                }
                _ => {}
            }
        }
        rows
    }
}

/// One row under construction.
struct RowDraft<'r> {
    table: &'static Table,
    cells: &'r mut Vec<Cell>,
}

impl RowDraft<'_> {
    fn set(&mut self, column: &str, cell: Cell) {
        let position = self.table.position_of(column).unwrap();
        self.cells[position] = cell;
    }

    fn text(&mut self, column: &str, text: &str) {
        self.set(column, Cell::text(text));
    }

    fn flag(&mut self, column: &str, flag: bool) {
        self.set(column, Cell::Int(flag.into()));
    }
}

fn held(dice: &mut TestRandom, row: &mut RowDraft<'_>) {
    if dice.chance(60) {
        row.text("status", "active");
    }
    if dice.chance(70) {
        row.set("cancelled_at", Cell::Null);
        row.set("expiration_date", Cell::Null);
    }
    if dice.chance(75) {
        row.set("billing_interval_weeks", Cell::Null);
    }
    let own = if dice.chance(25) { Cell::text(allotment(dice)) } else { Cell::Null };
    row.set("custom_allotment", own);
}

fn event(dice: &mut TestRandom, row: &mut RowDraft<'_>, zone: &Zone) {
    row.text("status", if dice.chance(10) { "cancelled" } else { "active" });
    if dice.chance(40) {
        // Ends of days, weeks, months and years.
        let days = ["2026-02-01", "2026-02-09", "2026-02-15", "2026-01-01", "2026-02-14"];
        let midnight = zone.start_of(Date::parse(dice.pick(&days)).unwrap()).micros();
        let starts_at = midnight + dice.pick(&[-1, 0, 0, 1]);
        row.set("starts_at", Cell::Int(starts_at));
        row.set("ends_at", Cell::Int(starts_at + 3_600_000_000));
    }
}

fn kind_of(offering_type: i64) -> &'static str {
    ["class", "class", "appointment", "course"][usize::try_from(offering_type % 4).unwrap()]
}

/// Returns the text of a random allotment.
fn allotment(dice: &mut TestRandom) -> String {
    use LimitType::{Course, Event};
    let types = dice.pick(&[vec![Event, Course], vec![Event, Course], vec![Event], vec![Course]]);
    let mut period_limits: Vec<PeriodLimit> = Vec::new();
    for _ in 0..dice.pick(&[0, 1, 1, 2, 3, 4]) {
        let period = dice.pick(&[
            LimitPeriod::Day,
            LimitPeriod::Week,
            LimitPeriod::Month,
            LimitPeriod::Month,
            LimitPeriod::Year,
            LimitPeriod::Lifetime,
        ]);
        let limit_type = dice.pick(&[Event, Event, Course]);
        if period_limits.iter().all(|l| (l.period, l.limit_type) != (period, limit_type)) {
            let offering_types = offering_type_limits(dice, limit_type);
            let max_uses = dice.chance(85).then(|| dice.between(0, 12));
            period_limits.push(PeriodLimit { period, limit_type, max_uses, offering_types });
        }
    }
    Allotment { ignore_no_shows: dice.chance(30), types, period_limits }.to_json()
}

fn offering_type_limits(dice: &mut TestRandom, limit_type: LimitType) -> Vec<OfferingTypeLimit> {
    let kinds = limit_type.offering_kinds();
    let fitting = (1..=COUNTS[3].1).filter(|id| kinds.contains(&kind_of(*id)));
    let mut limits = Vec::new();
    for offering_type in fitting {
        if dice.chance(30) {
            let max_uses = dice.chance(85).then(|| dice.between(0, 6));
            let (is_extra, allow_zero) = (dice.chance(35), dice.chance(70));
            limits.push(OfferingTypeLimit { offering_type, max_uses, is_extra, allow_zero });
        }
    }
    if dice.chance(50) {
        limits.reverse();
    }
    limits
}

/// Returns true for tables that no other table refers to; their rows may be missing at first.
fn is_leaf(name: &str) -> bool {
    matches!(name, "attendances" | "customer_membership_holds")
}

fn table(name: &str) -> &'static Table {
    catalogue::table(name).unwrap()
}

fn id(cells: &[Cell]) -> i64 {
    cells[catalogue::ID].as_int().unwrap()
}
