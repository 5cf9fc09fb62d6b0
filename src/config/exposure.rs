//! Whether everybody on this machine may read a file that holds a secret.
//!
//! The group may: the administrator chose its members. The folders above are not examined: a file that is copied or moved
//! keeps its own rights, and not theirs.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::Loaded;

/// A file with a secret in it that everybody may read.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path} holds {what}, and everybody on this machine may read it (mode {mode:04o}): \
     `chmod o-r {path}`{remedy}"
)]
pub struct Exposed {
    pub path: PathBuf,
    what: String,
    mode: u32,
    /// What helps, beside taking the right to read it from others.
    remedy: &'static str,
}

impl Loaded {
    /// The files with a secret in them that everybody may read.
    pub fn exposed(&self) -> Vec<Exposed> {
        let mut files: Vec<(PathBuf, String, &str)> = Vec::new();
        if let (Some(path), Some(first)) = (&self.source, self.secrets.first()) {
            files.push(if *first == "dingtalk.app_secret" {
                let elsewhere = ", or put the secret into a file of its own (dingtalk.app_secret_file)";
                (path.clone(), "the app's secret".to_owned(), elsewhere)
            } else {
                (path.clone(), format!("{first}, which is a secret"), "")
            });
        }
        files.extend(self.config.dingtalk.secret_file().map(|(_, path)| (path, "the app's secret".to_owned(), "")));
        files.extend(self.config.notify.robot_secret_file().map(|path| (path, "the robot's secret".to_owned(), "")));
        files.extend(self.config.catalog.secret_file().map(|path| (path, "the database's password".to_owned(), "")));
        let exposed = files.into_iter().filter_map(|(path, what, remedy)| {
            let mode = path.metadata().ok()?.mode() & 0o7777;
            (mode & 0o004 != 0).then_some(Exposed { path, what, mode, remedy })
        });
        exposed.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    use super::super::Config;

    const INLINE: &str = "[dingtalk]\napp_key = \"dingxxx\"\napp_secret = \"hunter2\"\n";
    const KEY_ONLY: &str = "[dingtalk]\napp_key = \"dingxxx\"\n";

    /// What is said where `toml` and a file `secret` have these rights, and the environment says so.
    fn said(toml: &str, rights: (u32, u32), environment: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let [configuration, secret] = ["config.toml", "app_secret"].map(|name| folder.path().join(name));
        write(&configuration, toml).unwrap();
        write(&secret, "hunter2\n").unwrap();
        set_permissions(&configuration, Permissions::from_mode(rights.0)).unwrap();
        set_permissions(&secret, Permissions::from_mode(rights.1)).unwrap();
        let here = folder.path().to_str().unwrap();
        let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), value.replace("HERE", here)));
        let loaded = Config::load(Some(&configuration), environment).unwrap();
        loaded.exposed().iter().map(|exposed| exposed.to_string().replace(here, "HERE")).collect()
    }

    #[test]
    fn a_configuration_with_the_secret_in_it_is_for_the_owner_and_the_group() {
        let warning = "HERE/config.toml holds the app's secret, and everybody on this machine may read it (mode 0644): \
                       `chmod o-r HERE/config.toml`, or put the secret into a file of its own (dingtalk.app_secret_file)";
        assert_eq!(said(INLINE, (0o644, 0o600), &[]), [warning]);
        assert_eq!(said(INLINE, (0o640, 0o644), &[]), [""; 0]);
        assert_eq!(said(INLINE, (0o600, 0o600), &[]), [""; 0]);
        let overridden = [("RECORDING_ARCHIVER__DINGTALK__APP_SECRET", "other")];
        assert_eq!(said(INLINE, (0o644, 0o600), &overridden).len(), 1, "it is in the file all the same");
    }

    #[test]
    fn an_address_that_is_a_secret_and_the_robots_secret_are_for_the_owner_and_the_group_too() {
        let robot = "https://oapi.dingtalk.com/robot/send?access_token=hunter2";
        let toml = format!("{KEY_ONLY}[notify]\ndingtalk_robot = \"{robot}\"\n");
        let said = |rights| {
            said(&toml, rights, &[("RECORDING_ARCHIVER__NOTIFY__DINGTALK_ROBOT_SECRET_FILE", "HERE/app_secret")])
        };
        let configuration = "HERE/config.toml holds notify.dingtalk_robot, which is a secret, and everybody on this machine \
                             may read it (mode 0644): `chmod o-r HERE/config.toml`";
        let secret = "HERE/app_secret holds the robot's secret, and everybody on this machine may read it (mode 0604): \
                      `chmod o-r HERE/app_secret`";
        assert_eq!(said((0o644, 0o604)), [configuration, secret]);
        assert_eq!(said((0o640, 0o640)), [""; 0]);
    }

    #[test]
    fn a_configuration_without_the_secret_is_for_everybody() {
        let inherited = [("RECORDING_ARCHIVER__DINGTALK__APP_SECRET", "hunter2")];
        assert_eq!(said(KEY_ONLY, (0o644, 0o644), &inherited), [""; 0]);
        assert_eq!(said(KEY_ONLY, (0o644, 0o644), &[]), [""; 0]);
    }

    #[test]
    fn the_secrets_own_file_is_for_the_owner_and_the_group() {
        let warning = "HERE/app_secret holds the app's secret, and everybody on this machine may read it (mode 0604): \
                       `chmod o-r HERE/app_secret`";
        let named = [("RECORDING_ARCHIVER__DINGTALK__APP_SECRET_FILE", "HERE/app_secret")];
        let of_systemd = [("CREDENTIALS_DIRECTORY", "HERE")];
        for environment in [named, of_systemd] {
            assert_eq!(said(KEY_ONLY, (0o644, 0o604), &environment), [warning]);
            assert_eq!(said(KEY_ONLY, (0o644, 0o640), &environment), [""; 0]);
        }
    }
}
