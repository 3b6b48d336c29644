"""Does the support check tell a document's lines from others'? Real documents, each against every other.

    python -m benchmarks.support [FILES...] [--sample 200] [--seed 1]

From each document a sample of sentences that state something is held against the whole of its own document (all must
be supported) and of every other one (at most 5 % may be). Writes benchmarks/results/support.json.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from datetime import UTC, datetime
from pathlib import Path

from app.documents.prose import is_claim
from app.documents.sentences import sentence_spans
from app.tasks.citations import QuoteIndex, cite, verbatim
from app.worker.reading import load_document

_ROOT = Path(__file__).resolve().parent.parent
_DATA = _ROOT.parent / "shared" / "data"
_FILES = (
    "pdfs/r-doc-pdf__R-intro.pdf",
    "pdfs/freeculture.pdf",
    "pdfs/debian-policy__policy.pdf",
    "pdfs/GeoTopo-komprimiert.pdf",
    "epubs/idpf__moby-dick.epub",
)


def share_supported(lines: list[str], index: QuoteIndex) -> float:
    """Share of the lines that have a quote among the sentences of the index."""
    return round(sum(cite(line, index).supported for line in lines) / len(lines), 4)


def main() -> None:
    """See the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--sample", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_source = random.Random(options.seed)
    indexes: dict[str, QuoteIndex] = {}
    lines: dict[str, list[str]] = {}
    for path in options.files or [_DATA / name for name in _FILES]:
        document = load_document(path)
        index = QuoteIndex(document, sentence_spans(document.text))
        claims = [span for span in index.spans if is_claim(document.text[slice(*span)])]
        sample = random_source.sample(claims, min(options.sample, len(claims)))
        indexes[path.name] = index
        lines[path.name] = [verbatim(document, span).text for span in sample]
    began = time.perf_counter()
    rows = {
        name: {
            "sentences": len(indexes[name].spans),
            "lines": len(lines[name]),
            "supported_by_itself": share_supported(lines[name], indexes[name]),
            "supported_by_others": {
                other: share_supported(lines[name], index) for other, index in indexes.items() if other != name
            },
        }
        for name in indexes
    }
    checks = len(indexes) * sum(len(found) for found in lines.values())
    result = {
        "documents": rows,
        "milliseconds_per_line": round(1000 * (time.perf_counter() - began) / max(1, checks), 3),
        "date": datetime.now(UTC).date().isoformat(),
    }
    target = _ROOT / "benchmarks" / "results" / "support.json"
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1, ensure_ascii=False))


if __name__ == "__main__":
    main()
