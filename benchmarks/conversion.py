"""What converting a large model takes: time and memory.

    python -m benchmarks.conversion [PART ...] [--work DIR] [--sources DIR] [--threads 2]

| part      | what it measures                                                                                      |
|-----------|-------------------------------------------------------------------------------------------------------|
| int8-2b   | the whole 2B, random bfloat16 weights in Hugging Face's shards, to int8: rate and memory              |
| int8-9b   | the whole 9B likewise                                                                                  |
| int4-9b   | one recurrent block of the 9B's size (the larger kind) with the whole embedding to int4: blocks come  |
|           | one after the other, so more of them take more time and no more memory                                |
| resume-2b | the 2B to int8, killed half-way and gone on with: the bytes that were made twice                      |

Rates are bytes of the source's tensors a second, and their ratio to copying the same bytes on the same disk, both ends
flushed, in the same run. Memory is looked at every 20 ms: what the process has as its own (RssAnon), and all that is
resident, mapped pages of the source included. Linux only. Files of up to 18 GB are written into --work and deleted,
but for 2b-bf16 and 9b-bf16 that lie in --sources before.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from app.inference.bench.machine import machine
from app.inference.checkpoints.conversion_report import ConversionProgress
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.compiled import load_compiled
from app.inference.config import BlockType
from app.inference.ops import TorchOps
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from benchmarks.checkpoint_files import TOKENIZER_FILES, huggingface_folder, published_config
from benchmarks.report import RESULTS, ROOT, STARTER, keep_part
from benchmarks.synthetic_folder import write_weights

PARTS = ("int8-2b", "int8-9b", "int4-9b", "resume-2b")
SAMPLE = ROOT / "resources" / "sample" / "forests-and-waters.txt"
CACHE = ROOT / "benchmarks" / ".cache"
COPY_BYTES = 2 << 30
LOOK_S = 0.02
KILLED_AT = 0.5


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--work", type=Path, default=CACHE / "conversion")
    parser.add_argument("--sources", type=Path, help="where 2b-bf16 and 9b-bf16 may be already")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", nargs=3, metavar=("SOURCE", "TARGET", "FORM"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    torch.set_num_threads(options.threads)
    if options.child:
        convert(*options.child)
        return
    options.work.mkdir(parents=True, exist_ok=True)
    for part in options.parts or PARTS:
        source, is_ours = source_of(part, options.work, options.sources)
        try:
            measure = resumed if part == "resume-2b" else measured
            form = "int4" if part.startswith("int4") else "int8"
            figures = {"machine": machine(), **measure(source, options.work / f"out-{part}", form, options.threads)}
        finally:
            if is_ours:
                shutil.rmtree(source, ignore_errors=True)
        print(part, json.dumps(figures, indent=1))
        keep_part(RESULTS / "conversion.json", part, figures, PARTS)


def source_of(part: str, work: Path, given: Path | None) -> tuple[Path, bool]:
    """The folder to convert, and whether it was made for this."""
    folder = work / f"in-{part}"
    if part == "int4-9b":
        return one_block(folder), True
    if given is not None and (given / f"{part[-2:]}-bf16").is_dir():
        return given / f"{part[-2:]}-bf16", False
    return huggingface_folder(folder, part[-2:], WeightFormat.BFLOAT16), True


def one_block(folder: Path) -> Path:
    """A model of the 9B's widths with one recurrent block."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    config = replace(preset("9b"), block_types=(BlockType.RECURRENT,))
    write_weights(folder, SyntheticSource(config, WeightFormat.BFLOAT16))
    raw = published_config("9b", torch.bfloat16) | {"num_hidden_layers": 1, "block_types": ["recurrent"]}
    (folder / "config.json").write_text(json.dumps(raw), encoding="utf-8")
    for name in TOKENIZER_FILES:
        shutil.copy(STARTER / name, folder)
    return folder


def convert(source: str, target: str, form: str) -> None:
    """The child: convert, and print what there is to tell."""
    ops = (load_compiled(CACHE) if form == "int4" else None) or TorchOps()
    began, cpu = time.perf_counter(), time.process_time()
    at: dict[str, float] = {}
    bytes_in = 0

    def told(progress: ConversionProgress) -> None:
        nonlocal bytes_in
        at.setdefault(progress.stage, time.perf_counter() - began)
        bytes_in = progress.total_bytes if progress.stage == "converting" else bytes_in
        print(json.dumps({"done": progress.done_bytes, "stage": progress.stage}), file=sys.stderr)

    made = convert_checkpoint(
        Path(source),
        Path(target),
        WeightFormat(form),
        ops=ops,
        calibration_text=SAMPLE.read_text(encoding="utf-8"),
        on_progress=told,
    )
    seconds = time.perf_counter() - began
    print(
        json.dumps(
            {
                "bytes_in": bytes_in,
                "bytes_out": made.nbytes,
                "seconds": round(seconds, 1),
                "seconds_converting": round(at.get("checking", seconds), 1),
                "cpu_seconds": round(time.process_time() - cpu, 1),
                "went_on_bytes": made.went_on,
                "calibration_tokens": made.calibration_tokens,
                "matrices": len(made.matrices),
                "largest_error": round(max(one.largest_error for one in made.matrices), 5),
            }
        )
    )


def measured(source: Path, target: Path, form: str, threads: int) -> dict[str, Any]:
    """A whole conversion."""
    copy = copy_rate(source, target.parent)
    try:
        facts, memory = apart(source, target, form, threads)
    finally:
        shutil.rmtree(target, ignore_errors=True)
    rate = facts["bytes_in"] / facts["seconds"] / 1e6
    return {
        **facts,
        "mb_per_second": round(rate, 1),
        "mb_per_second_converting": round(facts["bytes_in"] / facts["seconds_converting"] / 1e6, 1),
        "copy_mb_per_second": round(copy, 1),
        "share_of_copy_rate": round(rate / copy, 3),
        **memory,
    }


def resumed(source: Path, target: Path, form: str, threads: int) -> dict[str, Any]:
    """A conversion that is killed half-way, and the one that goes on with it."""
    total = sum(path.stat().st_size for path in source.glob("*.safetensors"))
    try:
        apart(source, target, form, threads, killed_at=KILLED_AT * total)
        facts, memory = apart(source, target, form, threads)
    finally:
        shutil.rmtree(target, ignore_errors=True)
    del facts["seconds_converting"]  # it begins with a check of what is there
    return {**facts, "killed_at_bytes": round(KILLED_AT * total), **memory}


def apart(
    source: Path, target: Path, form: str, threads: int, *, killed_at: float | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Convert in a process of its own: what it tells, and its peaks of memory."""
    command = [sys.executable, "-m", "benchmarks.conversion", "--threads", str(threads)]
    command += ["--child", str(source), str(target), form]
    log = target.with_suffix(".log")
    peaks: dict[str, int] = {}
    with (
        log.open("w") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=os.environ | {"OMP_NUM_THREADS": str(threads)}
        ) as process,
    ):
        while process.poll() is None:
            look(process.pid, peaks)
            if killed_at is not None and last_done(log) >= killed_at:
                process.send_signal(signal.SIGKILL)
            time.sleep(LOOK_S)
        assert process.stdout is not None
        told = process.stdout.read()
    if process.returncode == -signal.SIGKILL and killed_at is not None:
        return {}, {}
    if process.returncode:
        raise SystemExit(log.read_text()[-2000:])
    log.unlink()
    return json.loads(told), {f"peak_{name}_mib": round(nbytes / 2**20, 1) for name, nbytes in peaks.items()}


def look(pid: int, peaks: dict[str, int]) -> None:
    """Take the process's resident bytes into the peaks."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return
    for key, name in {"RssAnon": "own", "VmRSS": "resident"}.items():
        for line in lines:
            if line.startswith(key):
                peaks[name] = max(peaks.get(name, 0), int(line.split()[1]) * 1024)


def last_done(log: Path) -> int:
    """Bytes that a running conversion said were done."""
    lines = log.read_text().splitlines()
    for line in reversed(lines[:-1]):
        if line.startswith("{"):
            return int(json.loads(line)["done"])
    return 0


def copy_rate(source: Path, work: Path) -> float:
    """MB a second of copying files of the source to the disk that is written, flushed, as the source itself is read."""
    copied, began = 0, time.perf_counter()
    target = work / "copied"
    try:
        with target.open("wb") as out:
            for path in sorted(source.glob("*.safetensors")):
                with path.open("rb") as stream:
                    while copied < COPY_BYTES and (block := stream.read(4 << 20)):
                        out.write(block)
                        copied += len(block)
            out.flush()
            os.fsync(out.fileno())
        return copied / (time.perf_counter() - began) / 1e6
    finally:
        target.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
