//! The contract's table of errors, row by row: what an error is taken for (`decoding`), what the daemon makes of it at
//! each endpoint (`daemon`), and what the commands beside it do (`record`).
//!
//! The rows stand in `table.md`; `table` reads them, `answers` turns their words into what is answered, and `scene`
//! is the small world in which an endpoint is called.

mod answers;
mod daemon;
mod decoding;
mod record;
mod scene;
mod table;
