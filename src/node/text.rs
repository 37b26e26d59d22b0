//! Strings across the border.

use std::ptr;

use napi::bindgen_prelude::{Result, ToNapiValue, TypeName, ValueType};
use napi::{Status, sys};

/// Text on its way to JavaScript. ASCII becomes a one-byte string by a plain copy; anything else is decoded.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a str);

impl TypeName for Text<'_> {
    fn type_name() -> &'static str {
        "String"
    }

    fn value_type() -> ValueType {
        ValueType::String
    }
}

impl ToNapiValue for Text<'_> {
    #[expect(unsafe_code, reason = "napi's own conversion decodes UTF-8 even where the text is ASCII")]
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> Result<sys::napi_value> {
        let (pointer, length) = (text.0.as_ptr().cast(), text.0.len().cast_signed());
        let mut value = ptr::null_mut();
        // SAFETY: the caller vouches for `env`; pointer and length are those of a live `str`, which V8 copies before
        // the call returns; every ASCII text is Latin-1.
        let status = unsafe {
            if text.0.is_ascii() {
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
}
