"""Products with a weight matrix for few rows, where reading the weights is the cost; what stands around them fused in.

Before the product an RMS norm, after it one of the ways in which a block goes on (see the constants). Weights are
floats, int8 rows or int4 groups (see linear.py) and are turned into floats tile by tile.
"""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.common import activate, announce, prefetch, soft_cap, wait_for_inputs

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
def _float_tile(codes, row, column, width, inside):
    return tl.load(codes + row.to(tl.int64)[:, None] * width + column[None, :], mask=inside, other=0)


@triton.jit
def _group_tile(codes, scale, offset, row, group_index, width, inside, group: tl.constexpr):
    """Low and high halves (rows, groups, group / 2) of a tile of int4 groups, scales and offsets (rows, groups, 1)."""
    half: tl.constexpr = group // 2
    r = row.to(tl.int64)
    byte = group_index[:, None] * half + tl.arange(0, half)[None, :]
    packed = tl.load(codes + r[:, None, None] * (width // 2) + byte[None, :, :], mask=inside[:, :, None], other=0)
    at = r[:, None] * (width // group) + group_index[None, :]
    s = tl.load(scale + at, mask=inside, other=0.0).to(tl.float32)[:, :, None]
    o = tl.load(offset + at, mask=inside, other=0.0).to(tl.float32)[:, :, None]
    return _as_float(packed & 15), _as_float(packed >> 4), s, o


@triton.jit
def _group_input(x, gain, m, group_index, width, in_batch, in_groups, group: tl.constexpr, normed: tl.constexpr):
    """The inputs of those groups, low and high halves (m, groups, group / 2), and the sums of squares per row."""
    half: tl.constexpr = group // 2
    element = group_index[:, None] * group + tl.arange(0, half)[None, :]
    at = m[:, None, None] * width + element[None, :, :]
    inside = in_batch[:, None, None] & in_groups[None, :, None]
    low = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    high = tl.load(x + at + half, mask=inside, other=0.0).to(tl.float32)
    squares = tl.zeros((low.shape[0],), tl.float32)
    if normed:
        squares += tl.sum(tl.sum(low * low + high * high, axis=2), axis=1)
        low *= tl.load(gain + element, mask=in_groups[:, None], other=0.0)[None, :, :]
        high *= tl.load(gain + element + half, mask=in_groups[:, None], other=0.0)[None, :, :]
    return low, high, squares


@triton.jit
def _prefetch_rows(codes, row, rows, bytes_per_row, block_lines: tl.constexpr):
    """Bring the first lines of these rows into the L2 cache."""
    line = tl.minimum(tl.arange(0, block_lines) * 128, bytes_per_row - 1)
    base = codes.to(tl.pointer_type(tl.int8)) + tl.minimum(row, rows - 1).to(tl.int64)[:, None] * bytes_per_row
    prefetch(base + line[None, :])


@triton.jit
def _multiply(x, w, total, one: tl.constexpr, exact: tl.constexpr):
    """Add x (m, k) times w (n, k) to total: (m, n), or (n, k) still to be summed over k for one row."""
    if one:
        total += _as_float(w) * x
    elif exact:
        total += tl.dot(x, tl.trans(w.to(tl.float32)), input_precision="ieee")
    else:
        total = tl.dot(x.to(tl.bfloat16), tl.trans(w.to(tl.bfloat16)), total)
    return total


@triton.jit
def _multiply_groups(
    low_x, high_x, low, high, s, o, total, rows: tl.constexpr, columns: tl.constexpr, one: tl.constexpr,
    exact: tl.constexpr,
):  # fmt: skip
    """As _multiply, for halves of int4 groups; `total` of one row is (rows, groups)."""
    if one:
        products = tl.sum(low * low_x + high * high_x, axis=2)
        total += tl.sum(s, axis=2) * products + tl.sum(o, axis=2) * tl.sum(low_x + high_x, axis=2)
    else:
        m: tl.constexpr = low_x.shape[0]
        low_w, high_w = tl.reshape(low * s + o, (rows, columns)), tl.reshape(high * s + o, (rows, columns))
        total = _multiply(tl.reshape(low_x, (m, columns)), low_w, total, one, exact)
        total = _multiply(tl.reshape(high_x, (m, columns)), high_w, total, one, exact)
    return total


@triton.jit
def _input(x, gain, x_at, column, x_inside, k_inside, normed: tl.constexpr):
    """A tile of inputs times the norm's gain, and the sum of the inputs' squares per row; float32."""
    value = tl.load(x + x_at, mask=x_inside, other=0.0).to(tl.float32)
    squares = tl.sum(value * value, axis=1) if normed else tl.zeros((value.shape[0],), tl.float32)
    if normed:
        value *= tl.load(gain + column, mask=k_inside, other=0.0)[None, :]
    return value, squares


@triton.jit
def _finish(total, scale, row, in_rows, form: tl.constexpr, one: tl.constexpr):
    """The sums as (m, n) with the rows' scales and without the bias."""
    y = tl.sum(total, axis=1)[None, :] if one else total
    if form == INT8_ROWS:
        y *= tl.load(scale + row, mask=in_rows, other=0.0)[None, :]
    return y


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
    batch,
    rows,
    width,
    row_bytes,
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
    exact: tl.constexpr,
    block_m: tl.constexpr,
    block_n: tl.constexpr,
    block_k: tl.constexpr,
    stages: tl.constexpr,
    ahead: tl.constexpr,
    dependent: tl.constexpr,
):
    """x (b, i) times weight (o, i), and weight2 where `twice` -> out (b, o); see the module and its constants.

    block_m is 1 (one row: multiply and add) or 16 and more (matrix units). block_k counts bytes in int4 groups.
    tail (b, taps - 1, o) moves on by one token in place.
    """
    one: tl.constexpr = block_m == 1
    announce(dependent)
    row = tl.program_id(0) * block_n + tl.arange(0, block_n)
    in_rows = row < rows
    if dependent and ahead > 0:
        # Weights depend on no kernel: they are under way while the one before ends.
        _prefetch_rows(weight, row, rows, row_bytes, ahead)
        if twice:
            _prefetch_rows(weight2, row, rows, row_bytes, ahead)
    wait_for_inputs(dependent)
    m = tl.program_id(1) * block_m + tl.arange(0, block_m)
    in_batch = m < batch
    packed: tl.constexpr = form == INT4_GROUPS
    half: tl.constexpr = group // 2
    groups: tl.constexpr = block_k // half
    lanes: tl.constexpr = groups if packed else block_k
    total = tl.zeros((block_n, lanes) if one else (block_m, block_n), tl.float32)
    total2 = tl.zeros((block_n, lanes) if one else (block_m, block_n), tl.float32)
    squares = tl.zeros((block_m,), tl.float32)
    if packed:
        for start in tl.range(0, width // group, groups, num_stages=stages):
            index = start + tl.arange(0, groups)
            in_groups = index < width // group
            inside = in_rows[:, None] & in_groups[None, :]
            low_x, high_x, more = _group_input(x, gain, m, index, width, in_batch, in_groups, group, normed)
            squares += more
            low, high, s, o = _group_tile(weight, scale, offset, row, index, width, inside, group)
            total = _multiply_groups(low_x, high_x, low, high, s, o, total, block_n, block_k, one, exact)
            if twice:
                low, high, s, o = _group_tile(weight2, scale2, offset2, row, index, width, inside, group)
                total2 = _multiply_groups(low_x, high_x, low, high, s, o, total2, block_n, block_k, one, exact)
    else:
        for start in tl.range(0, width, block_k, num_stages=stages):
            column = start + tl.arange(0, block_k)
            in_columns = column < width
            inside = in_rows[:, None] & in_columns[None, :]
            at = m[:, None] * width + column[None, :]
            value, more = _input(x, gain, at, column, in_batch[:, None] & in_columns[None, :], in_columns, normed)
            squares += more
            total = _multiply(value, _float_tile(weight, row, column, width, inside), total, one, exact)
            if twice:
                total2 = _multiply(value, _float_tile(weight2, row, column, width, inside), total2, one, exact)
    y = _finish(total, scale, row, in_rows, form, one)
    norm = tl.rsqrt(squares / width + eps)[:, None]
    if normed:
        y *= norm
    if has_bias:
        y += tl.load(bias + row, mask=in_rows, other=0.0).to(tl.float32)[None, :]
    inside = in_batch[:, None] & in_rows[None, :]
    at = m.to(tl.int64)[:, None] * rows + row[None, :]
    if twice:
        y2 = _finish(total2, scale2, row, in_rows, form, one)
        if normed:
            y2 *= norm
        if has_bias:
            y2 += tl.load(bias2 + row, mask=in_rows, other=0.0).to(tl.float32)[None, :]
    if after == ADD:
        y += tl.load(out + at, mask=inside, other=0.0).to(tl.float32)
    if after == GATE:
        y = activate(y, silu) * y2
    if after == CAP:
        y = soft_cap(y, cap)
    if after == CONVOLVE:
        tl.store(out2 + at, activate(y2, silu).to(out2.dtype.element_ty), mask=inside)
        newest = y.to(tail.dtype.element_ty)
        y = newest.to(tl.float32) * tl.load(conv_weight + (taps - 1) * rows + row, mask=in_rows, other=0.0)[None, :]
        y += tl.load(conv_bias + row, mask=in_rows, other=0.0)[None, :]
        for tap in tl.static_range(taps - 1):
            slot = tail + (m.to(tl.int64)[:, None] * (taps - 1) + tap) * rows + row[None, :]
            older = tl.load(slot, mask=inside, other=0.0).to(tl.float32)
            y += older * tl.load(conv_weight + tap * rows + row, mask=in_rows, other=0.0)[None, :]
        for tap in tl.static_range(taps - 1):
            slot = tail + (m.to(tl.int64)[:, None] * (taps - 1) + tap) * rows + row[None, :]
            if tap == taps - 2:
                tl.store(slot, newest, mask=inside)
            else:
                tl.store(slot, tl.load(slot + rows, mask=inside, other=0.0), mask=inside)
    tl.store(out + at, y.to(out.dtype.element_ty), mask=inside)


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
