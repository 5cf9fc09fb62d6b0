//! `[dingtalk]`: the address of DingTalk, and the credentials of the app.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de};

use super::error::Problem;
use super::{duration, shared};

#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct DingTalk {
    /// The host of the API, its path always `/`: https, or http on loopback.
    #[serde(deserialize_with = "url")]
    pub base_url: Url,
    /// `appKey`, also called `clientId`.
    pub app_key: Option<String>,
    /// `appSecret`, also called `clientSecret`. At most one of this and the next is set.
    pub app_secret: Option<SecretString>,
    /// A file with the secret and nothing else. A relative path starts at the working directory of the
    /// process, not at the configuration file.
    pub app_secret_file: Option<PathBuf>,
    /// For a third-party app: the organisation that it acts for.
    pub corp_id: Option<String>,
    /// The `unionId` to ask as for recordings when all others are refused.
    pub fallback_union_id: Option<String>,
    /// For one request, from its start to the end of its answer.
    pub request_timeout: Duration,
    /// At most. DingTalk refuses more than 20 for one app and API.
    pub requests_per_second: NonZeroU32,
    /// How many requests may wait for their answers at once.
    pub max_in_flight: NonZeroUsize,
    /// The systemd credential `app_secret`: the file of that name in `$CREDENTIALS_DIRECTORY`. Not a key.
    #[serde(skip)]
    pub credential: Option<PathBuf>,
    /// The file from which the shipped unit has systemd pass that credential. Not a key.
    #[serde(skip)]
    pub credential_source: Option<PathBuf>,
}

/// What a token is requested with.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub app_key: String,
    pub app_secret: SecretString,
    pub corp_id: Option<String>,
}

impl Default for DingTalk {
    fn default() -> Self {
        const FIFTEEN: NonZeroU32 = NonZeroU32::new(15).expect("15 is not zero");
        const EIGHT: NonZeroUsize = NonZeroUsize::new(8).expect("8 is not zero");
        Self {
            base_url: Url::parse("https://api.dingtalk.io").expect("this is a URL"),
            app_key: None,
            app_secret: None,
            app_secret_file: None,
            corp_id: None,
            fallback_union_id: None,
            request_timeout: Duration::from_secs(10),
            requests_per_second: FIFTEEN,
            max_in_flight: EIGHT,
            credential: None,
            credential_source: None,
        }
    }
}

impl DingTalk {
    /// The app's key and secret. A configuration without them is valid: reading the catalog needs none.
    ///
    /// The secret is `app_secret`, else the content of `app_secret_file`, else of the credential. A file is read each
    /// time, so that a changed secret is found. What a sample shows in their place is refused.
    pub fn credentials(&self) -> Result<Credentials, Problem> {
        match (self.app(), self.secret()) {
            (Ok((app_key, corp_id)), Ok(app_secret)) => Ok(Credentials { app_key, app_secret, corp_id }),
            (Err(problem), Ok(_)) | (Ok(_), Err(problem)) => Err(problem),
            // Whoever has only just installed it is to learn of both at once.
            (Err(key), Err(secret)) => Err(key.and(&secret)),
        }
    }

    /// The app's key, and the organisation of a third-party app: what [`DingTalk::credentials`] are without the secret.
    pub fn app(&self) -> Result<(String, Option<String>), Problem> {
        let Some(app_key) = self.app_key.clone() else {
            return Err(Problem::new(
                "dingtalk.app_key",
                "is not set; write the app's key (its Client ID) there, or set RECORDING_ARCHIVER__DINGTALK__APP_KEY",
            ));
        };
        for (key, value) in [("dingtalk.app_key", Some(&app_key)), ("dingtalk.corp_id", self.corp_id.as_ref())] {
            if let Some(example) = value.filter(|value| shared::is_placeholder(value)) {
                return Err(Problem::new(key, format!("{example:?} is an example; write your own there")));
            }
        }
        Ok((app_key, self.corp_id.clone()))
    }

    fn secret(&self) -> Result<SecretString, Problem> {
        let (key, secret) = match (&self.app_secret, self.secret_file()) {
            (Some(secret), _) => ("dingtalk.app_secret", secret.clone()),
            (None, Some((key, path))) => (key, self.read_secret(key, &path)?),
            (None, None) => return Err(self.without_secret()),
        };
        if shared::is_placeholder(secret.expose_secret()) {
            let what = "is an example; write the app's own secret (its Client Secret) there";
            let file = self.secret_file().map(|(_, path)| format!("what stands in {} ", path.display()));
            return Err(Problem::new(key, format!("{}{what}", file.unwrap_or_default())));
        }
        Ok(secret)
    }

    fn without_secret(&self) -> Problem {
        let secret = "the app's secret (its Client Secret)";
        let what = match &self.credential_source {
            Some(path) if path.exists() => format!(
                "neither is set; {} is there, but only the systemd unit passes it on (LoadCredential=app_secret:FILE): \
                 start the unit, or name the file in app_secret_file",
                path.display()
            ),
            Some(path) => format!(
                "neither is set, and {path}, which the systemd unit passes on (LoadCredential=app_secret:FILE), is \
                 missing; write {secret} there: `install -m 0600 /dev/stdin {path}`; or write it to another file and \
                 name that one in app_secret_file",
                path = path.display()
            ),
            None => format!(
                "neither is set; write {secret} to a file and name that file in app_secret_file, or give systemd \
                 LoadCredential=app_secret:FILE"
            ),
        };
        Problem::between("dingtalk.app_secret", "dingtalk.app_secret_file", what)
    }

    /// The same settings as a command at a shell has them, to which systemd passes nothing: where no secret is set, the
    /// credential is read from where systemd reads it.
    #[must_use]
    pub fn at_a_shell(&self) -> Self {
        let mut settings = self.clone();
        if self.app_secret.is_none() && self.secret_file().is_none() {
            settings.credential.clone_from(&self.credential_source);
        }
        settings
    }

    /// The file of the credential, if the secret is read from there.
    pub fn credential_file(&self) -> Option<PathBuf> {
        self.secret_file().map(|(_, path)| path).filter(|path| Some(path) == self.credential.as_ref())
    }

    /// The same, if this process may not read it: that is as intended, since systemd reads it for the daemon.
    pub fn credential_for_the_daemon_alone(&self) -> Option<PathBuf> {
        self.credential_file().filter(|path| shared::is_refused(path))
    }

    /// The file that the secret is read from, and the key that errors about it name. `None`: it is not in a file.
    pub fn secret_file(&self) -> Option<(&'static str, PathBuf)> {
        if self.app_secret.is_some() {
            return None;
        }
        if let Some(path) = &self.app_secret_file {
            return Some(("dingtalk.app_secret_file", path.clone()));
        }
        let path = self.credential.clone()?;
        (!matches!(path.try_exists(), Ok(false))).then_some(("dingtalk.app_secret", path))
    }

    pub(super) fn validate(&self) -> Result<(), Problem> {
        validate_base_url(&self.base_url).map_err(|why| Problem::new("dingtalk.base_url", why))?;
        shared::check_identifier("dingtalk.app_key", self.app_key.as_deref())?;
        if self.app_secret.is_some() && self.app_secret_file.is_some() {
            return Err(Problem::between(
                "dingtalk.app_secret",
                "dingtalk.app_secret_file",
                "only one of the two can be set; remove the other",
            ));
        }
        if self.app_secret.as_ref().is_some_and(|secret| secret.expose_secret().is_empty()) {
            return Err(Problem::new("dingtalk.app_secret", "must not be empty"));
        }
        if self.app_secret_file.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
            return Err(Problem::new("dingtalk.app_secret_file", "must not be empty"));
        }
        shared::check_identifier("dingtalk.corp_id", self.corp_id.as_deref())?;
        shared::check_identifier("dingtalk.fallback_union_id", self.fallback_union_id.as_deref())?;
        duration::at_least(Duration::from_millis(1), "dingtalk.request_timeout", self.request_timeout)?;
        if self.max_in_flight.get() > 1000 {
            return Err(Problem::new(
                "dingtalk.max_in_flight",
                format!("{} is too many; at most 1000", self.max_in_flight),
            ));
        }
        Ok(())
    }

    /// The secret in the file at `path`.
    fn read_secret(&self, key: &str, path: &Path) -> Result<SecretString, Problem> {
        let secret = shared::read_secret(path)
            .map_err(|error| Problem::new(key, format!("cannot read {}: {error}", path.display())))?;
        if secret.expose_secret().trim().is_empty() {
            return Err(Problem::new(key, self.without_content(path)));
        }
        Ok(secret)
    }

    /// What is wrong where nothing stands in the secret's file. Where its source is missing, systemd passes an empty
    /// credential.
    fn without_content(&self, path: &Path) -> String {
        match &self.credential_source {
            Some(source) if Some(path) == self.credential.as_deref() && !source.exists() => format!(
                "{source} is missing; write the app's secret (its Client Secret) there: \
                 `install -m 0600 /dev/stdin {source}`",
                source = source.display()
            ),
            Some(source) if Some(path) == self.credential.as_deref() => {
                format!("{} is empty; it must hold the app's secret", source.display())
            }
            _ => format!("{} is empty; it must hold the app's secret", path.display()),
        }
    }
}

fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    // The value is not repeated: a URL can hold a password.
    Url::parse(&String::deserialize(deserializer)?)
        .map_err(|error| de::Error::custom(format!("is not a URL ({error}); write https://api.dingtalk.io")))
}

/// The app's secret is sent over TLS, or does not leave this machine.
fn validate_base_url(url: &Url) -> Result<(), String> {
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password".into());
    }
    match url.scheme() {
        "https" => {}
        "http" if shared::is_loopback(url) => {}
        "http" => {
            return Err(format!("{url} is not safe to send the app's secret to; write https (http: loopback only)"));
        }
        scheme => return Err(format!("{scheme} is not supported; write https (http: loopback only)")),
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err("must end after the host; write https://api.dingtalk.io".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(url: &str) -> Result<(), String> {
        validate_base_url(&Url::parse(url).unwrap())
    }

    #[test]
    fn the_secret_goes_over_tls_or_stays_on_this_machine() {
        for url in [
            "https://api.dingtalk.com",
            "https://api.dingtalk.io:8443/",
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://[::1]:8080",
            "http://localhost:1",
        ] {
            assert_eq!(verdict(url), Ok(()), "{url}");
        }
        for url in [
            "http://api.dingtalk.io",
            "http://localhost.example.org",
            "http://10.0.0.1",
            "http://[::2]",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://api.dingtalk.io/v1.0",
            "https://api.dingtalk.io/?a=b",
            "https://api.dingtalk.io/#a",
        ] {
            assert!(verdict(url).is_err(), "{url}");
        }
        assert!(!verdict("https://me:hunter2@api.dingtalk.io").unwrap_err().contains("hunter2"));
    }

    fn with_key() -> DingTalk {
        DingTalk { app_key: Some("dingkey".into()), ..DingTalk::default() }
    }

    #[test]
    fn the_secret_itself_comes_before_the_directory_of_systemd() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("app_secret"), "of systemd\n").unwrap();
        let mut section = DingTalk { credential: Some(directory.path().join("app_secret")), ..with_key() };
        assert_eq!(section.credentials().unwrap().app_secret.expose_secret(), "of systemd");
        section.app_secret = Some("itself".into());
        assert_eq!(section.credentials().unwrap().app_secret.expose_secret(), "itself");
    }

    #[test]
    fn the_secret_is_read_from_its_file_without_the_line_end() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let section = DingTalk { app_secret_file: Some(path.clone()), ..with_key() };
        for (written, read) in
            [("s3cret", "s3cret"), ("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("a b \n\n", "a b \n")]
        {
            std::fs::write(&path, written).unwrap();
            assert_eq!(section.credentials().unwrap().app_secret.expose_secret(), read, "{written:?}");
        }
        std::fs::write(&path, "\n").unwrap();
        let problem = section.credentials().unwrap_err().to_string();
        assert_eq!(
            problem,
            format!("dingtalk.app_secret_file: {} is empty; it must hold the app's secret", path.display())
        );
    }

    #[test]
    fn a_secret_that_cannot_be_read_names_key_and_file() {
        let section = DingTalk { app_secret_file: Some("/nonexistent/secret".into()), ..with_key() };
        let problem = section.credentials().unwrap_err().to_string();
        assert!(problem.starts_with("dingtalk.app_secret_file: cannot read /nonexistent/secret: "), "{problem}");
        let endless = DingTalk { app_secret_file: Some("/dev/zero".into()), ..with_key() };
        let problem = endless.credentials().unwrap_err().to_string();
        assert!(problem.contains("cannot read /dev/zero: it is longer than"), "{problem}");
    }

    #[test]
    fn what_is_missing_is_said_only_to_whoever_needs_it() {
        assert_eq!(DingTalk::default().validate(), Ok(()));
        let both = DingTalk::default().credentials().unwrap_err();
        assert_eq!(both.keys, ["dingtalk.app_key"]);
        assert!(both.message.contains("; dingtalk.app_secret and dingtalk.app_secret_file: "), "{both}");
        let missing = with_key().credentials().unwrap_err();
        assert_eq!(missing.keys, ["dingtalk.app_secret", "dingtalk.app_secret_file"]);
        let elsewhere = DingTalk { credential: Some("/nonexistent/app_secret".into()), ..with_key() };
        assert_eq!(elsewhere.credentials().unwrap_err(), missing);
    }

    #[test]
    fn what_a_sample_shows_is_no_credential() {
        let set = |app_key: &str, app_secret: &str, corp_id: Option<&str>| DingTalk {
            app_key: Some(app_key.into()),
            app_secret: Some(app_secret.into()),
            corp_id: corp_id.map(str::to_owned),
            ..DingTalk::default()
        };
        assert!(
            set("dingxxx", "xxx", Some("dingabcxxxx")).credentials().is_ok(),
            "too short to be sure of, or in part"
        );
        for example in [
            "dingxxxxxxxxxxxxxxxx",
            "DINGXXXX",
            "xxxxxxxx",
            "ding****",
            "ding…",
            "<app-key>",
            "your-app-key",
            "changeme",
        ] {
            let problem = set(example, "hunter2", None).credentials().unwrap_err();
            assert_eq!(problem.keys, ["dingtalk.app_key"], "{example}");
            assert!(problem.message.contains(example), "{problem}");
        }
        for example in ["paste-your-secret-here", "the secret itself", "xxxxxxxxxxxx", "<secret>", "YOUR_SECRET"] {
            let problem = set("dingkey", example, None).credentials().unwrap_err();
            assert_eq!(problem.keys, ["dingtalk.app_secret"], "{example}");
            assert!(!problem.message.contains(example), "{problem}");
        }
        let problem = set("dingkey", "hunter2", Some("dingxxxxxxxxxxxxxxxx")).credentials().unwrap_err();
        assert_eq!(problem.keys, ["dingtalk.corp_id"]);
    }

    #[test]
    fn nothing_shows_the_secret() {
        let section = DingTalk { app_secret: Some("hunter2".into()), ..with_key() };
        let shown = format!("{section:?} {:?}", section.credentials());
        assert!(shown.contains("dingkey") && !shown.contains("hunter2"), "{shown}");
    }
}
