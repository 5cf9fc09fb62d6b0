//! A terminal of so many columns that the binary prints on.

use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// What the tables are printed on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub(crate) columns: u16,
}

impl Terminal {
    /// What `command` prints on it.
    pub(crate) fn show(self, mut command: Command) -> String {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let terminal = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
        let size = Winsize { ws_row: 40, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&terminal, size).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(terminal).stderr(Stdio::null()).spawn().unwrap();
        // Its own end of the terminal is closed with it: only the child's is left.
        drop(command);

        let (mut controller, mut shown, mut some) = (File::from(controller), Vec::new(), [0; 4096]);
        // Linux reports the end of the last program on a terminal as an error.
        while let Ok(read @ 1..) = controller.read(&mut some) {
            shown.extend_from_slice(&some[..read]);
        }
        child.wait().unwrap();
        String::from_utf8(shown).unwrap().replace("\r\n", "\n")
    }
}
