//! `rollbook serve`: serves the API from a data folder.

use std::sync::Arc;
use std::time::Duration;

use app::jobs::FilesFolder;
use app::{App, AppParts};
use clap::Args;
use mirror::MirrorRole;
use model::clock::SystemClock;
use store::Store;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::{effective_settings, print};
use crate::config::{LogFormat, ProgramSettings, SettingFlag};
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::folder::DataFolder;
use crate::opening::{self, OpenedMirror};
use crate::{file_handles, logging};

/// Time that running work gets to end after the shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// `rollbook serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    pub(super) data: DataArgs,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(super) listen: Option<String>,
    /// Format of log lines [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub(super) log_format: Option<LogFormat>,
    /// Print every setting with its value and where it comes from, and exit
    #[arg(long)]
    pub(super) print_config: bool,
}

/// Returns `--log-format` as a setting.
pub(super) fn log_flag(format: Option<LogFormat>) -> Option<SettingFlag> {
    format.map(|format| {
        let word = if format == LogFormat::Json { "json" } else { "text" };
        SettingFlag {
            name: "--log-format".to_owned(),
            key: "log.format".to_owned(),
            value: word.to_owned(),
        }
    })
}

impl ServeArgs {
    fn flags(&self) -> Vec<SettingFlag> {
        let flag = |name: &str, key: &str, value: String| SettingFlag {
            name: name.to_owned(),
            key: key.to_owned(),
            value,
        };
        let listen = self.listen.clone().map(|value| flag("--listen", "server.listen", value));
        let format = log_flag(self.log_format);
        listen.into_iter().chain(format).collect()
    }
}

pub(crate) fn run(args: ServeArgs) -> Result<(), Failure> {
    if args.print_config {
        // Printing the configuration must not create the folder.
        let folder = DataFolder::at(&args.data.data);
        return print(&effective_settings(&folder, &args.data.settings, args.flags())?.to_text()?);
    }
    let folder = DataFolder::created(&args.data.data)?;
    let settings = effective_settings(&folder, &args.data.settings, args.flags())?.settings;
    logging::install(&settings.log)?;
    let _lock = folder.lock()?;
    let store = opening::create_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Writer)?;
    let reload = || -> Result<ProgramSettings, Failure> {
        Ok(effective_settings(&folder, &args.data.settings, args.flags())?.settings)
    };
    let files = opening::open_files_folder(&folder, &settings, &store)?;
    let parts = app_parts(&folder, store, &reads, files, &settings);
    serve(parts, &reload, |address| print(&format!("listening on {address}\n")))
}

/// Returns the parts of a server or worker over one folder. `reads` must outlive them.
pub(super) fn app_parts(
    folder: &DataFolder,
    store: Arc<dyn Store>,
    reads: &OpenedMirror,
    files: FilesFolder,
    settings: &ProgramSettings,
) -> AppParts {
    AppParts {
        store,
        mirror: Arc::clone(&reads.mirror),
        clock: Arc::new(SystemClock),
        settings: settings.server_settings(),
        data_dir: folder.path().to_owned(),
        temp_dir: reads.temp.path().to_owned(),
        build: crate::build_info::INFO,
        files,
    }
}

/// Creates the app. Fails if its settings are wrong.
pub(super) fn create_app(parts: AppParts) -> Result<App, Failure> {
    App::new(parts).map_err(|error| {
        Failure::new(format!("the configuration is wrong: {error}"))
            .hint("`rollbook serve --print-config` shows every setting and where it came from")
    })
}

/// Serves requests and runs jobs until the process is asked to stop. Calls `ready` with the address
/// when it listens.
pub(super) fn serve(
    mut parts: AppParts,
    reload: &ReadSettings<'_>,
    ready: impl FnOnce(&str) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let connections = &mut parts.settings.server.connections_max;
    *connections = file_handles::raise_limit_for_connections(*connections);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.doing(|| "start".to_owned())?;
    let outcome = runtime.block_on(async {
        let listener = listen(&parts.settings.server.listen).await?;
        let address = listener.local_addr().doing(|| "learn the address".to_owned())?;
        let url = format!("http://{address}");
        if !address.ip().is_unspecified() {
            parts.settings.server.public_url.get_or_insert_with(|| url.clone());
        }
        let app = create_app(parts)?;
        let signals = StopSignals::install()?;
        let workers = app.settings().jobs.work_in_server.then(|| app::jobs::start_workers(&app));
        ready(&url)?;
        let stop = signals.wait(&app, reload);
        let serving = server::serve(listener, app.clone(), stop).await;
        app::jobs::store_link_transfers(&app).await;
        if let Some(workers) = workers {
            workers.stop().await;
        }
        serving.doing(|| "serve".to_owned())
    });
    // Running work gets a moment to end; what it has not committed is discarded.
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    outcome
}

async fn listen(address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::new(format!("cannot listen on {address}"))
            .because(error)
            .hint("choose another address with --listen, as in --listen 127.0.0.1:8081")
    })
}

/// Runs jobs, without serving, until the process is asked to stop.
pub(super) fn run_worker(
    parts: AppParts,
    reload: &ReadSettings<'_>,
    ready: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.doing(|| "start".to_owned())?;
    let outcome = runtime.block_on(async {
        let app = create_app(parts)?;
        let signals = StopSignals::install()?;
        let workers = app::jobs::start_workers(&app);
        ready()?;
        signals.wait(&app, reload).await;
        workers.stop().await;
        Ok(())
    });
    runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
    outcome
}

/// Reads the settings again.
pub(super) type ReadSettings<'a> = dyn Fn() -> Result<ProgramSettings, Failure> + Sync + 'a;

struct StopSignals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
    hang_up: tokio::signal::unix::Signal,
}

impl StopSignals {
    fn install() -> Result<Self, Failure> {
        let listen = |kind| signal(kind).doing(|| "listen for signals".to_owned());
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hang_up: listen(SignalKind::hangup())?,
        })
    }

    /// Waits until the process is asked to stop. SIGHUP reloads the keys for JWTs.
    async fn wait(mut self, app: &App, reload: &ReadSettings<'_>) {
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return,
                _ = self.interrupt.recv() => return,
                _ = self.hang_up.recv() => reload_keys(app, reload),
            }
        }
    }
}

fn reload_keys(app: &App, reload: &ReadSettings<'_>) {
    let keys = reload().map_err(|failure| failure.to_text(false));
    let set = keys.and_then(|settings| {
        app.set_jwt_keys(&settings.auth.jwt_keys).map_err(|error| error.to_string())
    });
    match set {
        Ok(()) => tracing::info!("the keys of JWTs were read anew"),
        Err(problem) => tracing::error!(problem, "the keys of JWTs stay as they were"),
    }
}
