//! A piece of an invoice's net and its movement from deferred to recognized.
//! Rule: spec/accounting.md §7.2.

use super::schedule::Schedule;
use crate::arithmetic::mul_div_half_away;
use crate::calendar::{Calendar, Month, Position};
use crate::explain::Working;
use crate::posting::{File, PieceId, PieceShare};

/// A piece. Its net is always deferred + recognized + what was taken back from either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// What it stands for.
    pub id: PieceId,
    /// Its plan.
    pub plan_id: Option<i64>,
    /// Its product.
    pub product_id: Option<i64>,
    /// Its subscription.
    pub subscription_id: Option<i64>,
    /// Where its movement is listed.
    pub file: File,
    /// Its net, in minor units.
    pub net: i128,
    /// How it is delivered.
    pub schedule: Schedule,
    /// D: still deferred.
    pub deferred: i128,
    /// W: recognized and not taken back.
    pub recognized: i128,
    /// What moved in each month, in order; at most one entry a month.
    pub movements: Vec<Movement>,
    base: Base,
    units: Units,
    looked_until: Option<Month>,
}

/// What a piece was right after the last reversal, and what has moved since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Base {
    deferred: i128,
    recognized: i128,
    progress: i128,
    moved: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Units {
    month: Option<Month>,
    before: i128,
    now: i128,
}

/// What moved from deferred to recognized in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// The month.
    pub month: Month,
    /// How much; negative when a delivery came back.
    pub amount: i128,
    /// Units delivered before the month.
    pub units_before: i128,
    /// Units delivered at its end.
    pub units_after: i128,
    /// W at its end.
    pub recognized: i128,
    /// D at its end.
    pub deferred: i128,
    /// The arithmetic, when asked for.
    pub workings: Vec<Working>,
}

/// How movement is looked at: the same for all pieces of an invoice.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look<'a> {
    pub(crate) calendar: &'a Calendar,
    /// Nothing is recognized in an earlier month.
    pub(crate) booking: Month,
    /// What moves in earlier months may be folded.
    pub(crate) detail_from: Option<Month>,
    pub(crate) explains: bool,
}

/// What identifies a piece and how it is delivered.
#[derive(Debug)]
pub(crate) struct PieceTerms {
    pub(crate) id: PieceId,
    pub(crate) plan_id: Option<i64>,
    pub(crate) product_id: Option<i64>,
    pub(crate) subscription_id: Option<i64>,
    pub(crate) file: File,
    pub(crate) net: i128,
    pub(crate) schedule: Schedule,
}

/// What is deferred, by when it will move.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Future {
    /// By the calendar, in each month.
    pub(crate) months: Vec<(Month, i128)>,
    /// By the calendar, in later months.
    pub(crate) later: i128,
    /// By no calendar.
    pub(crate) unscheduled: i128,
}

impl Piece {
    pub(crate) fn new(terms: PieceTerms) -> Self {
        let PieceTerms { id, plan_id, product_id, subscription_id, file, net, schedule } = terms;
        Self {
            id,
            plan_id,
            product_id,
            subscription_id,
            file,
            net,
            schedule,
            deferred: net,
            recognized: 0,
            movements: Vec::new(),
            base: Base { deferred: net, recognized: 0, progress: 0, moved: 0 },
            units: Units::default(),
            looked_until: None,
        }
    }

    /// Moves up to a position, month by month.
    pub(crate) fn advance(&mut self, to: &Position, look: &Look<'_>) {
        self.advance_months(to.month, look);
        self.move_to(to, to.month.max(look.booking), look);
        self.looked_until = Some(to.month);
    }

    /// Moves up to the end of the month before `until`. Nothing happens when that is before the
    /// booking month.
    pub(crate) fn advance_months(&mut self, until: Month, look: &Look<'_>) {
        // Whatever was delivered before this month shows at its end.
        let floor = look.detail_from.map_or(look.booking, |m| m.previous().max(look.booking));
        if floor >= until {
            return;
        }
        let mut next = match self.looked_until {
            Some(looked) if looked > floor => self.schedule.next_change(looked),
            _ => {
                self.move_to(&Position::end_of(floor, look.calendar), floor, look);
                self.schedule.next_change(floor.next())
            }
        };
        while let Some(month) = next.filter(|month| *month < until) {
            self.move_to(&Position::end_of(month, look.calendar), month, look);
            next = self.schedule.next_change(month.next());
        }
        self.looked_until = Some(until);
    }

    fn move_to(&mut self, position: &Position, month: Month, look: &Look<'_>) {
        let progress = self.schedule.progress(position);
        let moved = self.moved_at(progress);
        let amount = moved - self.base.moved;
        if self.units.month != Some(month) {
            self.units.before = self.units.now;
            self.units.month = Some(month);
        }
        self.units.now = self.schedule.units(position);
        if amount == 0 {
            return;
        }
        let working = look.explains.then(|| Working::Moved {
            until: position.date,
            deferred: self.base.deferred,
            recognized: self.base.recognized,
            from: self.base.progress,
            at: progress,
            total: self.schedule.total(),
            unit: self.schedule.unit_name(),
            before: self.base.moved,
            moved,
        });
        self.base.moved = moved;
        self.record(amount, month, working);
    }

    fn record(&mut self, amount: i128, month: Month, working: Option<Working>) {
        self.deferred -= amount;
        self.recognized += amount;
        match self.movements.last_mut().filter(|last| last.month == month) {
            Some(last) => last.amount += amount,
            None => self.movements.push(Movement {
                month,
                amount,
                units_before: self.units.before,
                units_after: self.units.now,
                recognized: 0,
                deferred: 0,
                workings: Vec::new(),
            }),
        }
        self.refresh(month);
        if let Some(last) = self.movements.last_mut() {
            last.workings.extend(working);
        }
    }

    /// The last movement shows the state at its month's end, so a reversal in it shows too.
    fn refresh(&mut self, month: Month) {
        if let Some(last) = self.movements.last_mut().filter(|last| last.month == month) {
            last.recognized = self.recognized;
            last.deferred = self.deferred;
            last.units_after = self.units.now;
        }
    }

    /// What has moved since the last reversal, at a progress. Cumulative, so that rounding never
    /// adds up.
    fn moved_at(&self, progress: i128) -> i128 {
        let base = self.base;
        let came_back = matches!(self.schedule, Schedule::Shipments(_)) && progress < base.progress;
        if came_back {
            let kept = mul_div_half_away(base.recognized, progress, base.progress);
            return kept - base.recognized;
        }
        let (since, whole) = (progress - base.progress, self.schedule.total() - base.progress);
        mul_div_half_away(base.deferred, since, whole)
    }

    /// Takes amounts back at a position up to which it has moved, and goes on from there.
    pub(crate) fn take_back(
        &mut self,
        deferred: i128,
        recognized: i128,
        position: &Position,
        look: &Look<'_>,
    ) {
        self.deferred -= deferred;
        self.recognized -= recognized;
        self.base = Base {
            deferred: self.deferred,
            recognized: self.recognized,
            progress: self.schedule.progress(position),
            moved: 0,
        };
        self.refresh(position.month.max(look.booking));
    }

    /// Takes everything back; nothing moves afterwards.
    pub(crate) fn take_all_back(&mut self, month: Month) {
        self.deferred = 0;
        self.recognized = 0;
        self.base.deferred = 0;
        self.base.recognized = 0;
        self.base.moved = 0;
        self.refresh(month);
    }

    /// Recognizes what is still deferred; nothing moves afterwards.
    pub(crate) fn finish(&mut self, position: &Position, look: &Look<'_>) {
        self.advance(position, look);
        let rest = self.deferred;
        self.base = Base {
            deferred: 0,
            recognized: self.recognized + rest,
            progress: self.schedule.progress(position),
            moved: 0,
        };
        if rest != 0 {
            let working = look.explains.then_some(Working::Finished { deferred: rest });
            self.record(rest, position.month.max(look.booking), working);
        }
    }

    /// A share of a posting for this piece.
    pub(crate) fn share(&self, deferred: i128, recognized: i128) -> PieceShare {
        PieceShare {
            piece: Some(self.id),
            plan_id: self.plan_id,
            product_id: self.product_id,
            deferred,
            recognized,
        }
    }

    /// What will move after `month`, as things stand: in each month until `last`, and beyond.
    pub(crate) fn future(&self, month: Month, last: Month, look: &Look<'_>) -> Future {
        if !self.schedule.is_calendar() {
            return Future { unscheduled: self.deferred, ..Future::default() };
        }
        let mut ahead = Self { movements: Vec::new(), ..self.clone() };
        ahead.looked_until = Some(month);
        let look = Look { booking: month, detail_from: None, ..*look };
        let mut next = ahead.schedule.next_change(month);
        while let Some(at) = next.filter(|at| *at <= last) {
            ahead.move_to(&Position::end_of(at, look.calendar), at, &look);
            next = ahead.schedule.next_change(at.next());
        }
        let moved = ahead.movements.iter().map(|movement| (movement.month, movement.amount));
        let months = moved.collect();
        match next {
            Some(_) => Future { months, later: ahead.deferred, unscheduled: 0 },
            None => Future { months, later: 0, unscheduled: ahead.deferred },
        }
    }
}
