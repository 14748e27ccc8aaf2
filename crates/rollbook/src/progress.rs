//! Progress displays on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use app::imports::ImportObserver;
use app::jobs::row_file::WriteObserver;
use files::read::ReadProgress;
use indicatif::{ProgressBar, ProgressStyle};
use model::id::Revision;

use crate::terminal::say;

const BAR_EVERY: Duration = Duration::from_millis(120);
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress display of an import, shown until dropped.
pub struct ImportProgress {
    state: Arc<Mutex<ImportProgressState>>,
    stop: Option<SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct ImportProgressState {
    names: Vec<String>,
    sizes: Vec<u64>,
    current: Option<(usize, ReadProgress)>,
    rows_before: u64,
    stage: ImportStage,
}

/// The current stage of an import.
#[derive(Default, Clone, Copy)]
enum ImportStage {
    #[default]
    Reading,
    Waiting,
    Storing {
        rows: u64,
        rows_total: u64,
    },
    Committing,
}

impl ImportProgress {
    /// Starts the display. `sources` are names and sizes in bytes, in the order of reading.
    pub fn begin(sources: Vec<(String, u64)>) -> Self {
        let (names, sizes) = sources.into_iter().unzip();
        let state = Arc::new(Mutex::new(ImportProgressState {
            names,
            sizes,
            ..ImportProgressState::default()
        }));
        let (stop, stopped) = sync_channel::<()>(1);
        let seen = Arc::clone(&state);
        let is_terminal = std::io::stderr().is_terminal();
        let show = move || {
            let mut display = ProgressDisplay::new(is_terminal, &seen);
            let every = if is_terminal { BAR_EVERY } else { LINE_EVERY };
            while stopped.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                display.update(&seen);
            }
            display.clear();
        };
        // If the thread cannot start, there is only no display.
        let thread = std::thread::Builder::new().name("rollbook-progress".to_owned()).spawn(show);
        Self { state, stop: Some(stop), thread: thread.ok() }
    }
}

impl ImportObserver for ImportProgress {
    fn reading(&self, source: usize, progress: &ReadProgress) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, finished)) = &state.current {
            state.rows_before += finished.rows();
        }
        state.current = Some((source, progress.clone()));
    }

    fn waiting(&self) {
        self.enter(ImportStage::Waiting);
    }

    fn storing(&self, rows: u64, rows_total: u64) {
        self.enter(ImportStage::Storing { rows, rows_total });
    }

    fn committing(&self) {
        self.enter(ImportStage::Committing);
    }
}

impl ImportProgress {
    fn enter(&self, stage: ImportStage) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).stage = stage;
    }
}

impl Drop for ImportProgress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // The thread only draws, so its result does not matter.
            let _ = thread.join();
        }
    }
}

/// Display of a counter, shown until dropped; only on a terminal.
pub struct CountProgress {
    bar: Option<ProgressBar>,
}

impl CountProgress {
    /// Starts the display. `what` names the counted things.
    pub fn begin(what: &'static str) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner} {pos} {msg}  {elapsed}") {
                bar.set_style(style);
            }
            bar.with_message(what)
        });
        Self { bar }
    }

    /// Prints a line above the display, or plainly without a terminal.
    pub fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            None => say(line),
        }
    }

    /// Sets the count.
    pub fn set(&self, done: u64) {
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }
}

impl Drop for CountProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Display of the number of rows written and their total: a bar on a terminal, plain lines
/// elsewhere.
pub struct RowProgress {
    bar: Option<ProgressBar>,
    rows: AtomicU64,
    rows_total: AtomicU64,
    line: Mutex<Instant>,
}

impl RowProgress {
    /// Starts the display.
    pub fn begin() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} rows  {eta}") {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            rows: AtomicU64::new(0),
            rows_total: AtomicU64::new(0),
            line: Mutex::new(Instant::now()),
        }
    }
}

impl WriteObserver for RowProgress {
    fn begin(&self, rows_total: Option<u64>, _: Revision) {
        self.rows_total.store(rows_total.unwrap_or(0), Ordering::Relaxed);
        if let (Some(bar), Some(rows)) = (&self.bar, rows_total) {
            bar.set_length(rows);
        }
    }

    fn add_rows(&self, rows: u64) {
        let done = self.rows.fetch_add(rows, Ordering::Relaxed) + rows;
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None => {
                let mut last = self.line.lock().unwrap_or_else(PoisonError::into_inner);
                if last.elapsed() >= LINE_EVERY {
                    *last = Instant::now();
                    let total = self.rows_total.load(Ordering::Relaxed);
                    say(&format!("{done} of {total} rows"));
                }
            }
        }
    }

    fn is_canceled(&self) -> bool {
        false
    }
}

impl Drop for RowProgress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

impl ImportProgressState {
    /// Returns the done and the total amount: bytes while reading, rows while storing.
    fn done(&self) -> (u64, u64) {
        match self.stage {
            ImportStage::Reading => self.bytes(),
            ImportStage::Waiting => (0, self.rows()),
            ImportStage::Storing { rows, rows_total } => (rows, rows_total),
            ImportStage::Committing => (self.rows(), self.rows()),
        }
    }

    fn bytes(&self) -> (u64, u64) {
        let all = self.sizes.iter().sum();
        let Some((source, progress)) = &self.current else { return (0, all) };
        let before: u64 = self.sizes.iter().take(*source).sum();
        (before + progress.bytes_read(), all)
    }

    fn rows(&self) -> u64 {
        self.rows_before + self.current.as_ref().map_or(0, |(_, progress)| progress.rows())
    }

    fn name(&self) -> &str {
        let place = self.current.as_ref().map_or(0, |(source, _)| *source);
        match self.stage {
            ImportStage::Reading => self.names.get(place).map_or("", String::as_str),
            ImportStage::Waiting => "waiting for its turn",
            ImportStage::Storing { .. } => "storing",
            ImportStage::Committing => "checking references and committing",
        }
    }
}

enum ProgressDisplay {
    Bar(ProgressBar),
    Lines,
}

impl ProgressDisplay {
    fn new(is_terminal: bool, state: &Mutex<ImportProgressState>) -> Self {
        if !is_terminal {
            return Self::Lines;
        }
        let (_, all) = state.lock().unwrap_or_else(PoisonError::into_inner).bytes();
        let bar = ProgressBar::new(all);
        let template = "{bar:30} {percent:>3} %  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self::Bar(bar)
    }

    fn update(&mut self, state: &Mutex<ImportProgressState>) {
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let ((done, all), rows, name) = (state.done(), state.rows(), state.name());
        match self {
            Self::Bar(bar) => {
                bar.set_length(all);
                bar.set_position(done);
                bar.set_message(format!("{rows} rows  {name}"));
            }
            Self::Lines => {
                let percent = (done.min(all) * 100).checked_div(all).unwrap_or(100);
                say(&format!("{percent} %, {rows} rows: {name}"));
            }
        }
    }

    fn clear(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}
