//! Opening the catalog in its schema, and its transactions.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::error::DatabaseError;
use sqlx::migrate::Migrator;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection, PgPool, PgPoolOptions, PgSslMode};
use sqlx::query::Query;
use sqlx::{ConnectOptions, Connection, Postgres, Transaction};

use super::Error;

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Reading connections: as many as there are ever questions at once.
const READERS: u32 = 4;

/// How long a connection is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where a catalog stands: a database, and a schema in it.
#[derive(Clone)]
pub struct Address {
    options: Arc<PgConnectOptions>,
    schema: String,
    beside: PathBuf,
}

impl Address {
    /// The schema `schema` of the database at `url`. The connection is encrypted and the server's name is verified, unless
    /// it does not leave this machine. `beside` is the path beside which this machine's daemon keeps its lock and note.
    pub fn new(url: &str, schema: &str, password: Option<&str>, beside: &Path) -> Result<Self, Error> {
        let mut options: PgConnectOptions = url.parse().map_err(Error::Address)?;
        if let Some(password) = password {
            options = options.password(password);
        }
        let is_local = options.get_socket().is_some() || is_loopback(options.get_host());
        options = options
            .ssl_mode(if is_local { PgSslMode::Prefer } else { PgSslMode::VerifyFull })
            .application_name("recording-archiver")
            .options([
                ("search_path", schema),
                // A process that stands still in the middle of a transaction must not keep the lease's row locked.
                ("idle_in_transaction_session_timeout", "10s"),
                ("lock_timeout", "10s"),
                // Notices of what is there already would be logged.
                ("client_min_messages", "warning"),
            ])
            .disable_statement_logging();
        Ok(Self { options: Arc::new(options), schema: schema.to_owned(), beside: beside.to_owned() })
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    pub fn beside(&self) -> &Path {
        &self.beside
    }

    /// The same for a connection that waits for no lock as long as the lease lasts.
    pub(super) fn for_lease(&self) -> Self {
        self.with("lock_timeout", "2s")
    }

    fn with(&self, setting: &str, value: &str) -> Self {
        let options = self.options.as_ref().clone().options([(setting, value)]);
        Self { options: Arc::new(options), ..self.clone() }
    }

    async fn connect(&self) -> Result<PgConnection, Error> {
        self.options.connect().await.map_err(|source| self.unreachable(source))
    }

    pub(super) fn unreachable(&self, source: sqlx::Error) -> Error {
        Error::Unreachable { catalog: self.to_string(), source }
    }

    pub(super) fn pool(&self, connections: u32) -> PgPool {
        PgPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(PATIENCE)
            .connect_lazy_with(self.options.as_ref().clone())
    }

    /// The version of the schema that is there; 0 if there is none yet. One that this program may not touch is an error.
    pub(super) async fn inspect(&self) -> Result<i64, Error> {
        let mut connection = self.connect().await?;
        let found = version(&mut connection, &self.schema).await.map_err(|source| self.unreachable(source))?;
        let _ = connection.close().await;
        match found {
            None => Err(Error::NotACatalogSchema(self.to_string())),
            Some(found) if found > known() => Err(Error::Newer { catalog: self.to_string(), found, known: known() }),
            Some(found) => Ok(found),
        }
    }

    /// Makes the schema where there is none, and brings an older one to this program's.
    pub(super) async fn migrate(&self) -> Result<(), Error> {
        let mut connection = self.connect().await?;
        let exists = sqlx::query_scalar::<_, bool>("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1)");
        if !exists.bind(&self.schema).fetch_one(&mut connection).await? {
            // The configuration lets no name through that would have to be quoted.
            let create = sqlx::AssertSqlSafe(format!("CREATE SCHEMA IF NOT EXISTS {}", self.schema));
            sqlx::query(create).execute(&mut connection).await?;
        }
        let migrated = MIGRATIONS.run(&mut connection).await;
        migrated.map_err(|source| Error::Migrate { catalog: self.to_string(), source })?;
        let _ = connection.close().await;
        Ok(())
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        write!(f, "postgres://{}@", options.get_username())?;
        match options.get_socket() {
            Some(socket) => write!(f, "{}", socket.display())?,
            None => write!(f, "{}:{}", options.get_host(), options.get_port())?,
        }
        write!(f, "/{} (schema {})", options.get_database().unwrap_or(options.get_username()), self.schema)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// The schema's version that this program knows.
pub(super) fn known() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// The version of a catalog's schema, 0 if there is none yet; `None` if it is another program's.
async fn version(connection: &mut PgConnection, schema: &str) -> sqlx::Result<Option<i64>> {
    let tables: Vec<String> = sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = $1")
        .bind(schema)
        .fetch_all(&mut *connection)
        .await?;
    if tables.iter().any(|table| table == "lease") && tables.iter().any(|table| table == "_sqlx_migrations") {
        let version = sqlx::query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations WHERE success");
        return version.fetch_one(connection).await.map(Some);
    }
    let is_new = tables.iter().all(|table| table == "_sqlx_migrations");
    Ok(is_new.then_some(0))
}

#[derive(Clone, Debug)]
pub struct Catalog {
    address: Address,
    /// What was written under another generation of the lease is not written; `None`: a command, which works beside
    /// whoever leads.
    generation: Option<i64>,
    writer: PgPool,
    readers: PgPool,
    /// See [`Catalog::for_observers`].
    observer: PgPool,
}

impl Catalog {
    /// Opens the catalog for a command that writes; makes it where there is none.
    pub async fn open(address: &Address) -> Result<Self, Error> {
        match address.inspect().await? {
            0 => address.migrate().await?,
            found => check_is_current(address, found)?,
        }
        Ok(Self::at(address, None))
    }

    /// Opens the catalog for reading only.
    pub async fn open_read_only(address: &Address) -> Result<Self, Error> {
        match address.inspect().await? {
            0 => return Err(Error::NoSchema(address.to_string())),
            found => check_is_current(address, found)?,
        }
        Ok(Self::at(&address.with("default_transaction_read_only", "on"), None))
    }

    /// The catalog, for the daemon that took the lease as `generation`.
    pub(super) fn at(address: &Address, generation: Option<i64>) -> Self {
        Self {
            address: address.clone(),
            generation,
            writer: address.pool(1),
            readers: address.pool(READERS),
            observer: address.pool(1),
        }
    }

    pub fn for_observers(&self) -> Self {
        Self { readers: self.observer.clone(), ..self.clone() }
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    pub async fn close(self) {
        self.readers.close().await;
        self.observer.close().await;
        self.writer.close().await;
    }

    /// A transaction of the one writer, while the lease is held.
    pub(in crate::catalog) async fn write(&self) -> Result<Transaction<'static, Postgres>, Error> {
        let mut transaction = self.writer.begin().await?;
        let generation = sqlx::query_scalar("SELECT generation FROM lease WHERE id = 1 FOR UPDATE");
        let generation: i64 = generation.fetch_one(&mut *transaction).await?;
        if self.generation.is_some_and(|held| held != generation) {
            return Err(Error::Superseded);
        }
        Ok(transaction)
    }

    /// Carries out a statement that is a transaction of its own; answers how many rows it touched.
    pub(super) async fn execute(&self, statement: Query<'_, Postgres, PgArguments>) -> Result<u64, Error> {
        let mut transaction = self.write().await?;
        let done = statement.execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected())
    }

    /// A transaction that reads all of it as it is at one instant.
    pub(in crate::catalog) async fn instant(&self) -> Result<Transaction<'static, Postgres>, Error> {
        Ok(self.readers.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
    }

    pub(super) fn readers(&self) -> &PgPool {
        &self.readers
    }

    pub(super) async fn read(&self) -> Result<PoolConnection<Postgres>, Error> {
        Ok(self.readers.acquire().await?)
    }
}

fn check_is_current(address: &Address, found: i64) -> Result<(), Error> {
    if found < known() {
        return Err(Error::Older { catalog: address.to_string(), found, known: known() });
    }
    Ok(())
}

/// Whether the server is away, restarts, is full, or gave way to another transaction: waiting may help.
pub(in crate::catalog) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() != io::ErrorKind::InvalidInput,
        sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed | sqlx::Error::Protocol(_) => true,
        // Connection exception, transaction rollback, insufficient resources, operator intervention; lock not available,
        // idle in transaction, and a server that only reads for a while.
        sqlx::Error::Database(said) => said.code().is_some_and(|code| {
            ["08", "40", "53", "57"].iter().any(|class| code.starts_with(class))
                || matches!(&*code, "55P03" | "25P03" | "25006")
        }),
        _ => false,
    }
}

/// Whether this user may only read.
pub(in crate::catalog) fn is_read_only(error: &sqlx::Error) -> bool {
    // insufficient_privilege, read_only_sql_transaction.
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "42501" | "25006"))
}
