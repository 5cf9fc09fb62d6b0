//! The door.

use std::process::ExitCode;

use clap::Parser;
use recording_archiver::cli::{self, Cli};

#[tokio::main]
async fn main() -> ExitCode {
    cli::run(Cli::parse()).await
}
