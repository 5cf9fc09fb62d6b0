//! The lease: which daemon works, by the database's clock.

use sqlx::PgPool;
use sqlx::error::DatabaseError;

use super::Error;
use super::connection::{Address, Catalog};
use crate::domain::clock::Timestamp;
use crate::domain::lease::{Holder, Lease};

/// The row of the lease, and what time it is there.
#[derive(sqlx::FromRow)]
struct Row {
    owner: Option<String>,
    generation: i64,
    taken_at: i64,
    renewed_at: i64,
    now: i64,
}

impl From<Row> for Lease {
    fn from(row: Row) -> Self {
        Self {
            owner: row.owner,
            generation: row.generation,
            taken_at: Timestamp::from_millis(row.taken_at),
            renewed_at: Timestamp::from_millis(row.renewed_at),
            now: Timestamp::from_millis(row.now),
        }
    }
}

macro_rules! lease {
    ($more:literal) => {
        sqlx::query_as::<_, Row>(concat!(
            "SELECT owner, generation, taken_at, renewed_at,
                    (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now
             FROM lease WHERE id = 1",
            $more
        ))
    };
}

/// A daemon that is ready to work, and waits for the lease. Its one connection serves the lease alone.
#[derive(Debug)]
pub struct Standby {
    address: Address,
    owner: String,
    pool: PgPool,
}

impl Standby {
    /// Stands by as `owner`. Makes the catalog where there is none; an older one is brought to this program's schema by the
    /// one that takes the lease.
    pub async fn at(address: &Address, owner: String) -> Result<Self, Error> {
        if address.inspect().await? == 0 {
            address.migrate().await?;
        }
        Ok(Self { address: address.clone(), owner, pool: address.for_lease().pool(1) })
    }

    /// Who works.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        Ok(Lease::from(lease!("").fetch_one(&self.pool).await?).holder())
    }

    /// Takes the lease, if it has run out; answers its generation.
    pub async fn take(&self) -> Result<Option<i64>, Error> {
        if self.holder().await?.is_some() {
            return Ok(None);
        }
        let mut transaction = self.pool.begin().await?;
        let lease = Lease::from(lease!(" FOR UPDATE").fetch_one(&mut *transaction).await?);
        if lease.holder().is_some() {
            return Ok(None);
        }
        let generation = lease.generation + 1;
        sqlx::query("UPDATE lease SET owner = $1, generation = $2, taken_at = $3, renewed_at = $3 WHERE id = 1")
            .bind(&self.owner)
            .bind(generation)
            .bind(lease.now.as_millis())
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(Some(generation))
    }

    /// Renews the lease; answers whether it is still this one.
    pub async fn renew(&self, generation: i64) -> Result<bool, Error> {
        let renewed = sqlx::query(
            "UPDATE lease SET renewed_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint
             WHERE id = 1 AND generation = $1 AND owner IS NOT NULL",
        );
        match renewed.bind(generation).execute(&self.pool).await {
            Ok(renewed) => Ok(renewed.rows_affected() > 0),
            // A transaction holds the row, this daemon's own as a rule: until it ends, nobody else can take the lease.
            Err(error) if is_locked(&error) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives the lease back, so that another need not wait until it runs out.
    pub async fn give_back(&self, generation: i64) -> Result<(), Error> {
        sqlx::query("UPDATE lease SET owner = NULL WHERE id = 1 AND generation = $1")
            .bind(generation)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Opens the catalog for the work under this generation of the lease.
    pub async fn open(&self, generation: i64) -> Result<Catalog, Error> {
        self.address.inspect().await?;
        self.address.migrate().await?;
        Ok(Catalog::at(&self.address, Some(generation)))
    }
}

/// Whether it is another transaction's turn (`lock_not_available`).
fn is_locked(error: &sqlx::Error) -> bool {
    error.as_database_error().and_then(DatabaseError::code).is_some_and(|code| code == "55P03")
}

impl Catalog {
    /// Who works on this catalog; `None`: nobody.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        Ok(Lease::from(lease!("").fetch_one(&mut *self.read().await?).await?).holder())
    }
}
