//! A PostgreSQL server for these tests: in a folder of its own, reached through a socket there, gone with the process.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use recording_archiver::catalog::Location;
use recording_archiver::catalog::postgres::Address;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

/// Makes the server, says that it is ready, and ends it when the one who started it is gone: then its input ends.
const SCRIPT: &str = r#"
set -e
"$1/initdb" --pgdata="$2/data" --username=archiver --auth=trust --locale=C --encoding=UTF8 --no-sync >"$2/log"
"$1/postgres" -D "$2/data" -k "$2" -c listen_addresses= -c fsync=off -c max_connections=400 >>"$2/log" 2>&1 &
for _ in $(seq 300); do
    if "$1/pg_isready" --quiet --host="$2"; then echo ready; break; fi
    sleep 0.1
done
cat >"$2/input" || :
kill -INT $!
wait || :
rm -rf "$2"
"#;

pub(crate) struct Server {
    folder: PathBuf,
    schemas: AtomicU32,
    /// Its input is open for as long as this process lives.
    _process: Child,
}

/// The server of this process; `None`, and a word about it, where PostgreSQL is not installed. CI installs it.
pub(crate) fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    let server = SERVER.get_or_init(|| programs().map(Server::start));
    if server.is_none() {
        assert!(std::env::var_os("CI").is_none(), "PostgreSQL is not installed, and CI skips nothing");
        eprintln!("SKIPPED: PostgreSQL is not installed");
    }
    server.as_ref()
}

/// Where Debian or the user's path has the server's programs; the newest.
fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    debian
        .chain(path)
        .filter(|folder| ["initdb", "postgres", "pg_isready"].iter().all(|name| folder.join(name).exists()))
        .max()
}

impl Server {
    fn start(programs: PathBuf) -> Self {
        const NOBODY: u32 = 65534;
        let folder = tempfile::tempdir().unwrap().keep();
        let is_root = rustix::process::geteuid().is_root();
        let mut command = if is_root { Command::new("setpriv") } else { Command::new("sh") };
        if is_root {
            // PostgreSQL refuses to run as root.
            chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
            command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "sh"]);
        }
        let command = command.args(["-c", SCRIPT, "sh"]).arg(programs).arg(&folder);
        let mut process = command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let log = || std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert_eq!(said, "ready\n", "PostgreSQL did not start: {}", log());
        Self { folder, schemas: AtomicU32::new(0), _process: process }
    }

    fn url(&self) -> String {
        format!("postgres://archiver@{}/postgres", self.folder.to_str().unwrap().replace('/', "%2F"))
    }

    /// A schema that nobody else uses.
    pub(crate) fn schema(&self) -> String {
        format!("organisation_{}", self.schemas.fetch_add(1, Ordering::Relaxed))
    }

    pub(crate) fn address(&self, schema: &str) -> Address {
        Address::new(&self.url(), schema, None, &self.folder.join(schema)).unwrap()
    }

    pub(crate) fn location(&self, schema: &str) -> Location {
        Location::Schema(self.address(schema))
    }

    /// A tool of its own on a schema, as an administrator has one.
    pub(crate) async fn tool(&self, schema: &str) -> PgPool {
        let options: PgConnectOptions = self.url().parse().unwrap();
        PgPoolOptions::new().max_connections(1).connect_with(options.options([("search_path", schema)])).await.unwrap()
    }
}
