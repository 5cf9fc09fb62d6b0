//! A catalog that is years old, an archiver at work on it, and a DingTalk that answers.

use std::collections::HashMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex};

use recording_archiver::archive::Archive;
use recording_archiver::catalog::{After, Catalog};
use recording_archiver::cli::wiring;
use recording_archiver::config::Config;
use recording_archiver::domain::clock::{Clock, Timestamp, VirtualClock};
use recording_archiver::domain::conference::Conference;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::dingtalk;

/// Noon of 15 June 2026, UTC.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_781_524_800_000);

const SMALL: u32 = 10_000;
const LARGE: u32 = 1_000_000;

pub(crate) static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// How many conferences the small catalog has, and how many the large one.
pub(crate) fn sizes() -> [u32; 2] {
    [SMALL, std::env::var("BENCH_LARGE").map_or(LARGE, |large| large.parse().unwrap())]
}

/// A catalog in which nothing is due, and the archiver of it.
pub(crate) struct Old {
    pub(crate) archive: Archive,
    pub(crate) catalog: Catalog,
    pub(crate) clock: Arc<VirtualClock>,
}

/// The catalog with so many closed conferences; there is one of each size.
pub(crate) fn old(closed: u32) -> &'static Old {
    static ALL: LazyLock<Mutex<HashMap<u32, &'static Old>>> = LazyLock::new(Mutex::default);
    ALL.lock().unwrap().entry(closed).or_insert_with(|| Box::leak(Box::new(RUNTIME.block_on(Old::open(closed)))))
}

impl Old {
    async fn open(closed: u32) -> Self {
        let path = path(closed);
        if !path.exists() {
            let being_made = path.with_extension("making");
            let _ = fs::remove_file(&being_made);
            Catalog::open(&being_made).await.unwrap().close().await;
            execute(&being_made, include_str!("closed.sql"), &[("closed", closed)]);
            fs::rename(being_made, &path).unwrap();
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let mut config = Config::default();
        config.dingtalk.base_url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        config.dingtalk.app_key = Some("dingbench".to_owned());
        config.dingtalk.app_secret = Some("secret".to_owned().into());
        config.dingtalk.requests_per_second = 100_000.try_into().unwrap();
        tokio::spawn(dingtalk::serve(listener));
        let clock = Arc::new(VirtualClock::new(NOW));
        let catalog = Catalog::open(&path).await.unwrap();
        let archive = wiring::archive(&config, catalog.clone(), Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        let old = Self { archive, catalog, clock };
        old.have_due(0);
        // What is done once a day is done with this.
        old.archive.prepare(NOW).await.unwrap();
        old.archive.tick(NOW).await.unwrap();
        old
    }

    /// From here on, so many lists are due, and nothing is left of what was before.
    pub(crate) fn have_due(&self, due: u32) {
        execute(self.catalog.location().path().unwrap(), include_str!("due.sql"), &[("due", due)]);
    }

    /// The conferences whose lists are due.
    pub(crate) fn due(&self) -> Vec<Conference> {
        let from_the_first = After::default();
        RUNTIME.block_on(self.catalog.due(NOW, true, &from_the_first, u32::MAX, NOW)).unwrap()
    }

    /// One pass of what is due.
    pub(crate) fn tick(&self) {
        RUNTIME.block_on(self.archive.tick(self.clock.now())).unwrap();
    }
}

/// Where the catalog of this size is kept for the next run. One of another schema, or made otherwise, is another file.
fn path(closed: u32) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut migrations: Vec<_> =
        fs::read_dir(root.join("migrations")).unwrap().map(|migration| migration.unwrap().path()).collect();
    migrations.sort();
    let mut hasher = DefaultHasher::new();
    include_str!("closed.sql").hash(&mut hasher);
    for migration in migrations {
        fs::read(migration).unwrap().hash(&mut hasher);
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
    fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{closed}-{:016x}.db", hasher.finish()))
}

/// Runs SQL with numbers in the place of names.
fn execute(catalog: &Path, sql: &str, numbers: &[(&str, u32)]) {
    let mut sql = sql.replace(":now", &NOW.as_millis().to_string());
    for (name, number) in numbers {
        sql = sql.replace(&format!(":{name}"), &number.to_string());
    }
    let connection = rusqlite::Connection::open(catalog).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    connection.execute_batch(&format!("PRAGMA synchronous = OFF; BEGIN IMMEDIATE; {sql} COMMIT;")).unwrap();
}
