"""One row times a weight matrix, where reading the weights is the cost; what stands around the product fused in.

Before the product an RMS norm, after it one of the ways in which a block goes on (see the constants). Weights are
floats, int8 rows or int4 groups (see linear.py, int4_groups.py) and are turned into floats tile by tile.
"""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.device_functions import activate, soft_cap

FLOATS, INT8_ROWS, INT4_GROUPS = (tl.constexpr(form) for form in range(3))
STORE, ADD, GATE, CONVOLVE, CAP = (tl.constexpr(after) for after in range(5))
"""out = y; out += y; out = act(y) * y2; out = conv(y), out2 = act(y2); out = cap * tanh(y / cap)."""


@triton.jit
def _as_float(w):
    """float32 of a tile of weights; codes by bits: 2^23 + code is a float whose last bits are the code.

    The conversion instruction runs at an eighth of an addition's rate, and would be the bottleneck.
    """
    if w.dtype == tl.int8:
        bits = (w.to(tl.uint8, bitcast=True) ^ 128).to(tl.uint32) | 0x4B000000
        wide = bits.to(tl.float32, bitcast=True) - 8388736.0
    elif w.dtype == tl.uint8:
        wide = (w.to(tl.uint32) | 0x4B000000).to(tl.float32, bitcast=True) - 8388608.0
    else:
        wide = w.to(tl.float32)
    return wide


@triton.jit
def _add_products(total, x, codes, row, column, width, inside):
    """total (rows, columns) += weights * x, for float weights and int8 codes."""
    w = tl.load(codes + row.to(tl.int64)[:, None] * width + column[None, :], mask=inside, other=0)
    return total + _as_float(w) * x[None, :]


@triton.jit
def _add_group_products(
    total, low_x, high_x, sums, codes, scale, offset, row, index, width, inside, half: tl.constexpr
):
    """total (rows, groups) += the groups' products; x's low and high halves (groups, half), their sums (groups,).

    Scales and offsets enter once a group: sum (s q + o) x = s sum q x + o sum x.
    """
    r = row.to(tl.int64)
    byte = index[:, None] * half + tl.arange(0, half)[None, :]
    packed = tl.load(codes + r[:, None, None] * (width // 2) + byte[None, :, :], mask=inside[:, :, None], other=0)
    products = _as_float(packed & 15) * low_x[None, :, :] + _as_float(packed >> 4) * high_x[None, :, :]
    at = r[:, None] * (width // (2 * half)) + index[None, :]
    s = tl.load(scale + at, mask=inside, other=0.0).to(tl.float32)
    o = tl.load(offset + at, mask=inside, other=0.0).to(tl.float32)
    return total + s * tl.sum(products, axis=2) + o * sums[None, :]


@triton.jit
def project(
    x,
    gain,
    weight,
    scale,
    offset,
    bias,
    weight2,
    scale2,
    offset2,
    bias2,
    out,
    out2,
    conv_weight,
    conv_bias,
    tail,
    rows,
    width,
    eps,
    cap,
    form: tl.constexpr,
    group: tl.constexpr,
    normed: tl.constexpr,
    twice: tl.constexpr,
    after: tl.constexpr,
    has_bias: tl.constexpr,
    silu: tl.constexpr,
    taps: tl.constexpr,
    block_n: tl.constexpr,
    block_k: tl.constexpr,
    stages: tl.constexpr,
):
    """x (i,) times weight (o, i), and weight2 where `twice` -> out (o,); see the module and its constants.

    block_k counts bytes in int4 groups. tail (taps - 1, o) moves on by one token in place.
    """
    row = tl.program_id(0) * block_n + tl.arange(0, block_n)
    in_rows = row < rows
    # What the end needs is asked for at the start, so that it is there by then.
    y = tl.zeros((block_n,), tl.float32)
    y2 = tl.zeros((block_n,), tl.float32)
    row_scale = y
    row_scale2 = y
    if has_bias:
        y = tl.load(bias + row, mask=in_rows, other=0.0).to(tl.float32)
        if twice:
            y2 = tl.load(bias2 + row, mask=in_rows, other=0.0).to(tl.float32)
    if form == INT8_ROWS:
        row_scale = tl.load(scale + row, mask=in_rows, other=0.0)
        if twice:
            row_scale2 = tl.load(scale2 + row, mask=in_rows, other=0.0)
    if after == ADD:
        y += tl.load(out + row, mask=in_rows, other=0.0).to(tl.float32)
    past = tl.zeros((block_n,), tl.float32)
    newest_weight = past
    if after == CONVOLVE:
        past = tl.load(conv_bias + row, mask=in_rows, other=0.0)
        newest_weight = tl.load(conv_weight + (taps - 1) * rows + row, mask=in_rows, other=0.0)
        for tap in tl.static_range(taps - 1):
            older = tl.load(tail + tap * rows + row, mask=in_rows, other=0.0)
            past += older.to(tl.float32) * tl.load(conv_weight + tap * rows + row, mask=in_rows, other=0.0)
            if tap > 0:
                tl.store(tail + (tap - 1) * rows + row, older, mask=in_rows)

    half: tl.constexpr = group // 2
    groups: tl.constexpr = block_k // half
    lanes: tl.constexpr = groups if form == INT4_GROUPS else block_k
    total = tl.zeros((block_n, lanes), tl.float32)
    total2 = tl.zeros((block_n, lanes), tl.float32)
    squares = tl.zeros((lanes,), tl.float32)
    if form == INT4_GROUPS:
        for start in tl.range(0, width // group, groups, num_stages=stages):
            index = start + tl.arange(0, groups)
            in_groups = index < width // group
            inside = in_rows[:, None] & in_groups[None, :]
            element = index[:, None] * group + tl.arange(0, half)[None, :]
            low = tl.load(x + element, mask=in_groups[:, None], other=0.0).to(tl.float32)
            high = tl.load(x + element + half, mask=in_groups[:, None], other=0.0).to(tl.float32)
            if normed:
                squares += tl.sum(low * low + high * high, axis=1)
                low *= tl.load(gain + element, mask=in_groups[:, None], other=0.0)
                high *= tl.load(gain + element + half, mask=in_groups[:, None], other=0.0)
            sums = tl.sum(low + high, axis=1)
            total = _add_group_products(total, low, high, sums, weight, scale, offset, row, index, width, inside, half)
            if twice:
                total2 = _add_group_products(
                    total2, low, high, sums, weight2, scale2, offset2, row, index, width, inside, half
                )
    else:
        for start in tl.range(0, width, block_k, num_stages=stages):
            column = start + tl.arange(0, block_k)
            in_columns = column < width
            inside = in_rows[:, None] & in_columns[None, :]
            value = tl.load(x + column, mask=in_columns, other=0.0).to(tl.float32)
            if normed:
                squares += value * value
                value *= tl.load(gain + column, mask=in_columns, other=0.0)
            total = _add_products(total, value, weight, row, column, width, inside)
            if twice:
                total2 = _add_products(total2, value, weight2, row, column, width, inside)
    norm = tl.rsqrt(tl.sum(squares, axis=0) / width + eps) if normed else 1.0
    product = tl.sum(total, axis=1) * norm
    y += product * row_scale if form == INT8_ROWS else product
    if twice:
        product2 = tl.sum(total2, axis=1) * norm
        y2 += product2 * row_scale2 if form == INT8_ROWS else product2
    if after == GATE:
        y = activate(y, silu) * y2
    elif after == CAP:
        y = soft_cap(y, cap)
    elif after == CONVOLVE:
        tl.store(out2 + row, activate(y2, silu).to(out2.dtype.element_ty), mask=in_rows)
        newest = y.to(tail.dtype.element_ty)
        tl.store(tail + (taps - 2) * rows + row, newest, mask=in_rows)
        y = past + newest.to(tl.float32) * newest_weight
    tl.store(out + row, y.to(out.dtype.element_ty), mask=in_rows)


@triton.jit
def widen(codes, scale, offset, out, width, grouped: tl.constexpr, group: tl.constexpr, block: tl.constexpr):
    """Integer weights as floats, out (o, i); a program takes `block` bytes of a row."""
    row = tl.program_id(1).to(tl.int64)
    column = tl.program_id(0) * block + tl.arange(0, block)
    if grouped:
        half: tl.constexpr = group // 2
        inside = column < width // 2
        packed = tl.load(codes + row * (width // 2) + column, mask=inside, other=0)
        at = row * (width // group) + column // half
        s = tl.load(scale + at, mask=inside, other=0.0).to(tl.float32)
        o = tl.load(offset + at, mask=inside, other=0.0).to(tl.float32)
        place = out + row * width + column // half * group + column % half
        tl.store(place, ((packed & 15).to(tl.float32) * s + o).to(out.dtype.element_ty), mask=inside)
        tl.store(place + half, ((packed >> 4).to(tl.float32) * s + o).to(out.dtype.element_ty), mask=inside)
    else:
        inside = column < width
        value = tl.load(codes + row * width + column, mask=inside, other=0).to(tl.float32) * tl.load(scale + row)
        tl.store(out + row * width + column, value.to(out.dtype.element_ty), mask=inside)
