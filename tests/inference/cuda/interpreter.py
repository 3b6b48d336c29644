"""Triton's interpreter (3.6) made fit for these kernels: bfloat16 as a GPU has it, scans in bearable time."""

from __future__ import annotations

import os
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray


def interpret() -> None:
    """Kernels that are imported from now on run on the CPU; Triton itself may have been imported before."""
    os.environ["TRITON_INTERPRET"] = "1"
    import triton.language as tl
    from triton.runtime import interpreter
    from triton.runtime.jit import JITFunction

    # Its library of functions in its own language was made for a GPU where it was imported too early.
    for module in (tl, tl.standard):
        for name, value in list(vars(module).items()):
            if isinstance(value, JITFunction):
                setattr(module, name, interpreter.InterpretedFunction(value.fn))
    _mend_results(tl, interpreter)
    _mend_speed(tl, interpreter)
    # The language is patched here once, not in every call of a function, which takes longer than the function.
    interpreter._patch_lang(SimpleNamespace(__globals__={"tl": tl, "core": tl.core}))
    interpreter._patch_lang = lambda function: interpreter._LangPatchScope()
    # int() of an array with dimensions is an error since NumPy 2.4.
    tl.tensor.__index__ = lambda self: int(self.handle.data.item())


def _mend_results(tl: Any, interpreter: Any) -> None:
    convert, dot = interpreter._convert_float, interpreter.InterpreterBuilder.create_dot

    def convert_float(data: NDArray[Any], source: Any, target: Any, rounding: Any) -> NDArray[Any]:
        """As it is, but to bfloat16 the nearest number, not the next towards zero."""
        if source == tl.bfloat16 and target == tl.float32:
            return _widened(data)
        if source == tl.float32 and target == tl.bfloat16:
            return _rounded(data)
        return np.asarray(convert(data, source, target, rounding))

    def create_dot(self: Any, a: Any, b: Any, total: Any, *options: Any) -> Any:
        """As it is, but of bfloat16 numbers, not of their bits."""
        if a.dtype.scalar == tl.bfloat16:
            a, b = (interpreter.TensorHandle(_widened(x.data), tl.float32) for x in (a, b))
        return dot(self, a, b, total, *options)

    interpreter._convert_float = convert_float
    interpreter.InterpreterBuilder.create_dot = create_dot


def _mend_speed(tl: Any, interpreter: Any) -> None:
    numpy_type = interpreter._get_np_dtype
    types: dict[str, Any] = {}

    def numpy_type_once(dtype: Any) -> Any:
        """As it is, without a table of all types that is made anew each time."""
        scalar = dtype.scalar
        if scalar.name not in types:
            types[scalar.name] = numpy_type(scalar)
        return types[scalar.name]

    def generic_scan(self: Any, inputs: Any) -> Any:
        """As it is, but step by step, not element by element."""
        ends = [np.moveaxis(x.handle.data.copy(), self.axis, 0) for x in inputs]
        for step in range(1, len(ends[0])):
            parts = [
                self.to_tensor(end[at], x.dtype) for at in (step - 1, step) for end, x in zip(ends, inputs, strict=True)
            ]
            for end, result in zip(ends, self.combine_fn.fn(*parts), strict=True):
                end[step] = result.handle.data
        return [self.to_tensor(np.moveaxis(end, 0, self.axis), x.dtype) for end, x in zip(ends, inputs, strict=True)]

    interpreter.ScanOps.generic_scan = generic_scan
    interpreter._get_np_dtype = numpy_type_once
    # The types of shapes, which nobody asks for.
    tl.core._type_for_tuple_values = lambda values, fields=None: None
    # Every sum of integers twice, to see whether it is too large.
    interpreter.interpreter_builder.options = replace(interpreter.interpreter_builder.options, sanitize_overflow=False)


def _widened(bits: NDArray[Any]) -> NDArray[Any]:
    return (bits.astype(np.uint32) << 16).view(np.float32)


def _rounded(data: NDArray[Any]) -> NDArray[Any]:
    """The bits of the nearest bfloat16 numbers, the even one of two; no NaN among them."""
    bits = np.ascontiguousarray(data).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)
