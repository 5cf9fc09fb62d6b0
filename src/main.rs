//! The program's entry.

use std::process::ExitCode;

use clap::Parser;
use recording_archiver::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One thread: the work is waiting, and SQLite has threads of its own.
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let code = runtime.block_on(cli::run(cli));
            // A host name that is still being looked up must not delay the end.
            runtime.shutdown_background();
            code
        }
        Err(error) => {
            eprintln!("error: the runtime could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}
