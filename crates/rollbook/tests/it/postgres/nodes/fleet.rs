//! Two servers and two workers with one database and one files folder.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::super::node;
use crate::jobs::{link, succeeded};
use crate::server::{Server, TestDataFolder, Worker};

/// Number of servers and workers.
pub(super) const NODES: usize = 4;

/// Settings that spread the jobs over the nodes, with a short lease.
const SETTINGS: &str = "[jobs]\nlease_s = 5\nmax_running = 1\nattempts_max = 1000\n\
    waiting_per_provider = 20\n";

/// Current addresses of the servers.
pub(crate) type Addresses = Arc<Mutex<[String; 2]>>;

/// A file of a finished job.
pub(crate) struct FinishedFile {
    pub(super) job: i64,
    pub(super) text: String,
    pub(super) manifest: Value,
}

pub(super) struct Fleet {
    folders: [TestDataFolder; NODES],
    servers: [Server; 2],
    workers: [Worker; 2],
    addresses: Addresses,
    token: String,
    _files: tempfile::TempDir,
}

impl Fleet {
    pub(super) fn start(url: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let settings = format!("[files]\ndir = \"{}\"\n{SETTINGS}", files.path().display());
        let folders: [TestDataFolder; NODES] = std::array::from_fn(|_| node(url, &settings));
        folders[0].add_provider(1, "Europe/London", "gbp");
        let token = folders[0].token(1);
        let servers = [folders[0].serve(), folders[1].serve()];
        let workers = [Worker::start(&folders[2]), Worker::start(&folders[3])];
        let addresses = Arc::new(Mutex::new([0, 1].map(|at: usize| servers[at].address.clone())));
        Self { folders, servers, workers, addresses, token, _files: files }
    }

    /// Kills a node with kill -9 and starts it again at once.
    pub(super) fn kill(&mut self, at: usize) {
        let (folder, place) = (&self.folders[at], at % 2);
        if at < 2 {
            self.servers[place].kill();
            self.servers[place] = folder.serve();
            self.addresses.lock().unwrap()[place].clone_from(&self.servers[place].address);
        } else {
            self.workers[place].kill();
            self.workers[place] = Worker::start(folder);
        }
    }

    pub(super) fn addresses(&self) -> Addresses {
        Arc::clone(&self.addresses)
    }

    pub(super) fn servers(&self) -> &[Server; 2] {
        &self.servers
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    pub(super) fn folder(&self) -> &str {
        self.folders[2].path()
    }

    /// Returns the file of a job, requested from one server and downloaded from the other.
    pub(super) fn file(&self, place: usize, job: i64) -> FinishedFile {
        let (asked, other) = (&self.servers[place % 2], &self.servers[(place + 1) % 2]);
        let path = link(asked, &succeeded(asked, &self.token, job));
        let answer = other.request("GET", &path).send();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let manifest = asked.get(&self.token, &format!("/api/v2/jobs/{job}/manifest")).ok();
        assert_eq!(manifest["sha256"], crate::jobs::sha256(&answer.body), "job {job}");
        FinishedFile { job, text: answer.text(), manifest }
    }
}
