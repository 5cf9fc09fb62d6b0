//! `[catalog]`: the SQLite file or the PostgreSQL schema, and how long it keeps the journal.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::Problem;
use super::{duration, shared};

const URL: &str = "catalog.url";
const SCHEMA: &str = "catalog.schema";
const PASSWORD_FILE: &str = "catalog.password_file";

/// The longest name that PostgreSQL does not cut.
const LONGEST_NAME: usize = 63;

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// The `SQLite` file; it is created if it does not exist. A relative path starts at the working directory of the
    /// process, not at the configuration file. Beside it lie the daemon's lock and note, even where there is a `url`.
    pub path: PathBuf,
    /// A PostgreSQL database, instead of the file.
    pub url: Option<String>,
    /// The schema in that database: one for each organisation.
    pub schema: String,
    /// A file with the password of the user whom `url` names, and nothing else.
    pub password_file: Option<PathBuf>,
    /// How long the journal of each conference (`conference_events`) is kept.
    pub keep_events: Duration,
    /// The systemd credential `catalog_password`: the file of that name in `$CREDENTIALS_DIRECTORY`. Not a key.
    #[serde(skip)]
    pub credential: Option<PathBuf>,
    /// The file from which the shipped unit has systemd pass that credential. Not a key.
    #[serde(skip)]
    pub credential_source: Option<PathBuf>,
}

impl Default for Catalog {
    fn default() -> Self {
        Self {
            path: "catalog.db".into(),
            url: None,
            schema: Self::SCHEMA.to_owned(),
            password_file: None,
            keep_events: Duration::from_hours(90 * 24),
            credential: None,
            credential_source: None,
        }
    }
}

impl Catalog {
    /// The schema that is meant where none is named.
    pub const SCHEMA: &str = "recording_archiver";

    /// The catalog that a command names beside the configured one: a database's address, or a file.
    pub fn named(address: &str, schema: String, password_file: Option<PathBuf>) -> Result<Self, Problem> {
        let url = address.contains("://").then(|| address.to_owned());
        let path = if url.is_some() { Self::default().path } else { address.into() };
        let named = Self { path, url, schema, password_file, ..Self::default() };
        named.validate()?;
        Ok(named)
    }

    /// The password, read anew each time; `None`: the server asks for none. A credential that is empty or not there is
    /// none: the unit passes an empty one where there is no file.
    pub fn password(&self) -> Result<Option<SecretString>, Problem> {
        let Some(path) = self.secret_file() else { return Ok(None) };
        let failed = |why: String| Problem::new(PASSWORD_FILE, why);
        let password =
            shared::read_secret(&path).map_err(|error| failed(format!("cannot read {}: {error}", path.display())))?;
        match password.expose_secret().is_empty() {
            true if self.password_file.is_some() => {
                Err(failed(format!("{} is empty; it must hold the database's password", path.display())))
            }
            is_empty => Ok((!is_empty).then_some(password)),
        }
    }

    /// The file that the password is read from, if there is a database.
    pub fn secret_file(&self) -> Option<PathBuf> {
        self.url.as_ref()?;
        let is_there = |path: &&PathBuf| !matches!(path.try_exists(), Ok(false));
        self.password_file.clone().or_else(|| self.credential.as_ref().filter(is_there).cloned())
    }

    /// The same settings as a command at a shell has them, to which systemd passes nothing: the credential is read from
    /// where systemd reads it.
    #[must_use]
    pub fn at_a_shell(&self) -> Self {
        let credential = self.credential.clone().or_else(|| self.credential_source.clone());
        Self { credential, ..self.clone() }
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        if self.path.as_os_str().is_empty() {
            return Err(Problem::new("catalog.path", "must not be empty"));
        }
        self.validate_database()?;
        // A journal that is kept for less does not cover a meeting whose recordings are still awaited.
        duration::at_least(Duration::from_hours(24), "catalog.keep_events", self.keep_events)
    }

    fn validate_database(&self) -> Result<(), Problem> {
        if !is_plain_name(&self.schema) {
            let why = "is not a plain name; write a small letter, then small letters, digits and _, 63 at most";
            return Err(Problem::new(SCHEMA, format!("{:?} {why}", self.schema)));
        }
        if self.password_file.as_deref() == Some(Path::new("")) {
            return Err(Problem::new(PASSWORD_FILE, "must not be empty"));
        }
        let Some(url) = &self.url else {
            let is_default = self.schema == Self::SCHEMA;
            return match (&self.password_file, is_default) {
                (Some(_), _) => Err(Problem::new(PASSWORD_FILE, "is for a database; set catalog.url, too")),
                (None, false) => Err(Problem::new(SCHEMA, "is for a database; set catalog.url, too")),
                (None, true) => Ok(()),
            };
        };
        // It is not repeated: it may hold a password.
        let example = "write \"postgres://user@host:5432/database\"";
        let url = Url::parse(url).map_err(|_| Problem::new(URL, format!("is not an address; {example}")))?;
        if !matches!(url.scheme(), "postgres" | "postgresql") || url.path().trim_start_matches('/').is_empty() {
            return Err(Problem::new(URL, format!("names no PostgreSQL database; {example}")));
        }
        if url.password().is_some() || url.query_pairs().any(|(key, _)| key == "password") {
            let why = "holds a password, and everybody reads it who reads the configuration; put it into a file of its own \
                       (catalog.password_file)";
            return Err(Problem::new(URL, why));
        }
        Ok(())
    }
}

/// Whether PostgreSQL takes this name as it is, without quotes. Its own names begin with `pg_`.
fn is_plain_name(name: &str) -> bool {
    let is_begun = name.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    let is_plain = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == b'_';
    is_begun && !name.starts_with("pg_") && name.len() <= LONGEST_NAME && name.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(url: &str) -> Catalog {
        Catalog { url: Some(url.to_owned()), ..Catalog::default() }
    }

    fn refused(section: &Catalog) -> String {
        section.validate().unwrap_err().to_string()
    }

    #[test]
    fn a_database_is_named_by_an_address_without_a_password() {
        for url in ["postgres://a@db.example:5432/catalog", "postgresql://%2Frun%2Fpostgresql/catalog"] {
            assert_eq!(at(url).validate(), Ok(()), "{url}");
        }
        for url in
            ["", "db.example", "https://db.example/catalog", "postgres://a@db.example", "postgres://a@db.example/"]
        {
            assert!(refused(&at(url)).starts_with("catalog.url: "), "{url}");
        }
        for url in ["postgres://a:hunter2@db.example/catalog", "postgres://db.example/catalog?password=hunter2"] {
            let refused = refused(&at(url));
            assert!(refused.contains("catalog.password_file") && !refused.contains("hunter2"), "{refused}");
        }
    }

    #[test]
    fn a_schema_needs_no_quotes() {
        let in_schema = |schema: &str| Catalog { schema: schema.to_owned(), ..at("postgres://db.example/catalog") };
        for schema in ["acme", "_acme_2", "a"] {
            assert_eq!(in_schema(schema).validate(), Ok(()));
        }
        for schema in ["", "Acme", "2acme", "a-b", "a b", "a;b", "pg_acme", &"a".repeat(64)] {
            assert!(refused(&in_schema(schema)).starts_with("catalog.schema: "), "{schema}");
        }
    }

    #[test]
    fn what_is_for_a_database_needs_one() {
        let schema = Catalog { schema: "acme".to_owned(), ..Catalog::default() };
        let password = Catalog { password_file: Some("password".into()), ..Catalog::default() };
        for (section, key) in [(schema, SCHEMA), (password, PASSWORD_FILE)] {
            assert_eq!(refused(&section), format!("{key}: is for a database; set catalog.url, too"));
        }
    }

    #[test]
    fn the_password_is_that_of_its_file_else_of_the_credential() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            Some(folder.path().join(name))
        };
        let read =
            |section: &Catalog| section.password().map(|password| password.map(|it| it.expose_secret().to_owned()));
        let database = at("postgres://db.example/catalog");
        assert_eq!(read(&database), Ok(None));
        let passed = Catalog { credential: file("passed", "of systemd\n"), ..database.clone() };
        assert_eq!(read(&passed), Ok(Some("of systemd".to_owned())));
        let named = Catalog { password_file: file("named", "of the file"), ..passed };
        assert_eq!(read(&named), Ok(Some("of the file".to_owned())));
        assert_eq!(read(&Catalog { credential: file("empty", "\n"), ..database.clone() }), Ok(None));
        let empty = Catalog { password_file: file("empty", "\n"), ..database };
        assert!(read(&empty).unwrap_err().to_string().contains("is empty"));
    }
}
