//! A piece of an invoice's net and its movement from deferred to recognized.
//! Rule: spec/accounting.md §7.2.

use super::schedule::Schedule;
use crate::arithmetic::mul_div_half_away;
use crate::calendar::{Month, ProviderCalendar, RecognitionPosition};
use crate::posting::CalculationStep;
use crate::posting::{LedgerFile, PieceId, PieceShare};

/// A piece of an invoice's net. Net = deferred + recognized + amounts taken back from either.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoicePiece {
    /// The id of the record that the piece stands for.
    pub id: PieceId,
    /// The id of the piece's plan.
    pub plan_id: Option<i64>,
    /// The id of the piece's product.
    pub product_id: Option<i64>,
    /// The id of the piece's subscription.
    pub subscription_id: Option<i64>,
    /// The file that lists the piece's movement.
    pub file: LedgerFile,
    /// The net of the piece, in minor units.
    pub net: i128,
    /// The schedule of delivery.
    pub schedule: Schedule,
    /// D: the amount still deferred.
    pub deferred: i128,
    /// W: the amount recognized and not taken back.
    pub recognized: i128,
    /// The movement of each month, in order; at most one entry per month.
    pub movements: Vec<PieceMovement>,
    base: MovementBase,
    units: DeliveredUnits,
    advanced_until: Option<Month>,
}

/// The state of a piece right after the last reversal, and the amount moved since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct MovementBase {
    deferred: i128,
    recognized: i128,
    progress: i128,
    moved: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct DeliveredUnits {
    month: Option<Month>,
    before: i128,
    now: i128,
}

/// The amount moved from deferred to recognized in one month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PieceMovement {
    /// The month.
    pub month: Month,
    /// The amount moved; negative if a delivery was returned.
    pub amount: i128,
    /// The units delivered before the month.
    pub units_before: i128,
    /// The units delivered by the end of the month.
    pub units_after: i128,
    /// W at the end of the month.
    pub recognized: i128,
    /// D at the end of the month.
    pub deferred: i128,
    /// The steps of the calculation, if the span asks for them.
    pub workings: Vec<CalculationStep>,
}

/// The parameters of movement that all pieces of an invoice share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MovementContext<'a> {
    pub(crate) calendar: &'a ProviderCalendar,
    /// The booking month. Nothing is recognized in an earlier month.
    pub(crate) booking: Month,
    /// The first month with its own entry; movement in earlier months may be combined.
    pub(crate) detail_from: Option<Month>,
    pub(crate) explains: bool,
}

/// The initial values of a piece: its ids, its net and its schedule.
#[derive(Debug)]
pub(crate) struct PieceTerms {
    pub(crate) id: PieceId,
    pub(crate) plan_id: Option<i64>,
    pub(crate) product_id: Option<i64>,
    pub(crate) subscription_id: Option<i64>,
    pub(crate) file: LedgerFile,
    pub(crate) net: i128,
    pub(crate) schedule: Schedule,
}

/// The deferred amount by the month in which it will be recognized.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ScheduledRecognition {
    /// The amounts that the calendar recognizes in each month.
    pub(crate) months: Vec<(Month, i128)>,
    /// The amount that the calendar recognizes in later months.
    pub(crate) later: i128,
    /// The amount that no calendar schedules.
    pub(crate) unscheduled: i128,
}

impl InvoicePiece {
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
            base: MovementBase { deferred: net, recognized: 0, progress: 0, moved: 0 },
            units: DeliveredUnits::default(),
            advanced_until: None,
        }
    }

    /// Moves the piece up to a position, month by month.
    pub(crate) fn advance(&mut self, to: &RecognitionPosition, context: &MovementContext<'_>) {
        self.advance_months(to.month, context);
        self.move_until(to, to.month.max(context.booking), context);
        self.advanced_until = Some(to.month);
    }

    /// Moves the piece up to the end of the month before `until`. Does nothing if that month is
    /// before the booking month.
    pub(crate) fn advance_months(&mut self, until: Month, context: &MovementContext<'_>) {
        // Amounts delivered before this month are recognized at its end.
        let floor =
            context.detail_from.map_or(context.booking, |m| m.previous().max(context.booking));
        if floor >= until {
            return;
        }
        let mut next = match self.advanced_until {
            Some(looked) if looked > floor => self.schedule.next_change(looked),
            _ => {
                self.move_until(
                    &RecognitionPosition::at_month_end(floor, context.calendar),
                    floor,
                    context,
                );
                self.schedule.next_change(floor.next())
            }
        };
        while let Some(month) = next.filter(|month| *month < until) {
            self.move_until(
                &RecognitionPosition::at_month_end(month, context.calendar),
                month,
                context,
            );
            next = self.schedule.next_change(month.next());
        }
        self.advanced_until = Some(until);
    }

    fn move_until(
        &mut self,
        position: &RecognitionPosition,
        month: Month,
        context: &MovementContext<'_>,
    ) {
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
        let working = context.explains.then(|| CalculationStep::Moved {
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

    fn record(&mut self, amount: i128, month: Month, working: Option<CalculationStep>) {
        self.deferred -= amount;
        self.recognized += amount;
        match self.movements.last_mut().filter(|last| last.month == month) {
            Some(last) => last.amount += amount,
            None => self.movements.push(PieceMovement {
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

    /// Updates the last movement to the current state, so that it shows a reversal in its month,
    /// too.
    fn refresh(&mut self, month: Month) {
        if let Some(last) = self.movements.last_mut().filter(|last| last.month == month) {
            last.recognized = self.recognized;
            last.deferred = self.deferred;
            last.units_after = self.units.now;
        }
    }

    /// Returns the amount moved since the last reversal, at a progress. The amount is cumulative,
    /// so that rounding errors do not add up.
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

    /// Takes amounts back at a position that the piece has been moved to, and continues from there.
    pub(crate) fn take_back(
        &mut self,
        deferred: i128,
        recognized: i128,
        position: &RecognitionPosition,
        context: &MovementContext<'_>,
    ) {
        self.deferred -= deferred;
        self.recognized -= recognized;
        self.base = MovementBase {
            deferred: self.deferred,
            recognized: self.recognized,
            progress: self.schedule.progress(position),
            moved: 0,
        };
        self.refresh(position.month.max(context.booking));
    }

    /// Takes everything back. Nothing moves afterwards.
    pub(crate) fn take_all_back(&mut self, month: Month) {
        self.deferred = 0;
        self.recognized = 0;
        self.base.deferred = 0;
        self.base.recognized = 0;
        self.base.moved = 0;
        self.refresh(month);
    }

    /// Recognizes the remaining deferred amount. Nothing moves afterwards.
    pub(crate) fn finish(&mut self, position: &RecognitionPosition, context: &MovementContext<'_>) {
        self.advance(position, context);
        let rest = self.deferred;
        self.base = MovementBase {
            deferred: 0,
            recognized: self.recognized + rest,
            progress: self.schedule.progress(position),
            moved: 0,
        };
        if rest != 0 {
            let working = context.explains.then_some(CalculationStep::Finished { deferred: rest });
            self.record(rest, position.month.max(context.booking), working);
        }
    }

    /// Returns this piece's share of a posting.
    pub(crate) fn share(&self, deferred: i128, recognized: i128) -> PieceShare {
        PieceShare {
            piece: Some(self.id),
            plan_id: self.plan_id,
            product_id: self.product_id,
            deferred,
            recognized,
        }
    }

    /// Returns the amounts that will move from `month` on, by month until `last`, and after it.
    pub(crate) fn scheduled_recognition(
        &self,
        month: Month,
        last: Month,
        context: &MovementContext<'_>,
    ) -> ScheduledRecognition {
        if !self.schedule.is_calendar() {
            return ScheduledRecognition {
                unscheduled: self.deferred,
                ..ScheduledRecognition::default()
            };
        }
        let mut ahead = Self { movements: Vec::new(), ..self.clone() };
        ahead.advanced_until = Some(month);
        let context = MovementContext { booking: month, detail_from: None, ..*context };
        let mut next = ahead.schedule.next_change(month);
        while let Some(at) = next.filter(|at| *at <= last) {
            ahead.move_until(
                &RecognitionPosition::at_month_end(at, context.calendar),
                at,
                &context,
            );
            next = ahead.schedule.next_change(at.next());
        }
        let moved = ahead.movements.iter().map(|movement| (movement.month, movement.amount));
        let months = moved.collect();
        match next {
            Some(_) => ScheduledRecognition { months, later: ahead.deferred, unscheduled: 0 },
            None => ScheduledRecognition { months, later: 0, unscheduled: ahead.deferred },
        }
    }
}
