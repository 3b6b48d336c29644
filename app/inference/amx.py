"""Products of int8 matrices on Intel's matrix unit (AMX), as LLVM code for numba's compiled passes.

`torch._int_mm` lays the weights out anew at every call, which takes as long as the product itself for a few hundred
rows. Here a block of weights is turned into the unit's layout where it is used, 32 rows at a time that stay in the
cache, and serves all tokens of a chunk; sums leave the unit as scaled float32.

Imported by compiled.py only: needs numba. Nothing here runs where `usable` says no.
"""

# numba's intrinsics and cgutils have no types that a checker could read.
# mypy: disable-error-code="no-untyped-call, no-any-return, call-arg, var-annotated, no-untyped-def, misc"

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from llvmlite import ir
from numba import njit, prange, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from app.inference.simd import Floats, Int8s, host_has, load_vector, pointer_to, splat

TILE = 16
"""Rows of a tile, and its columns of 32 bits."""
STEP = 64
"""Bytes of a tile's row: elements of a row of weights or codes that one instruction multiplies."""
HALF_STEP = STEP // 2
"""A row may end with so many; the rest of the last tile of weights is zeros then."""
ROWS = 2 * TILE
"""Rows of the weight that are multiplied side by side."""
PART_STEPS = 8
"""Steps along a row before the sums are put down: 16 KiB of 16 tokens' codes, a third of the first cache."""
_BLOCK_BYTES = 1 << 19
"""Weights of one job in the unit's layout: they are to stay in a core's second cache."""

_i8, _i32, _i64, _f32 = ir.IntType(8), ir.IntType(32), ir.IntType(64), ir.FloatType()
_LOW, _HIGH, _FIRST, _SECOND = 4, 5, 6, 7
"""Tile registers of the inputs; 0 to 3 hold the sums."""


def usable() -> bool:
    """Whether the processor has the unit and the system lets this process use it."""
    allowed = getattr(torch.cpu, "_init_amx", None)
    return host_has("amx-tile") and host_has("amx-int8") and allowed is not None and bool(allowed())


def _call(builder: ir.IRBuilder, name: str, arguments: list[Any]) -> None:
    kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"), arguments)


def _tile(number: int) -> ir.Constant:
    return ir.Constant(_i8, number)


@intrinsic
def _configure(typing: Any, shapes: Any) -> Any:
    """Set the tiles' shapes (64 bytes, see tile_shapes)."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        at = pointer_to(context, builder, signature.args[0], arguments[0], ir.Constant(_i64, 0), _i8)
        _call(builder, "ldtilecfg", [at])
        return context.get_dummy_value()

    return types.void(shapes), codegen


@intrinsic
def _release(typing: Any) -> Any:
    """Give the tiles back: a thread that holds them costs the system more at every switch."""

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        _call(builder, "tilerelease", [])
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def _multiply_tiles(
    typing: Any, codes: Any, low: Any, high: Any, width: Any, tiles: Any, first: Any, steps: Any, sums: Any,
    place: Any, goes_on: Any,
) -> Any:  # fmt: skip
    """Sums of 16 tokens' low and high codes with 32 rows of weights, (4, 16, 16): low and high with the first 16 rows,
    then with the others; added to what is there already where it `goes_on`.

    codes: int8, `low` and `high` the offsets of the first token's, `width` from one token to the next. tiles: weights
    as _lay_out has them, from offset `first` on. sums: from offset `place` on.
    """
    signature = types.void(
        codes, types.int64, types.int64, types.int64, tiles, types.int64, types.int64, sums, types.int64, types.boolean
    )

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        codes, low, high, width, tiles, first, steps, sums, place, goes_on = arguments
        kinds = signature.args

        def move_sums(instruction: str) -> None:
            for tile in range(4):
                offset = builder.add(place, ir.Constant(_i64, tile * TILE * TILE))
                at = pointer_to(context, builder, kinds[7], sums, offset, _i8)
                _call(builder, instruction, [_tile(tile), at, ir.Constant(_i64, 4 * TILE)])

        with builder.if_else(goes_on) as (then, otherwise):
            with then:
                move_sums("tileloadd64")
            with otherwise:
                for tile in range(4):
                    _call(builder, "tilezero", [_tile(tile)])
        with cgutils.for_range(builder, steps) as loop:
            along = builder.mul(loop.index, ir.Constant(_i64, STEP))
            for tile, offset in ((_LOW, low), (_HIGH, high)):
                at = pointer_to(context, builder, kinds[0], codes, builder.add(offset, along), _i8)
                _call(builder, "tileloadd64", [_tile(tile), at, width])
            base = builder.add(first, builder.mul(loop.index, ir.Constant(_i64, ROWS * STEP)))
            for tile, offset in ((_FIRST, 0), (_SECOND, TILE * STEP)):
                at = pointer_to(context, builder, kinds[4], tiles, builder.add(base, ir.Constant(_i64, offset)), _i8)
                _call(builder, "tileloadd64", [_tile(tile), at, ir.Constant(_i64, STEP)])
            for tile, (left, right) in enumerate(((_LOW, _FIRST), (_HIGH, _FIRST), (_LOW, _SECOND), (_HIGH, _SECOND))):
                _call(builder, "tdpbssd", [_tile(tile), _tile(left), _tile(right)])
        move_sums("tilestored64")
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _store_scaled(
    typing: Any, sums: Any, place: Any, tokens: Any, x_scales: Any, token: Any, w_scale: Any, bias: Any, row: Any,
    out: Any, width: Any,
) -> Any:  # fmt: skip
    """out[token + t, row : row + 32] of the first `tokens` tokens t, from the sums of their low and high codes.

    x_scales: one a token; w_scale, bias: one a row of the weight; width: columns of `out`.
    """
    signature = types.void(
        sums, types.int64, types.int64, x_scales, types.int64, w_scale, bias, types.int64, out, types.int64
    )  # fmt: skip

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        sums, place, tokens, x_scales, token, w_scale, bias, row, out, width = arguments
        words, floats = ir.VectorType(_i32, TILE), ir.VectorType(_f32, TILE)

        def vector(index: int, array: Any, offset: Any, kind: ir.Type) -> Any:
            return load_vector(builder, pointer_to(context, builder, signature.args[index], array, offset, _i8), kind)

        for half in range(2):
            column = builder.add(row, ir.Constant(_i64, half * TILE))
            scales, biases = vector(5, w_scale, column, floats), vector(6, bias, column, floats)
            with cgutils.for_range(builder, tokens) as loop:
                line = builder.add(place, builder.mul(loop.index, ir.Constant(_i64, TILE)))
                low, high = (
                    builder.sitofp(
                        vector(0, sums, builder.add(line, ir.Constant(_i64, tile * TILE * TILE)), words), floats
                    )
                    for tile in (2 * half, 2 * half + 1)
                )
                own = vector(3, x_scales, builder.add(token, loop.index), _f32)
                total = builder.fadd(low, builder.fmul(high, ir.Constant(floats, [256.0] * TILE)), flags=("contract",))
                total = builder.fmul(builder.fmul(total, splat(builder, own, TILE)), scales)
                total = builder.fadd(total, biases, flags=("contract",))
                cell = builder.add(builder.mul(builder.add(token, loop.index), width), column)
                at = pointer_to(context, builder, signature.args[8], out, cell, floats)
                builder.store(total, at).align = 4
        return context.get_dummy_value()

    return signature, codegen


def _laid_out(taken: int) -> Any:
    """`taken` elements of 16 rows of weights as a tile: 16 rows of four elements of each, 32-bit words transposed."""

    def typed(typing: Any, weight: Any, offset: Any, width: Any, tiles: Any, first: Any) -> Any:
        return types.void(weight, types.int64, types.int64, tiles, types.int64), codegen

    def codegen(context: Any, builder: ir.IRBuilder, signature: Any, arguments: Any) -> Any:
        weight, offset, width, tiles, first = arguments
        words = ir.VectorType(_i32, TILE)
        rows = []
        for row in range(TILE):
            start = builder.add(offset, builder.mul(width, ir.Constant(_i64, row)))
            at = pointer_to(context, builder, signature.args[0], weight, start, _i8)
            value = load_vector(builder, at, ir.VectorType(_i32, taken // 4))
            if taken < STEP:
                zeros = ir.Constant(value.type, None)
                value = builder.shuffle_vector(value, zeros, ir.Constant(words, list(range(TILE))))
            rows.append(value)
        for distance in (1, 2, 4, 8):
            for row in range(TILE):
                if row & distance == 0:
                    upper, lower = rows[row], rows[row + distance]
                    left = [c if c & distance == 0 else TILE + c - distance for c in range(TILE)]
                    right = [c + distance if c & distance == 0 else TILE + c for c in range(TILE)]
                    mask = ir.VectorType(_i32, TILE)
                    rows[row] = builder.shuffle_vector(upper, lower, ir.Constant(mask, left))
                    rows[row + distance] = builder.shuffle_vector(upper, lower, ir.Constant(mask, right))
        for row, value in enumerate(rows):
            place = builder.add(first, ir.Constant(_i64, row * STEP))
            at = pointer_to(context, builder, signature.args[3], tiles, place, words)
            builder.store(value, at).align = 1
        return context.get_dummy_value()

    return intrinsic(typed)


_lay_out, _lay_out_half = _laid_out(STEP), _laid_out(HALF_STEP)


def tile_shapes(tokens: int) -> NDArray[np.uint8]:
    """The unit's configuration for tiles of so many tokens, 16 at most."""
    shapes = np.zeros(64, np.uint8)
    shapes[0] = 1
    shapes[16:32:2] = STEP
    shapes[48:56] = tokens
    shapes[48 + _FIRST] = shapes[48 + _SECOND] = TILE
    return shapes


@njit(cache=True, error_model="numpy", parallel=True, nogil=True)
def multiply_rows(
    codes: Int8s,
    x_scales: Floats,
    weight: Int8s,
    w_scale: Floats,
    bias: Floats,
    out: Floats,
    whole: NDArray[np.uint8],
    rest: NDArray[np.uint8],
    rows_of_a_job: int,
) -> None:
    """codes (2n, i) of fused.quantize_rows times weight (o, i) -> out (n, o); i and o are multiples of 32.

    HALF_STEP bytes behind the codes are read, and count nothing, where i is no multiple of 64. whole, rest: tile_shapes
    of 16 tokens and of those that are left at the end.
    """
    n, outputs = out.shape
    width = weight.shape[1]
    steps = (width + HALF_STEP) // STEP
    pair = ROWS * steps * STEP
    jobs = (outputs + rows_of_a_job - 1) // rows_of_a_job
    for job in prange(jobs):
        start = job * rows_of_a_job
        end = min(outputs, start + rows_of_a_job)
        pairs = (end - start) // ROWS
        tiles = np.empty(pairs * pair, np.int8)
        sums = np.empty(pairs * 4 * TILE * TILE, np.int32)
        for tile in range(2 * pairs):
            for step in range(steps):
                source = (start + tile * TILE) * width + step * STEP
                target = (tile // 2) * pair + step * ROWS * STEP + (tile % 2) * TILE * STEP
                if (step + 1) * STEP <= width:
                    _lay_out(weight.reshape(-1), source, width, tiles, target)
                else:
                    _lay_out_half(weight.reshape(-1), source, width, tiles, target)
        _configure(whole)
        for first in range(0, n, TILE):
            tokens = min(TILE, n - first)
            if tokens < TILE:
                _configure(rest)
            # A part of the tokens' codes stays in the first cache while all weights of the job pass by.
            for part in range(0, steps, PART_STEPS):
                taken = min(PART_STEPS, steps - part)
                for number in range(pairs):
                    _multiply_tiles(
                        codes.reshape(-1),
                        first * width + part * STEP,
                        (n + first) * width + part * STEP,
                        width,
                        tiles,
                        number * pair + part * ROWS * STEP,
                        taken,
                        sums,
                        number * 4 * TILE * TILE,
                        part > 0,
                    )
            for number in range(pairs):
                _store_scaled(
                    sums, number * 4 * TILE * TILE, tokens, x_scales, first, w_scale, bias, start + number * ROWS,
                    out.reshape(-1), outputs,
                )  # fmt: skip
        _release()


def rows_of_a_job(outputs: int, width: int, threads: int) -> int:
    """Rows of the weight for one job: as many as stay in the cache, and few enough for every thread to get some."""
    fitting = max(1, _BLOCK_BYTES // (ROWS * width))
    shared = -(-outputs // (ROWS * threads))
    return ROWS * max(1, min(fitting, shared))
