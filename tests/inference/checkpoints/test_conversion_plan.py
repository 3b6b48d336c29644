"""What a conversion will write: tensors, types, files."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from app.inference.checkpoints.conversion_plan import Planned, Way, cut, plan_tensors, shard_name
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.shard_file import Entry
from app.inference.weight_format import WeightFormat
from tests.checkpoints import int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma", vocab_size=400)
GATE = "model.layers.0.mlp_block.gate_proj"
QUERY = "model.layers.2.temporal_block.q_proj"
NORM = "model.final_norm.weight"


def _plan(folder: Path, form: WeightFormat | None, tensors: dict[str, torch.Tensor]) -> dict[str, Planned]:
    write_checkpoint(folder, RAW, tensors)
    return {one.name: one for one in plan_tensors(open_checkpoint(folder), form, 32)}


def _types(planned: Planned) -> list[tuple[str, str, tuple[int, ...]]]:
    return [(entry.name, entry.dtype, entry.shape) for entry in planned.entries]


def test_int8(tmp_path: Path) -> None:
    """Matrices become rows of codes with a scale each, everything else stays."""
    plan = _plan(tmp_path, WeightFormat.INT8, random_tensors(RAW))
    assert _types(plan[f"{GATE}.weight"]) == [
        (f"{GATE}.weight", "I8", (64, 32)),
        (f"{GATE}.weight_scale", "F32", (64,)),
    ]
    assert plan[f"{GATE}.weight"].source_bytes == 64 * 32 * 4
    assert {plan[name].way for name in (NORM, f"{GATE}.bias")} == {Way.KEPT}


def test_int4(tmp_path: Path) -> None:
    """Groups for most matrices, whose biases move; int8 rows for the others."""
    plan = _plan(tmp_path, WeightFormat.INT4, random_tensors(RAW))
    assert _types(plan[f"{GATE}.weight"]) == [
        (f"{GATE}.weight", "U8", (64, 16)),
        (f"{GATE}.weight_scale", "BF16", (64, 1)),
        (f"{GATE}.weight_offset", "BF16", (64, 1)),
    ]
    assert _types(plan[f"{GATE}.bias"]) == [(f"{GATE}.bias", "F32", (64,))]
    assert (plan[f"{GATE}.bias"].way, plan[f"{QUERY}.weight"].way) == (Way.MOVED, Way.INT8)


def test_int8_rows_stay_in_an_int4_model(tmp_path: Path) -> None:
    """What is int8 in the source and not int4 in the result is not rounded again."""
    plan = _plan(tmp_path, WeightFormat.INT4, int8_tensors(random_tensors(RAW)))
    assert (plan[f"{QUERY}.weight"].way, plan[f"{GATE}.weight"].way) == (Way.INT8_KEPT, Way.INT4)


def test_bfloat16(tmp_path: Path) -> None:
    """Every tensor; what is bfloat16 already stays."""
    tensors = random_tensors(RAW)
    tensors[NORM] = tensors[NORM].bfloat16()
    plan = _plan(tmp_path, WeightFormat.BFLOAT16, tensors)
    assert {entry.dtype for one in plan.values() for entry in one.entries} == {"BF16"}
    assert (plan[NORM].way, plan[f"{GATE}.bias"].way) == (Way.KEPT, Way.BFLOAT16)


def test_as_it_is(tmp_path: Path) -> None:
    """Scales go along; what is no tensor of the model, such as the head's copy, does not."""
    tensors = int8_tensors(random_tensors(RAW))
    plan = _plan(tmp_path, None, {**tensors, "lm_head.weight": torch.zeros(400, 32)})
    assert {entry.name for one in plan.values() for entry in one.entries} == set(tensors)


BLOCKS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 40)), min_size=1, max_size=20)


@given(blocks=BLOCKS, most=st.integers(1, 60), whole=st.booleans())
def test_files_hold_no_more_than_they_may(blocks: list[tuple[int, int]], most: int, whole: bool) -> None:
    """All tensors in order; a file goes beyond only by one tensor, or by one block that must stay whole."""
    planned = [
        Planned(f"model.layers.{block}.t{n}", Way.KEPT, size, (Entry("t", "I8", (size,)),))
        for n, (block, size) in enumerate(sorted(blocks))
    ]
    files = cut(planned, most=most, whole_blocks=whole)
    assert [one for file in files for one in file] == planned
    for file in files:
        units = {one.block if whole else one.name for one in file}
        assert sum(one.nbytes for one in file) <= most or len(units) == 1
    if whole:
        assert sum(len({one.block for one in file}) for file in files) == len({one.block for one in planned})


@pytest.mark.parametrize(("name", "block"), [(f"{GATE}.bias", "0"), (NORM, NORM)])
def test_the_block_of_a_tensor(name: str, block: str) -> None:
    """Its number; what is outside all blocks is a block of its own."""
    assert Planned(name, Way.KEPT, 0, ()).block == block


def test_names_of_files() -> None:
    """As Hugging Face counts them."""
    assert shard_name(2, 13) == "model-00002-of-00013.safetensors"
