"""The devices by name, and what holds for each of them. No torch here: services speak of devices too."""

from __future__ import annotations

from collections.abc import Mapping

DEVICES = ("auto", "cpu", "cuda", "mps")

CHUNK_TOKENS: Mapping[str, int] = {"cpu": 512, "cuda": 4096, "mps": 512}
"""Tokens read in one forward pass, by torch's name of the device type: long enough for full matrix speed, short enough
to cancel within a second."""


def words_for(device: str) -> str:
    """The device in a sentence."""
    return {"cpu": "this machine", "cuda": "the GPU", "mps": "the GPU"}.get(device, f"the device {device}")
