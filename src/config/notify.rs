//! `[notify]`: who is told when something needs a person, and when it is over.

use std::path::{Path, PathBuf};

use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::error::Problem;
use super::shared;

const URL: &str = "notify.url";
const ROBOT: &str = "notify.dingtalk_robot";
const ROBOT_SECRET_FILE: &str = "notify.dingtalk_robot_secret_file";

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Notify {
    /// Where JSON is posted: https, or http on loopback. Kept like a secret: such addresses often hold one.
    pub url: Option<SecretString>,
    /// The webhook of a DingTalk group robot. It holds the robot's `access_token`.
    pub dingtalk_robot: Option<SecretString>,
    /// A file with the secret that messages to the robot are signed with, and nothing else.
    pub dingtalk_robot_secret_file: Option<PathBuf>,
    /// Whether each archived conference is told, too.
    pub archived: bool,
    /// The systemd credential `dingtalk_robot_secret`: the file of that name in `$CREDENTIALS_DIRECTORY`. Not a key.
    #[serde(skip)]
    pub credential: Option<PathBuf>,
    /// The file from which the shipped unit has systemd pass that credential. Not a key.
    #[serde(skip)]
    pub credential_source: Option<PathBuf>,
}

impl Notify {
    pub fn url(&self) -> Option<Url> {
        self.url.as_ref().map(|url| address(URL, url).expect("the section was validated when it was loaded"))
    }

    pub fn dingtalk_robot(&self) -> Option<Url> {
        let robot = self.dingtalk_robot.as_ref();
        robot.map(|url| address(ROBOT, url).expect("the section was validated when it was loaded"))
    }

    /// The secret that messages to the robot are signed with, read anew each time; `None`: they are not signed. A
    /// credential that is empty or not there is none: the unit passes an empty one where there is no file.
    pub fn dingtalk_robot_secret(&self) -> Result<Option<SecretString>, Problem> {
        let Some(path) = self.robot_secret_file() else { return Ok(None) };
        let failed = |why: String| Problem::new(ROBOT_SECRET_FILE, why);
        let secret =
            shared::read_secret(&path).map_err(|error| failed(format!("cannot read {}: {error}", path.display())))?;
        match secret.expose_secret().trim().is_empty() {
            true if self.dingtalk_robot_secret_file.is_some() => {
                Err(failed(format!("{} is empty; it must hold the robot's secret", path.display())))
            }
            is_empty => Ok((!is_empty).then_some(secret)),
        }
    }

    /// The file that the robot's secret is read from, if there is a robot.
    pub fn robot_secret_file(&self) -> Option<PathBuf> {
        self.dingtalk_robot.as_ref()?;
        let is_there = |path: &&PathBuf| !matches!(path.try_exists(), Ok(false));
        self.dingtalk_robot_secret_file.clone().or_else(|| self.credential.as_ref().filter(is_there).cloned())
    }

    /// The file of the credential, if the secret is read from there and this process may not read it: that is as intended,
    /// since systemd reads it for the daemon.
    pub fn credential_for_the_daemon_alone(&self) -> Option<PathBuf> {
        let file = self.robot_secret_file().filter(|path| Some(path) == self.credential.as_ref());
        file.filter(|path| shared::is_refused(path))
    }

    /// The same settings as a command at a shell has them, to which systemd passes nothing: the credential is read from
    /// where systemd reads it.
    #[must_use]
    pub fn at_a_shell(&self) -> Self {
        let credential = self.credential.clone().or_else(|| self.credential_source.clone());
        Self { credential, ..self.clone() }
    }

    /// The keys whose values are secrets and stand in the configuration itself.
    pub(super) const SECRET_KEYS: [&'static str; 2] = [URL, ROBOT];

    pub(super) fn validate(&self) -> Result<(), Problem> {
        for (key, url) in [(URL, &self.url), (ROBOT, &self.dingtalk_robot)] {
            if let Some(url) = url {
                address(key, url)?;
            }
        }
        if self.dingtalk_robot_secret_file.as_deref() == Some(Path::new("")) {
            return Err(Problem::new(ROBOT_SECRET_FILE, "must not be empty"));
        }
        if self.archived && self.url.is_none() && self.dingtalk_robot.is_none() {
            return Err(Problem::new(
                "notify.archived",
                "nobody is told; set notify.url or notify.dingtalk_robot, too",
            ));
        }
        Ok(())
    }
}

/// An address that is sent what the catalog knows. It is not repeated: it is a secret.
fn address(key: &str, url: &SecretString) -> Result<Url, Problem> {
    let url = Url::parse(url.expose_secret()).ok().filter(Url::has_host);
    let url = url.ok_or_else(|| Problem::new(key, "is not an address; write \"https://…\""))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if shared::is_loopback(&url) => Ok(url),
        _ => Err(Problem::new(key, "is not safe to send to; write https (http: loopback only)")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot(file: Option<PathBuf>) -> Notify {
        let dingtalk_robot = Some("https://oapi.dingtalk.com/robot/send?access_token=hunter2".into());
        Notify { dingtalk_robot, dingtalk_robot_secret_file: file, ..Notify::default() }
    }

    #[test]
    fn what_is_told_goes_over_tls_or_stays_on_this_machine_and_no_address_is_repeated() {
        for good in ["https://hooks.example/hunter2", "http://127.0.0.1:8080/hunter2", "http://localhost/hunter2"] {
            let section = Notify { url: Some(good.into()), ..Notify::default() };
            assert_eq!(section.validate(), Ok(()), "{good}");
            assert_eq!(section.url().unwrap().path(), "/hunter2");
            assert!(!format!("{section:?}").contains("hunter2"));
        }
        for bad in ["http://hooks.example/hunter2", "ftp://127.0.0.1/hunter2", "hunter2", "https://", ""] {
            let problem = Notify { url: Some(bad.into()), ..Notify::default() }.validate().unwrap_err();
            assert!(problem.keys == [URL] && !problem.to_string().contains("hunter2"), "{problem}");
            let problem = Notify { dingtalk_robot: Some(bad.into()), ..Notify::default() }.validate().unwrap_err();
            assert!(problem.keys == [ROBOT] && !problem.to_string().contains("hunter2"), "{problem}");
        }
    }

    #[test]
    fn to_tell_nobody_of_archived_conferences_is_refused() {
        let archived = Notify { archived: true, ..Notify::default() };
        assert_eq!(archived.validate().unwrap_err().keys, ["notify.archived"]);
        assert_eq!(Notify { archived: true, ..robot(None) }.validate(), Ok(()));
    }

    #[test]
    fn the_robots_secret_comes_from_its_file_or_from_systemd_or_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).unwrap();
            folder.path().join(name)
        };
        let read = |section: &Notify| {
            section.dingtalk_robot_secret().map(|secret| secret.map(|secret| secret.expose_secret().to_owned()))
        };
        let passed = |credential: PathBuf| Notify { credential: Some(credential), ..robot(None) };
        let secret = file("secret", "SEChunter2\n");
        assert_eq!(read(&robot(Some(secret.clone()))), Ok(Some("SEChunter2".to_owned())));
        assert_eq!(read(&passed(secret.clone())), Ok(Some("SEChunter2".to_owned())));
        assert_eq!(read(&passed(file("none", "\n"))), Ok(None));
        assert_eq!(read(&passed(folder.path().join("absent"))), Ok(None));
        assert_eq!(read(&robot(None)), Ok(None));
        assert_eq!(read(&Notify { dingtalk_robot: None, ..passed(secret) }), Ok(None), "nobody is signed for");
        for (name, why) in [("none", "is empty"), ("absent", "cannot read")] {
            let problem = read(&robot(Some(folder.path().join(name)))).unwrap_err().to_string();
            assert!(problem.starts_with(ROBOT_SECRET_FILE) && problem.contains(why), "{problem}");
        }
    }
}
