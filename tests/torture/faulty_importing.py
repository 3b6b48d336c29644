"""An importing program with faults: what it does with a file stands in the file's name. For tests of the watching."""

import sys


def parse(file: str, nbytes: int, bounded_after_s: float) -> None:
    """A parser that takes its bound late or never: before, it opens a file ('' for none) and takes memory."""
    import resource
    import time
    from contextlib import nullcontext
    from pathlib import Path

    with Path(file).open("rb") if file else nullcontext():
        held = b"\1" * nbytes
        time.sleep(bounded_after_s)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 31, 1 << 31))
        time.sleep(600)
        del held


def main(order: str) -> None:
    """Crash, hang, lose files, and leave things behind."""
    import multiprocessing
    import os
    import signal
    import time
    from pathlib import Path

    from tests.torture.import_lines import Lines, Order

    lines = Lines()
    read = {"how": "read", "code": "", "said": "", "seconds": 0.1}
    for number, file in enumerate(Order.read(Path(order)).files):
        parsers = {"unbounded": ("", 200 << 20, 600.0), "slow": ("", 0, 2.0), "early": (file, 0, 0.5)}
        lines.say("began", number=number)
        name = Path(file).stem
        if name == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if name == "hang":
            time.sleep(600)
        if name in parsers:
            parser = multiprocessing.get_context("spawn").Process(target=parse, args=parsers[name], daemon=True)
            parser.start()
            time.sleep(3.0)
            parser.kill()
        if name == "stray":
            Path(os.environ["TMPDIR"], "left.tmp").write_text("left")
        document = {"pages": 2, "letters": 0 if name == "blank" else 500, "silent": [2] if name == "silent" else []}
        lines.say("ended", number=number, **read | {"how": "lost" if name == "lost" else "read"}, document=document)


if __name__ == "__main__":
    main(sys.argv[2])
