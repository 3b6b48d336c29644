"""How good the program's work is: what it finds, what it answers, what it summarises.

    python -m benchmarks.quality retrieval [DATA_DIR]
    python -m benchmarks.quality answers [DATA_DIR] [--half tune|report] [--limit N] [--systems "a;b"]
    python -m benchmarks.quality summaries [DATA_DIR] [--half tune|report] [--limit N] [--systems "a;b"] [--cache DIR]
    python -m benchmarks.quality table

Each writes a file in benchmarks/results (quality_retrieval.json ...); `table` prints them as the Markdown tables of
docs/quality.md. What is measured, and on what, stands in quality_retrieval.py, quality_answers.py and
quality_summaries.py.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.report import DATA


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["retrieval", "answers", "summaries", "table"])
    parser.add_argument("data", nargs="?", type=Path, default=DATA)
    parser.add_argument("--half", choices=["tune", "report"], default="report")
    parser.add_argument("--limit", type=int, help="questions of each set (40), or sections of the half (all)")
    parser.add_argument("--systems", default="", help="names as in the table, separated by semicolons; all by default")
    parser.add_argument("--cache", type=Path, help="folder that keeps each section's scores")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    names = [name.strip() for name in options.systems.split(";") if name.strip()]
    # Imported when they are asked for: each needs other libraries.
    if options.what == "retrieval":
        from benchmarks import quality_retrieval

        quality_retrieval.run(options.data)
    elif options.what == "answers":
        from benchmarks import quality_answers

        ways = names or quality_answers.WAYS
        quality_answers.run(options.data, options.limit or 40, ways, half=options.half, threads=options.threads)
    elif options.what == "summaries":
        from benchmarks import quality_summaries

        quality_summaries.run(options.data, options.half, options.limit, names, options.cache, options.threads)
    else:
        from benchmarks import quality_answers, quality_retrieval, quality_summaries

        print("\n\n".join(part.table() for part in (quality_retrieval, quality_answers, quality_summaries)))


if __name__ == "__main__":
    main()
