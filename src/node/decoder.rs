//! JSON text on its way to be an object, without `JSON.parse`: numbers in memory that JavaScript reads, strings as
//! arguments, and a function of JavaScript's that puts them together (`lib/decoder.js`).

use std::cell::RefCell;
use std::rc::Rc;
use std::{iter, ptr};

use napi::bindgen_prelude::{
    Function, FunctionRef, JsValue, Result, ToNapiValue, TypeName, Uint32Array, Unknown, ValueType,
};
use napi::{Env, sys};
use napi_derive::napi;

use super::store::{Store, store};
use super::text::{self, Text};
use crate::tape::{self, Long, Shapes, Strings};

/// A longer text would not fit on the tape, and takes so long to parse that nothing is gained.
const LONGEST: usize = 1 << 18;

/// After so many texts in a row that were none for a decoder, one in as many is looked at.
const MOST_PATIENCE: u32 = 1_023;

/// What makes objects of one store.
pub struct Decoder {
    function: FunctionRef<(), Unknown<'static>>,
    state: RefCell<State>,
}

struct State {
    tape: Uint32Array,
    strings: Strings,
    shapes: Shapes,
    /// How many texts are to be passed over, and how many were the last time.
    pause: u32,
    patience: u32,
}

impl Decoder {
    /// A decoder with JavaScript's memory, and the function that reads it.
    pub fn new(tape: Uint32Array, function: FunctionRef<(), Unknown<'static>>) -> Self {
        let state = State { tape, strings: Strings::default(), shapes: Shapes::default(), pause: 0, patience: 0 };
        Self { function, state: RefCell::new(state) }
    }

    /// The object of a text. `None` where `JSON.parse` is to make it.
    pub fn decode(&self, env: sys::napi_env, text: &str) -> Option<sys::napi_value> {
        let arguments = self.state.borrow_mut().arguments(env, text)?;
        self.call(env, &arguments)
    }

    #[expect(unsafe_code, reason = "napi's own call wants to know beforehand how many arguments there are")]
    fn call(&self, env: sys::napi_env, arguments: &[sys::napi_value]) -> Option<sys::napi_value> {
        let scope = Env::from_raw(env);
        let function = self.function.borrow_back(&scope).ok()?;
        let (mut object, mut exception) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: function and arguments are values of this environment's present scope. No borrow is held.
        unsafe {
            let this = function.raw();
            let made = sys::napi_call_function(env, this, this, arguments.len(), arguments.as_ptr(), &raw mut object);
            if made == sys::Status::napi_ok {
                return Some(object);
            }
            // The stack is full; `JSON.parse` will say so, too.
            sys::napi_get_and_clear_last_exception(env, &raw mut exception);
        }
        None
    }
}

impl State {
    #[expect(unsafe_code, reason = "strings of JavaScript's are made")]
    fn arguments(&mut self, env: sys::napi_env, text: &str) -> Option<Vec<sys::napi_value>> {
        // `null` by itself would say that there is no answer.
        if text.len() > LONGEST || !text.starts_with(['{', '[']) {
            return None;
        }
        if self.pause > 0 {
            self.pause -= 1;
            return None;
        }
        if self.write(text).is_none() {
            self.patience = (self.patience * 2 + 1).min(MOST_PATIENCE);
            self.pause = self.patience;
            return None;
        }
        self.patience = 0;
        let mut arguments = Vec::with_capacity(self.strings.long.len() + 1);
        let strings = self.strings.long.iter().map(|long| match long {
            Long::Plain(start, end) => text.get(*start..*end).unwrap_or_default(),
            Long::Unescaped(string) => string,
        });
        for string in iter::once(self.strings.short.as_str()).chain(strings) {
            // SAFETY: called in a call of JavaScript's, with its environment.
            arguments.push(unsafe { text::string(env, string) }.ok()?);
        }
        Some(arguments)
    }

    #[expect(unsafe_code, reason = "memory of JavaScript's is written")]
    fn write(&mut self, text: &str) -> Option<()> {
        // SAFETY: nobody else has a slice of it: JavaScript does not run meanwhile, and reads it in the next call.
        let words = unsafe { self.tape.as_mut() };
        tape::write(text, words, &mut self.strings, &mut self.shapes)
    }
}

/// JSON text that becomes an object where its store has a decoder and it is one for that, and otherwise a string.
pub struct Decoded<T = String> {
    text: Text<T>,
    decoder: Option<Rc<Decoder>>,
}

impl<T> Decoded<T> {
    /// A text of a store's.
    pub fn by(store: &Store, text: Text<T>) -> Self {
        Self { text, decoder: store.decoder.get().cloned() }
    }

    /// A text that stays one.
    pub const fn text(text: Text<T>) -> Self {
        Self { text, decoder: None }
    }
}

impl<T> TypeName for Decoded<T> {
    fn type_name() -> &'static str {
        "object | string"
    }

    fn value_type() -> ValueType {
        ValueType::Unknown
    }
}

impl<T: AsRef<str>> ToNapiValue for Decoded<T> {
    #[expect(unsafe_code, reason = "napi asks for it")]
    unsafe fn to_napi_value(env: sys::napi_env, Self { text, decoder }: Self) -> Result<sys::napi_value> {
        match decoder.and_then(|decoder| decoder.decode(env, text.0.as_ref())) {
            Some(object) => Ok(object),
            // SAFETY: the caller vouches for `env`.
            None => unsafe { Text::to_napi_value(env, text) },
        }
    }
}

/// Lets a store's answers be objects: `function` is given their strings, and reads the rest from the tape.
#[napi(catch_unwind)]
pub fn use_decoder(
    env: Env,
    number: u32,
    tape: Uint32Array,
    function: Function<'_, (), Unknown<'static>>,
) -> Result<()> {
    let decoder = Rc::new(Decoder::new(tape, function.create_ref()?));
    store(&env, number)?.decoder.set(decoder).map_err(|_| napi::Error::from_reason("there is a decoder"))
}

/// The names of the members of a shape, as the JSON text of an array.
#[napi(catch_unwind)]
pub fn shape_names(env: Env, number: u32, shape: u32) -> Result<Option<String>> {
    let store = store(&env, number)?;
    Ok(store.decoder.get().and_then(|decoder| decoder.state.borrow().shapes.names(shape)))
}
