//! A DingTalk that costs next to nothing, so that what is measured against it is the caller.
//!
//!     cargo run --release --example fake -- [127.0.0.1:8099]
//!
//! The first line it prints is its address; it runs until it is killed.

mod dingtalk;

use std::io;

use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0")).await?;
    println!("http://{}", listener.local_addr()?);
    dingtalk::serve(listener).await
}
