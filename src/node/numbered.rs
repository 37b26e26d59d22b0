//! What JavaScript holds by number.

use std::collections::HashMap;

/// Values by number. Numbers are not used again soon: a value that is gone is told from a new one.
#[derive(Debug)]
pub struct Numbered<T> {
    values: HashMap<u32, T>,
    next: u32,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self { values: HashMap::new(), next: 0 }
    }
}

impl<T> Numbered<T> {
    /// Takes a value in and tells its number.
    pub fn insert(&mut self, value: T) -> u32 {
        while self.values.contains_key(&self.next) {
            self.next = self.next.wrapping_add(1);
        }
        let number = self.next;
        self.next = number.wrapping_add(1);
        self.values.insert(number, value);
        number
    }

    /// The value of a number, while it is here.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.values.get_mut(&number)
    }

    /// Takes a value out.
    pub fn remove(&mut self, number: u32) -> Option<T> {
        self.values.remove(&number)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}
