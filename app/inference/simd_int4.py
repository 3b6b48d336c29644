"""Inner products of int4 groups with 16-bit activations, in the manner of simd.py.

Imported by fused.py and fused_token.py only: needs numba.
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
from numba.extending import intrinsic

from app.inference.simd import (
    _LANES,
    _PREFETCH_BYTES,
    BFloats,
    Bytes,
    Floats,
    Int8s,
    Words,
    _f32,
    _i8,
    _i16,
    _i32,
    _i64,
    _multiply_pairs,
    _pick,
    _prefetch,
    _reduce,
    host_has,
    load_vector,
    pointer_to,
    splat,
)

INT4_STEP = 64
"""Elements that one step of `dot_int4` takes: two groups of 32 or one of 64."""
INT4_WIDE_STEP = 128
"""Elements of one step where the processor multiplies bytes four at a time (VNNI): half the instructions a weight."""

HAS_VNNI = host_has("avx512vnni") and host_has("avx512bw")
if HAS_VNNI:
    llvm.initialize_native_asmparser()  # for _multiply_fours


def _multiply_fours(builder: ir.IRBuilder, total: Any, codes: Any, x: Any) -> Any:
    """total <16 x i32> plus <64 x u8> codes times <64 x i8> x, four neighbours added (VNNI).

    As assembly: the intrinsic's type is not the same in all versions of LLVM.
    """
    kind = ir.FunctionType(total.type, [total.type, codes.type, x.type])
    assembly = ir.InlineAsm(kind, "vpdpbusd $3, $2, $0", "=v,0,v,v", side_effect=False)
    return builder.call(assembly, [total, codes, x])


def _int4_steps(group: int) -> Any:
    """The inner product of one row of int4 codes, for groups of 32 or 64."""

    def typed(typing: Any, x: Any, codes: Any, offset: Any, scales: Any, scale_offset: Any, groups: Any) -> Any:
        return types.float32(x, codes, types.int64, scales, types.int64, types.int64), codegen

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        floats, words = ir.VectorType(_f32, _LANES), ir.VectorType(_i16, 32)
        x_array, codes_array, first, scales_array, first_scale, count = arguments
        total = cgutils.alloca_once_value(builder, ir.Constant(floats, None))

        def add(sums: Any, scale: Any) -> None:
            product = builder.fmul(builder.sitofp(sums, floats), scale, flags=("contract",))
            builder.store(builder.fadd(builder.load(total), product, flags=("contract",)), total)

        def pointers(step: Any) -> tuple[Any, Any, Any]:
            """To the activations, codes and scales of a step."""
            x_first = builder.mul(step, ir.Constant(_i64, INT4_STEP))
            c_first = builder.add(first, builder.mul(step, ir.Constant(_i64, INT4_STEP // 2)))
            s_first = builder.add(first_scale, builder.mul(step, ir.Constant(_i64, INT4_STEP // group)))
            return (
                pointer_to(context, builder, signature.args[0], x_array, x_first, _i8),
                pointer_to(context, builder, signature.args[1], codes_array, c_first, _i8),
                pointer_to(context, builder, signature.args[3], scales_array, s_first, _i8),
            )

        def nibbles(packed: Any) -> tuple[Any, Any]:
            low = builder.and_(packed, ir.Constant(packed.type, [15] * packed.type.count))
            return low, builder.lshr(packed, ir.Constant(packed.type, [4] * packed.type.count))

        def wide_step(step: Any) -> None:
            """128 elements; x lies as order_for_int4 has it: low bytes of both nibbles' elements, then high ones."""
            x_at, c_at, s_at = pointers(builder.mul(step, ir.Constant(_i64, 2)))
            _prefetch(builder, c_at, _PREFETCH_BYTES)
            bytes_ = ir.VectorType(_i8, 64)
            halves = nibbles(load_vector(builder, c_at, bytes_))
            sums = []
            for part in range(2):
                sums.append(ir.Constant(ir.VectorType(_i32, _LANES), None))
                for half, codes in enumerate(halves):
                    x = load_vector(builder, x_at, bytes_, 128 * part + 64 * half)
                    sums[part] = _multiply_fours(builder, sums[part], codes, x)
            shifted = builder.shl(sums[1], ir.Constant(sums[1].type, [8] * _LANES))
            scale = _scale_four(builder, s_at) if group < INT4_STEP else _scale_pair(builder, s_at)
            add(builder.add(sums[0], shifted), scale)

        steps = builder.udiv(count, ir.Constant(_i64, INT4_STEP // group))
        wide_steps = ir.Constant(_i64, 0)
        if HAS_VNNI:
            wide_steps = builder.udiv(steps, ir.Constant(_i64, 2))
            with cgutils.for_range(builder, wide_steps) as loop:
                wide_step(loop.index)
        done = builder.mul(wide_steps, ir.Constant(_i64, 2))
        with cgutils.for_range(builder, builder.sub(steps, done)) as loop:
            x_at, c_at, s_at = pointers(builder.add(done, loop.index))
            _prefetch(builder, c_at, _PREFETCH_BYTES)
            low, high = nibbles(load_vector(builder, c_at, ir.VectorType(_i8, 32)))
            sums = builder.add(
                _multiply_pairs(builder, builder.zext(low, words), load_vector(builder, x_at, words)),
                _multiply_pairs(builder, builder.zext(high, words), load_vector(builder, x_at, words, 64)),
            )
            add(sums, _scale_pair(builder, s_at) if group < INT4_STEP else _scale_all(builder, s_at))
        if group < INT4_STEP:
            last = builder.urem(count, ir.Constant(_i64, INT4_STEP // group))
            with builder.if_then(builder.icmp_unsigned("!=", last, ir.Constant(_i64, 0))):
                x_at, c_at, s_at = pointers(steps)
                low, high = nibbles(load_vector(builder, c_at, ir.VectorType(_i8, 16)))
                both = builder.shuffle_vector(low, high, ir.Constant(ir.VectorType(_i32, 32), list(range(32))))
                sums = _multiply_pairs(builder, builder.zext(both, words), load_vector(builder, x_at, words))
                add(sums, _scale_all(builder, s_at))
        return _reduce(builder, builder.load(total), "fadd", ir.Constant(_f32, 0.0))

    return intrinsic(typed)


def _scale_all(builder: ir.IRBuilder, pointer: Any) -> Any:
    """One bfloat16 scale as <16 x float>."""
    bits = builder.shl(builder.zext(load_vector(builder, pointer, _i16), _i32), ir.Constant(_i32, 16))
    return builder.bitcast(splat(builder, bits, _LANES), ir.VectorType(_f32, _LANES))


def _scale_pair(builder: ir.IRBuilder, pointer: Any) -> Any:
    """Two bfloat16 scales, read as one 32-bit number, as <16 x float> of eight lanes each."""
    lanes = ir.VectorType(_i32, _LANES)
    both = splat(builder, load_vector(builder, pointer, _i32), _LANES)
    high = builder.and_(builder.shl(both, ir.Constant(lanes, [16] * 8 + [0] * 8)), ir.Constant(lanes, [-65536] * 16))
    return builder.bitcast(high, ir.VectorType(_f32, _LANES))


def _scale_four(builder: ir.IRBuilder, pointer: Any) -> Any:
    """Four bfloat16 scales as <16 x float> of four lanes each."""
    bits = builder.zext(load_vector(builder, pointer, ir.VectorType(_i16, 4)), ir.VectorType(_i32, 4))
    bits = builder.shl(bits, ir.Constant(bits.type, [16] * 4))
    return builder.bitcast(_pick(builder, bits, [lane // 4 for lane in range(_LANES)]), ir.VectorType(_f32, _LANES))


_int4_steps_32, _int4_steps_64 = _int4_steps(32), _int4_steps(64)


@njit(cache=True, error_model="numpy", inline="always")
def bfloat16_bits(bits: np.uint16) -> np.float32:
    """A bfloat16 number from its bits."""
    return np.int32(np.int32(bits) << np.int32(16)).view(np.float32)


@njit(cache=True, error_model="numpy", nogil=True)
def _split_words(x: Words, low: Int8s, high: Int8s) -> None:
    """x (n,) as 256 * high + low."""
    for k in range(x.size):
        low[k] = np.int8(x[k])
        high[k] = np.int8((np.int32(x[k]) + np.int32(128)) >> np.int32(8))


@njit(cache=True, error_model="numpy", nogil=True)
def order_for_int4(x: Words, group: int, out: Words) -> None:
    """x (i,) in the order in which `dot_int4` meets it: the low nibbles' elements of a step, then the high ones'.

    Wide steps take their bytes apart: the low bytes of all 128, then the high ones.
    """
    half, wide = group // 2, 0
    if HAS_VNNI:
        wide = x.size - x.size % INT4_WIDE_STEP
        split = out.view(np.int8)
        for start in range(0, wide, group):
            # The group's place in its step, in bytes of one nibble.
            place = 2 * (start - start % INT4_WIDE_STEP) + start % INT4_WIDE_STEP // 2
            for nibble in range(2):
                _split_words(
                    x[start + nibble * half : start + (nibble + 1) * half],
                    split[place + nibble * INT4_STEP :],
                    split[place + nibble * INT4_STEP + INT4_WIDE_STEP :],
                )
    if group == INT4_STEP:
        out[wide:] = x[wide:]
        return
    whole = x.size - x.size % INT4_STEP
    for first in range(wide, whole, INT4_STEP):
        for k in range(16):
            out[first + k] = x[first + k]
            out[first + 16 + k] = x[first + 32 + k]
            out[first + 32 + k] = x[first + 16 + k]
            out[first + 48 + k] = x[first + 48 + k]
    out[whole:] = x[whole:]


@njit(cache=True, error_model="numpy", fastmath={"reassoc", "contract"}, nogil=True)
def _dot_offsets(sums: Floats, offsets: BFloats, row: int) -> np.float32:
    total = np.float32(0.0)
    for group in range(offsets.shape[1]):
        total += bfloat16_bits(offsets[row, group]) * sums[group]
    return total


@njit(cache=True, error_model="numpy", nogil=True)
def dot_int4(ordered: Words, sums: Floats, codes: Bytes, scales: BFloats, offsets: BFloats, row: int) -> np.float32:
    """One row of int4 groups (see int4_linear.Int4GroupLinear) times x.

    ordered: (i,) from order_for_int4; sums: (i / group,) of x over each group; codes: (o, i/2); scales, offsets:
    (o, i/group) bfloat16 bits.
    """
    groups = scales.shape[1]
    first, first_scale = row * codes.shape[1], row * groups
    if groups * 32 == ordered.size:
        total = _int4_steps_32(ordered, codes, first, scales, first_scale, groups)
    else:
        total = _int4_steps_64(ordered, codes, first, scales, first_scale, groups)
    return total + _dot_offsets(sums, offsets, row)
