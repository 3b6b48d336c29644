"""How the process's OpenMP threads wait, decided before torch is imported."""

from __future__ import annotations

from collections.abc import MutableMapping


def wait_passively(environ: MutableMapping[str, str]) -> None:
    """Let idle OpenMP threads sleep instead of spin, unless the user has chosen; call it before importing torch.

    A spinning thread wins microseconds on an idle machine and loses its whole time slice, milliseconds, at every
    parallel region when anything else runs: on two busy cores the default read at 30 to 450 tokens a second and
    wrote at 2 to 25, sleeping threads at 410 to 840 and 27 to 47 (docs/decisions.md).
    """
    environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
