"""Inner products that a compiler does not find by itself, as LLVM vector code for numba's compiled passes.

Decoding reads every weight once per token, so these loops must keep up with the memory: they widen int8 or int4 codes
and multiply them with 16-bit activations in vectors of 512 bits (`pmaddwd` where the processor has it, plain vector
code elsewhere), and ask for the weights some way ahead, which the hardware's own prefetching does not do well enough
(measured on two cores: 10.6 GB/s a thread without, 14.4 with, of 16.5 that a plain sum reads).

Imported by fused.py only: needs numba.
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
INT4_STEP = 64
"""Elements that one step of `dot_int4` takes: two groups of 32 or one of 64."""
INT4_WIDE_STEP = 128
"""Elements of one step where the processor multiplies bytes four at a time (VNNI): half the instructions a weight."""

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


HAS_VNNI = host_has("avx512vnni") and host_has("avx512bw")
if HAS_VNNI:
    llvm.initialize_native_asmparser()  # for _multiply_fours


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


def _multiply_fours(builder: ir.IRBuilder, total: Any, codes: Any, x: Any) -> Any:
    """total <16 x i32> plus <64 x u8> codes times <64 x i8> x, four neighbours added (VNNI).

    As assembly: the intrinsic's type is not the same in all versions of LLVM.
    """
    kind = ir.FunctionType(total.type, [total.type, codes.type, x.type])
    assembly = ir.InlineAsm(kind, "vpdpbusd $3, $2, $0", "=v,0,v,v", side_effect=False)
    return builder.call(assembly, [total, codes, x])


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
def dot_int8(x: Words, weights: Int8s, row: int) -> np.int64:
    """x (i,) int16 times row `row` of weights (o, i) int8, exact up to INT8_MAX_WIDTH."""
    width = weights.shape[1]
    vectors = width // INT8_STEP
    total = _dot_int8_steps(x, weights, row * width, vectors)
    for k in range(vectors * INT8_STEP, width):
        total += np.int64(x[k]) * np.int64(weights[row, k])
    return total


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
    """One row of int4 groups (see linear.Int4GroupLinear) times x.

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
