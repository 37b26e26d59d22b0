//! How the committer waits: awake for a while where that is likely to be worth it, then asleep.
//!
//! To wake a sleeping thread takes 5 to 60 us, most of all on virtual machines, where an idle processor is given back to
//! the host: as long as a small commit itself. Who awaits each write before the next one pays that every time. So where
//! the last waits were short the next one is spent looking. A busy store pays with one processor while it is busy, a
//! store with a write now and then with nothing.

use std::hint;
use std::thread;
use std::time::{Duration, Instant};

/// A wait is short up to this, and so long at most is looked for an end of one.
const SHORT: Duration = Duration::from_micros(200);

/// So many short waits in a row make another one likely. More than one, because requests come in pairs, too.
const LIKELY: u32 = 2;

/// Looks between two moments in which another thread may have the processor.
const LOOKS: u32 = 64;

/// What a thread knows of its waits.
#[derive(Debug)]
pub(super) struct Patience {
    /// Short waits in a row.
    short: u32,
    /// Where there is one processor, looking keeps away what is waited for.
    is_alone: bool,
}

impl Patience {
    pub fn new() -> Self {
        Self { short: 0, is_alone: thread::available_parallelism().is_ok_and(|processors| processors.get() == 1) }
    }

    /// Waits: looks for an end as long as that is promising, then calls what sleeps until there is one.
    pub fn wait<T>(&mut self, is_over: impl Fn() -> bool, sleep: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        if self.is_hopeful() {
            while !is_over() && begun.elapsed() < SHORT {
                (0..LOOKS).for_each(|_| hint::spin_loop());
                thread::yield_now();
            }
        }
        let end = sleep();
        self.waited(begun.elapsed());
        end
    }

    fn is_hopeful(&self) -> bool {
        !self.is_alone && self.short >= LIKELY
    }

    fn waited(&mut self, time: Duration) {
        self.short = if time < SHORT { self.short.saturating_add(1) } else { 0 };
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn looks(patience: &mut Patience) -> bool {
        let looked = Cell::new(false);
        patience.wait(
            || {
                looked.set(true);
                true
            },
            || (),
        );
        looked.get()
    }

    #[test]
    fn after_short_waits_it_looks_and_after_a_long_one_it_sleeps() {
        let mut patience = Patience { short: 0, is_alone: false };
        for _ in 0..LIKELY {
            assert!(!patience.is_hopeful(), "too soon");
            patience.waited(Duration::ZERO);
        }
        assert!(looks(&mut patience));
        patience.waited(SHORT * 2);
        assert!(!looks(&mut patience));
    }

    #[test]
    fn it_never_looks_where_there_is_one_processor() {
        let mut patience = Patience { short: LIKELY, is_alone: true };
        assert!(!looks(&mut patience));
    }

    #[test]
    fn it_stops_looking_after_a_while() {
        let mut patience = Patience { short: LIKELY, is_alone: false };
        assert_eq!(patience.wait(|| false, || "asleep"), "asleep");
        assert_eq!(patience.short, 0);
    }
}
