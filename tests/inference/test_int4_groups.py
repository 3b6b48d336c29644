"""int4 groups: the layout by hand, there and back."""

import pytest
import torch

from app.inference.int4_groups import Int4Groups, group_size, pack_codes, unpack_codes


def test_layout_by_hand() -> None:
    """Byte j of a group holds element j low and element j + group / 2 high."""
    codes = torch.arange(8, dtype=torch.uint8)[None]
    assert pack_codes(codes, 4).tolist() == [[0 | 2 << 4, 1 | 3 << 4, 4 | 6 << 4, 5 | 7 << 4]]
    assert pack_codes(codes, 8).tolist() == [[0 | 4 << 4, 1 | 5 << 4, 2 | 6 << 4, 3 | 7 << 4]]


@pytest.mark.parametrize("group", [32, 64])
def test_packing_loses_nothing(group: int) -> None:
    """All sixteen codes, there and back."""
    codes = torch.randint(0, 16, (5, 192), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    packed = pack_codes(codes, group)
    assert packed.shape == (5, 96) and packed.is_contiguous()
    assert torch.equal(unpack_codes(packed, group), codes)


def _random(rows: int, columns: int, group: int) -> Int4Groups:
    generator = torch.Generator().manual_seed(1)
    codes = torch.randint(0, 256, (rows, columns // 2), dtype=torch.uint8, generator=generator)
    scale, offset = (torch.randn((rows, columns // group), generator=generator).bfloat16() for _ in range(2))
    return Int4Groups(codes, scale, offset)


@pytest.mark.parametrize("group", [32, 64])
def test_dequantised_by_the_definition(group: int) -> None:
    """scale * code + offset, each of the element's own group."""
    weight = _random(6, 128, group)
    assert weight.group == group
    wide, codes = weight.dequantize(), unpack_codes(weight.codes, group)
    for row, column in [(0, 0), (3, group - 1), (5, group), (5, 127)]:
        scale, offset = (float(part[row, column // group]) for part in (weight.scale, weight.offset))
        assert float(wide[row, column]) == pytest.approx(scale * int(codes[row, column]) + offset, rel=1e-6)
    assert torch.equal(weight.dequantize(slice(2, 4)), wide[2:4])


def test_group_size_by_the_shapes() -> None:
    """0 where rows differ or the groups do not fill them."""
    assert group_size((4, 48), (4, 3)) == 32
    assert group_size((4, 64), (4, 2)) == 64
    assert [group_size((4, 48), shape) for shape in [(3, 3), (4, 7), (4, 0), (4,)]] == [0, 0, 0, 0]
