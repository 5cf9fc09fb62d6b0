//! The door.
use clap::Parser;
#[derive(clap::Parser)]
enum Cli {
    Demo(recording_archiver::cli::demo::Demo),
}
#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .init();
    match Cli::parse() {
        Cli::Demo(demo) => recording_archiver::cli::demo::run(&demo).await,
    }
}
