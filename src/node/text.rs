//! Strings across the border.

use std::ptr;

use napi::bindgen_prelude::{Result, ToNapiValue, TypeName, ValueType};
use napi::{Status, sys};

use crate::error::{self, Error};

/// The longest string that every supported V8 can hold, in code units.
const LONGEST: usize = (1 << 29) - 24;

/// Text on its way to JavaScript. ASCII becomes a one-byte string by a plain copy; anything else is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Text<T>(pub T);

impl Text<String> {
    /// The text of an answer.
    ///
    /// # Errors
    ///
    /// An assertion where V8 could not hold it.
    pub fn new(text: String) -> error::Result<Self> {
        if text.len() > LONGEST {
            return Err(Error::assertion("the answer is longer than a JavaScript string can be: ask for fewer items"));
        }
        Ok(Self(text))
    }
}

impl<T> TypeName for Text<T> {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl<T: AsRef<str>> ToNapiValue for Text<T> {
    #[expect(unsafe_code, reason = "napi asks for it")]
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> Result<sys::napi_value> {
        // SAFETY: the caller vouches for `env`.
        unsafe { string(env, text.0.as_ref()) }
    }
}

/// A string of JavaScript's, in the present scope of the environment.
///
/// # Errors
///
/// Where V8 has no room for it.
#[expect(unsafe_code, reason = "napi's own conversion decodes UTF-8 even where the text is ASCII")]
pub unsafe fn string(env: sys::napi_env, text: &str) -> Result<sys::napi_value> {
    let (pointer, length) = (text.as_ptr().cast(), text.len().cast_signed());
    let mut value = ptr::null_mut();
    // SAFETY: the caller vouches for `env`; pointer and length are those of a live `str`, which V8 copies before
    // the call returns; every ASCII text is Latin-1.
    let status = unsafe {
        if text.is_ascii() {
            sys::napi_create_string_latin1(env, pointer, length, &raw mut value)
        } else {
            sys::napi_create_string_utf8(env, pointer, length, &raw mut value)
        }
    };
    match Status::from(status) {
        Status::Ok => Ok(value),
        failed => Err(napi::Error::new(failed, format!("no string of {length} bytes can be made"))),
    }
}
