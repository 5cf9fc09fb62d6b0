//! Where a catalog stands, and who may work on it.

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Catalog, Error, postgres, sqlite};
use crate::domain::lease::Holder;

/// Where a catalog stands.
#[derive(Clone, Debug)]
pub enum Location {
    /// A SQLite file.
    File(PathBuf),
    /// A schema in PostgreSQL.
    Schema(postgres::Address),
}

impl Location {
    /// Opens the catalog for a command that writes; makes it where there is none.
    pub async fn open(&self) -> Result<Catalog, Error> {
        match self {
            Self::File(path) => Catalog::open(path).await,
            Self::Schema(address) => postgres::Catalog::open(address).await.map(Catalog::Postgres),
        }
    }

    /// Opens the catalog for reading only: no right to write is needed, and nothing is written.
    pub async fn open_read_only(&self) -> Result<Catalog, Error> {
        match self {
            Self::File(path) => Catalog::open_read_only(path).await,
            Self::Schema(address) => postgres::Catalog::open_read_only(address).await.map(Catalog::Postgres),
        }
    }

    /// A file's path; `None`: it is no file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Schema(_) => None,
        }
    }

    /// The path beside which this machine's daemon keeps its lock and its note.
    pub fn beside(&self) -> &Path {
        match self {
            Self::File(path) => path,
            Self::Schema(address) => address.beside(),
        }
    }

    /// Makes a daemon ready to work, as `owner`.
    pub async fn stand_by(&self, owner: String) -> Result<Standby, Error> {
        match self {
            Self::File(path) => Ok(Standby::File(path.clone())),
            Self::Schema(address) => postgres::Standby::at(address, owner).await.map(Standby::Schema),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Schema(address) => address.fmt(f),
        }
    }
}

/// A daemon that is ready to work. Whoever holds a file's lock leads at once and to its end.
#[derive(Debug)]
pub enum Standby {
    File(PathBuf),
    Schema(postgres::Standby),
}

/// The right to work on a catalog, until another takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    generation: i64,
}

impl Standby {
    /// Who works, if it is another.
    pub async fn holder(&self) -> Result<Option<Holder>, Error> {
        match self {
            Self::File(_) => Ok(None),
            Self::Schema(standby) => standby.holder().await,
        }
    }

    /// Takes the lead, if nobody has it.
    pub async fn take(&self) -> Result<Option<Lead>, Error> {
        match self {
            Self::File(_) => Ok(Some(Lead { generation: 0 })),
            Self::Schema(standby) => Ok(standby.take().await?.map(|generation| Lead { generation })),
        }
    }

    /// Whether the lead can be lost.
    pub fn is_leased(&self) -> bool {
        matches!(self, Self::Schema(_))
    }

    /// Renews the lead; answers whether it is still ours.
    pub async fn renew(&self, lead: Lead) -> Result<bool, Error> {
        match self {
            Self::File(_) => Ok(true),
            Self::Schema(standby) => standby.renew(lead.generation).await,
        }
    }

    /// Gives the lead back, so that another need not wait.
    pub async fn give_back(&self, lead: Lead) -> Result<(), Error> {
        match self {
            Self::File(_) => Ok(()),
            Self::Schema(standby) => standby.give_back(lead.generation).await,
        }
    }

    /// Opens the catalog for the one that leads, and brings it to this program's schema.
    pub async fn open(&self, lead: Lead) -> Result<Catalog, Error> {
        match self {
            Self::File(path) => sqlite::Catalog::open(path).await.map(Catalog::Sqlite),
            Self::Schema(standby) => standby.open(lead.generation).await.map(Catalog::Postgres),
        }
    }
}
