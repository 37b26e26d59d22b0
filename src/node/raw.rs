//! The functions that every read calls: each holds what it needs and goes through none of napi's conversions, which
//! would cost as much again.
//!
//! None ever throws. What is not plain they leave to the functions of [`kept`](super::kept) and [`read`](super::read).

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;

use napi::bindgen_prelude::Unknown;
use napi::{Env, Status, sys};
use napi_derive::napi;
use parking_lot::Mutex;

use super::decoder::Decoder;
use super::store::store;
use super::text;
use crate::crossing::{Kept, as_count};
use crate::document::Document;
use crate::engine::Member;
use crate::error::Error;

/// Longer keys go the long way.
const LONGEST_KEY: usize = 256;

/// More documents are never kept: a slot takes memory here.
const MOST_SLOTS: u32 = 1 << 24;

/// A function of a bucket that tells its generation, also when the store is closed; -1 where another process committed what
/// this one does not have.
#[napi(catch_unwind, ts_return_type = "(bucket: number) => number")]
pub fn generation_reader(env: &Env, number: u32) -> napi::Result<Unknown<'_>> {
    function(env, c"generation", generation, Box::new(Arc::clone(&store(env, number)?.member)))
}

/// A function that tells whether another process committed what this one does not have; also when the store is closed.
#[napi(catch_unwind, ts_return_type = "() => boolean")]
pub fn behind_reader(env: &Env, number: u32) -> napi::Result<Unknown<'_>> {
    function(env, c"behind", behind, Box::new(Arc::clone(&store(env, number)?.member)))
}

/// A function of a key that tells its document or the text of it, `null` where there is none, and `undefined` where `get` is
/// to be asked: of a key that is long or not ASCII, and when the store cannot be read.
#[napi(catch_unwind, ts_return_type = "(key: string) => object | string | null | undefined")]
pub fn document_reader(env: &Env, number: u32) -> napi::Result<Unknown<'_>> {
    let store = store(env, number)?;
    let documents = Documents { member: Arc::clone(&store.member), decoder: store.decoder.get().cloned() };
    function(env, c"document", document, Box::new(documents))
}

struct Documents {
    member: Arc<Member>,
    decoder: Option<Rc<Decoder>>,
}

impl Documents {
    /// A document or its text. `None` where V8 has no room.
    #[expect(unsafe_code, reason = "called by JavaScript, through none of napi's conversions")]
    unsafe fn value(&self, env: sys::napi_env, document: &Document) -> Option<sys::napi_value> {
        let object = self.decoder.as_ref().and_then(|decoder| decoder.decode(env, document.text()));
        // SAFETY: the caller vouches for `env`.
        object.or_else(|| unsafe { text::string(env, document.text()) }.ok())
    }
}

/// A function of a slot and of the sequence of the version that is kept there from now on; 0 for none.
#[napi(catch_unwind, ts_return_type = "(slot: number, sequence: number) => void")]
pub fn slot_marker(env: &Env, number: u32) -> napi::Result<Unknown<'_>> {
    function(env, c"mark", mark, Box::new(Arc::clone(&store(env, number)?.kept)))
}

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// A function that is called with `data`, which lives as long as it does.
#[expect(unsafe_code, reason = "napi's own functions cost twice as much a call")]
fn function<'env, T>(
    env: &'env Env,
    name: &'static CStr,
    callback: Callback,
    data: Box<T>,
) -> napi::Result<Unknown<'env>> {
    let length = name.to_bytes().len().cast_signed();
    let data = Box::into_raw(data);
    let mut function = ptr::null_mut();
    // SAFETY: `data` stays alive until the function is collected, which calls `release` once; the other pointers are to
    // a local and a static, and are not kept.
    unsafe {
        let held = data.cast::<c_void>();
        let made = sys::napi_create_function(env.raw(), name.as_ptr(), length, Some(callback), held, &raw mut function);
        if made != sys::Status::napi_ok {
            drop(Box::from_raw(data));
            return Err(napi::Error::new(Status::from(made), "no function can be made"));
        }
        let (hint, reference) = (ptr::null_mut(), ptr::null_mut());
        let watched = sys::napi_add_finalizer(env.raw(), function, held, Some(release::<T>), hint, reference);
        if watched != sys::Status::napi_ok {
            // The data leaks, rather than be gone under the function.
            return Err(napi::Error::new(Status::from(watched), "a function cannot be watched"));
        }
        Ok(Unknown::from_raw_unchecked(env.raw(), function))
    }
}

#[expect(unsafe_code, reason = "called by the garbage collector")]
unsafe extern "C" fn release<T>(_: sys::napi_env, data: *mut c_void, _: *mut c_void) {
    // SAFETY: made by `Box::into_raw`, and released only here, once.
    drop(unsafe { Box::from_raw(data.cast::<T>()) });
}

/// The arguments of a call, and what its function holds.
#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe fn called<'a, T, const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> ([sys::napi_value; N], Option<&'a T>) {
    let (mut count, mut arguments, mut data) = (N, [ptr::null_mut(); N], ptr::null_mut::<c_void>());
    // SAFETY: Node hands a valid environment to the callback, and the data given when the function was made, which lives
    // as long as the function. An argument that was not given is `undefined`.
    unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, arguments.as_mut_ptr(), ptr::null_mut(), &raw mut data);
        (arguments, data.cast::<T>().as_ref())
    }
}

#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe extern "C" fn generation(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut bucket, mut told) = (u32::MAX, ptr::null_mut());
    // SAFETY: `called` is given what Node gave; a bucket that is no number stays one that does not exist.
    unsafe {
        let ([argument], member) = called::<Arc<Member>, 1>(env, info);
        sys::napi_get_value_uint32(env, argument, &raw mut bucket);
        let is_behind = member.is_some_and(|member| member.is_behind());
        let generation = member.map_or(0, |member| member.generation(bucket));
        let generation = if is_behind { -1.0 } else { f64::from(generation) };
        sys::napi_create_double(env, generation, &raw mut told);
    }
    told
}

#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe extern "C" fn behind(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut told = ptr::null_mut();
    // SAFETY: `called` is given what Node gave.
    unsafe {
        let ([], member) = called::<Arc<Member>, 0>(env, info);
        let is_behind = member.is_some_and(|member| member.is_behind());
        sys::napi_get_boolean(env, is_behind, &raw mut told);
    }
    told
}

#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe extern "C" fn mark(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut slot, mut sequence) = (u32::MAX, 0.0);
    // SAFETY: `called` is given what Node gave; what is no number leaves what is written here.
    unsafe {
        let ([first, second], kept) = called::<Arc<Mutex<Kept>>, 2>(env, info);
        sys::napi_get_value_uint32(env, first, &raw mut slot);
        sys::napi_get_value_double(env, second, &raw mut sequence);
        if let (Some(kept), Some(sequence), true) = (kept, as_count(sequence), slot < MOST_SLOTS) {
            kept.lock().set(slot, sequence);
        }
        undefined(env)
    }
}

#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe extern "C" fn document(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut key = [0_u8; LONGEST_KEY + 1];
    let mut length = 0;
    let mut told = ptr::null_mut();
    // SAFETY: `called` is given what Node gave; the key is written into a buffer of the size told, and cut to that.
    unsafe {
        let ([argument], documents) = called::<Documents, 1>(env, info);
        let buffer = key.as_mut_ptr().cast();
        let read = sys::napi_get_value_string_utf8(env, argument, buffer, key.len(), &raw mut length);
        let found = key.get(..length).filter(|key| {
            // Cut off where it fills the buffer; other characters have other bytes in the store.
            read == sys::Status::napi_ok && key.len() < LONGEST_KEY && key.is_ascii()
        });
        let read = |(key, documents): (&[u8], &Documents)| {
            let read = || {
                let found = documents.member.engine()?.document(key)?;
                Ok(found.map(|document| documents.value(env, &document)))
            };
            catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| Err(Error::assertion("a panic")))
        };
        match found.zip(documents).map(read) {
            Some(Ok(Some(value))) => return value.unwrap_or_else(|| undefined(env)),
            Some(Ok(None)) => sys::napi_get_null(env, &raw mut told),
            _ => return undefined(env),
        };
    }
    told
}

#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe fn undefined(env: sys::napi_env) -> sys::napi_value {
    let mut undefined = ptr::null_mut();
    // SAFETY: the caller vouches for `env`.
    unsafe { sys::napi_get_undefined(env, &raw mut undefined) };
    undefined
}
