"""Inner products that a compiler does not find by itself, as LLVM vector code for numba's compiled passes.

Decoding reads every weight once per token, so these loops must keep up with the memory: they widen int8 or int4 codes
and multiply them with 16-bit activations in vectors of 512 bits (`pmaddwd` where the processor has it, plain vector
code elsewhere), and ask for the weights some way ahead, which the hardware's own prefetching does not do well enough
(measured on two cores: 10.6 GB/s a thread without, 14.4 with, of 16.5 that a plain sum reads).

Imported by other compiled passes only: needs numba.
"""

# numba's intrinsics and cgutils have no types that a checker could read.
# mypy: disable-error-code="no-untyped-call, no-any-return, call-arg, var-annotated, no-untyped-def, misc"

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.core import config as numba_config
from numba.extending import intrinsic
from numpy.typing import NDArray

Words = NDArray[np.int16]
Int8s = NDArray[np.int8]
Bytes = NDArray[np.uint8]
BFloats = NDArray[np.uint16]
Floats = NDArray[np.float32]

INT8_STEP = 32
"""Elements that one vector of `dot_int8` takes; the rest of a row is added one by one."""
INT8_MAX_WIDTH = 32 * 1024
"""Widest row whose sums of 127 * (127 * 256) at most fit the 32-bit lanes of `dot_int8`: 16 lanes of 4 totals."""
_PREFETCH_BYTES = 4096
_LANES = 16
_UNROLLED = 4

_i8, _i16, _i32, _i64, _f32 = ir.IntType(8), ir.IntType(16), ir.IntType(32), ir.IntType(64), ir.FloatType()


config: Any = numba_config  # its settings are made at run time, so no type checker knows them


def host_has(feature: str) -> bool:
    """Whether code may use an extension of the processor, by numba's own setting where the user has made one."""
    if config.CPU_NAME is not None:
        return f"+{feature}" in (config.CPU_FEATURES or "")
    return bool(llvm.get_host_cpu_features().get(feature, False))


def pointer_to(context: Any, builder: ir.IRBuilder, array_type: Any, array: Any, offset: Any, element: ir.Type) -> Any:
    """Pointer to element `offset` (int64, in elements of the array) of a C-contiguous array, as one to `element`."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [offset]), element.as_pointer())


def load_vector(builder: ir.IRBuilder, pointer: Any, kind: ir.Type, bytes_off: int = 0) -> Any:
    """A vector from memory of any alignment."""
    raw = builder.bitcast(pointer, _i8.as_pointer())
    at = builder.bitcast(builder.gep(raw, [ir.Constant(_i64, bytes_off)]), kind.as_pointer())
    value = builder.load(at)
    value.align = 1
    return value


def splat(builder: ir.IRBuilder, value: Any, lanes: int) -> Any:
    """A vector with the value in each of its lanes."""
    kind = ir.VectorType(value.type, lanes)
    one = builder.insert_element(ir.Constant(kind, ir.Undefined), value, ir.Constant(_i32, 0))
    return builder.shuffle_vector(
        one, ir.Constant(kind, ir.Undefined), ir.Constant(ir.VectorType(_i32, lanes), [0] * lanes)
    )


def _pick(builder: ir.IRBuilder, vector: Any, indices: list[int]) -> Any:
    mask = ir.Constant(ir.VectorType(_i32, len(indices)), indices)
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


def _multiply_pairs(builder: ir.IRBuilder, a: Any, b: Any) -> Any:
    """<32 x i16> times <32 x i16>, neighbours added: <16 x i32>."""
    words, sums = ir.VectorType(_i16, 32), ir.VectorType(_i32, 16)
    if host_has("avx512bw"):
        kind = ir.FunctionType(sums, [words, words])
        return builder.call(
            cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx512.pmaddw.d.512"), [a, b]
        )
    if host_has("avx2"):
        half_words, half_sums = ir.VectorType(_i16, 16), ir.VectorType(_i32, 8)
        kind = ir.FunctionType(half_sums, [half_words, half_words])
        madd = cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.avx2.pmadd.wd")
        low, high = (
            builder.call(madd, [_pick(builder, a, half), _pick(builder, b, half)])
            for half in (list(range(16)), list(range(16, 32)))
        )
        return builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(_i32, 16), list(range(16))))
    wide = ir.VectorType(_i32, 32)
    products = builder.mul(builder.sext(a, wide), builder.sext(b, wide))
    return builder.add(_pick(builder, products, list(range(0, 32, 2))), _pick(builder, products, list(range(1, 32, 2))))


def _prefetch(builder: ir.IRBuilder, pointer: Any, bytes_ahead: int) -> None:
    """Ask for a cache line ahead; past the end of the weights this is harmless."""
    kind = ir.FunctionType(ir.VoidType(), [_i8.as_pointer(), _i32, _i32, _i32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    raw = builder.gep(builder.bitcast(pointer, _i8.as_pointer()), [ir.Constant(_i64, bytes_ahead)])
    # A read, into the second cache level, of data.
    builder.call(function, [raw, ir.Constant(_i32, 0), ir.Constant(_i32, 2), ir.Constant(_i32, 1)])


def _reduce(builder: ir.IRBuilder, vector: Any, name: str, start: Any = None) -> Any:
    element = vector.type.element
    arguments = ([start] if start is not None else []) + [vector]
    kind = ir.FunctionType(element, [argument.type for argument in arguments])
    suffix = f"v{vector.type.count}{'f32' if element == _f32 else element}"
    function = cgutils.get_or_insert_function(builder.module, kind, f"llvm.vector.reduce.{name}.{suffix}")
    return builder.call(function, arguments, fastmath=("reassoc",) if start is not None else ())


@intrinsic
def _dot_int8_steps(typing: Any, x: Any, weights: Any, offset: Any, steps: Any) -> Any:
    """Sum over `steps` vectors of 32 elements of x[k] * weights[offset + k], exact in 64 bits."""
    signature = types.int64(x, weights, types.int64, types.int64)

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        lanes, words = ir.VectorType(_i32, _LANES), ir.VectorType(_i16, 32)
        totals = [cgutils.alloca_once_value(builder, ir.Constant(lanes, None)) for _ in range(_UNROLLED)]

        def add(first: Any, parts: list[Any]) -> None:
            """Add the products of len(parts) vectors from element `first` on to the totals in `parts`."""
            x_at = pointer_to(context, builder, signature.args[0], arguments[0], first, _i8)
            w_first = builder.add(arguments[2], first)
            w_at = pointer_to(context, builder, signature.args[1], arguments[1], w_first, _i8)
            for line in range(0, 32 * len(parts), 64):
                _prefetch(builder, w_at, _PREFETCH_BYTES + line)
            for part, total in enumerate(parts):
                codes = builder.sext(load_vector(builder, w_at, ir.VectorType(_i8, 32), 32 * part), words)
                activations = load_vector(builder, x_at, words, 64 * part)
                builder.store(builder.add(builder.load(total), _multiply_pairs(builder, codes, activations)), total)

        unrolled = builder.udiv(arguments[3], ir.Constant(_i64, _UNROLLED))
        with cgutils.for_range(builder, unrolled) as loop:
            add(builder.mul(loop.index, ir.Constant(_i64, 32 * _UNROLLED)), totals)
        done = builder.mul(unrolled, ir.Constant(_i64, _UNROLLED))
        with cgutils.for_range(builder, builder.sub(arguments[3], done)) as loop:
            add(builder.mul(builder.add(done, loop.index), ir.Constant(_i64, 32)), totals[:1])
        wide = ir.VectorType(_i64, _LANES)
        total = builder.sext(builder.load(totals[0]), wide)
        for part in totals[1:]:
            total = builder.add(total, builder.sext(builder.load(part), wide))
        return _reduce(builder, total, "add")

    return signature, codegen


@njit(cache=True, error_model="numpy", nogil=True)
def dot_int8(x: Words, weights: Int8s, row: int) -> np.int64:
    """x (i,) int16 times row `row` of weights (o, i) int8, exact up to INT8_MAX_WIDTH."""
    width = weights.shape[1]
    vectors = width // INT8_STEP
    total = _dot_int8_steps(x, weights, row * width, vectors)
    for k in range(vectors * INT8_STEP, width):
        total += np.int64(x[k]) * np.int64(weights[row, k])
    return total
