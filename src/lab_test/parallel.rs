//! Several proofs at once: each on a thread of its own, in order, as many as asked for.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::error::{Error, Result};

/// Does all of it, at most `jobs` at once. After the first error nothing more is begun; what is
/// under way comes to its end.
///
/// # Errors
/// The first that came.
pub fn side_by_side<T: Sync>(
    all: &[T],
    jobs: NonZeroUsize,
    run: impl Fn(&T) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failed: Mutex<Option<Error>> = Mutex::new(None);
    let failure = || failed.lock().unwrap_or_else(PoisonError::into_inner);
    let work = || {
        while failure().is_none()
            && let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if let Err(error) = run(one) {
                failure().get_or_insert(error);
            }
        }
    };
    thread::scope(|scope| {
        // One of them is this thread.
        for _ in 1..jobs.get().min(all.len()) {
            scope.spawn(work);
        }
        work();
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jobs(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).unwrap()
    }

    #[test]
    fn each_is_done_once_in_order_and_no_more_at_once_than_asked_for() {
        let all: Vec<usize> = (0..40).collect();
        for number in [1, 3, 100] {
            let (done, now, most) = (Mutex::new(Vec::new()), AtomicUsize::new(0), Mutex::new(0));
            side_by_side(&all, jobs(number), |one| {
                let running = now.fetch_add(1, Ordering::SeqCst) + 1;
                let mut most = most.lock().unwrap();
                *most = running.max(*most);
                drop(most);
                done.lock().unwrap().push(*one);
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
            .unwrap();
            let mut done = done.into_inner().unwrap();
            if number == 1 {
                assert_eq!(done, all);
            }
            done.sort_unstable();
            assert_eq!(done, all);
            assert!(most.into_inner().unwrap() <= number);
        }
    }

    #[test]
    fn after_an_error_nothing_more_is_begun() {
        let begun = AtomicUsize::new(0);
        let result = side_by_side(&[1, 2, 3], jobs(1), |one| {
            begun.fetch_add(1, Ordering::SeqCst);
            if *one == 2 { Err(Error::no("two")) } else { Ok(()) }
        });
        assert_eq!((result.unwrap_err().to_string(), begun.into_inner()), ("two".to_owned(), 2));
    }
}
