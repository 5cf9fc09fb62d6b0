//! A pass: with nothing due, and with a hundred lists.

use divan::Bencher;

use crate::old::{old, sizes};

#[divan::bench(args = sizes())]
fn empty(bencher: Bencher<'_, '_>, closed: u32) {
    let old = old(closed);
    old.have_due(0);
    bencher.bench_local(|| old.tick());
}

#[divan::bench(args = sizes(), sample_count = 20, sample_size = 1)]
fn with_100_due(bencher: Bencher<'_, '_>, closed: u32) {
    let old = old(closed);
    bencher.with_inputs(|| old.have_due(100)).bench_local_values(|()| old.tick());
    assert!(old.due().is_empty());
    old.have_due(0);
}
