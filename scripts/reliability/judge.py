"""Has the outside scorers judge every reading, and prints one JSON object a line: what was said, and whether it was right.

  judge.py SCORERS SOTTO DATA
"""
import json
import sys
from collections import defaultdict

folder, command, data = sys.argv[1:]
sys.path.insert(0, folder)
sys.dont_write_bytecode = True

import coffee  # noqa: E402
import food  # noqa: E402
import intents  # noqa: E402
import questions  # noqa: E402
from common import Sotto, acts  # noqa: E402


class Batch:
    """The messages of one call, with their readings and how often each was found wrong."""

    def __init__(self, lines, readings):
        self.texts = [json.loads(line)["text"] for line in lines]
        self.readings, self.wrong, self.at = readings, defaultdict(float), defaultdict(list)
        for i, text in enumerate(self.texts):
            self.at[text].append(i)

    def blame(self, text, got):
        """Marks a line as wrong. Where several lines have this text and this reading, each bears its share."""
        lines = self.at[text]
        same = [i for i in lines if self.readings[i].get("actions") == got] or lines
        for i in same:
            self.wrong[i] = min(1, self.wrong[i] + 1 / len(same))


class Judged(Sotto):
    """Keeps what the scorers ask, hear and find wrong."""

    def __init__(self, command):
        super().__init__(command)
        self.open = []

    def _batch(self, verb, args, catalog, lines):
        out = super()._batch(verb, args + ["--signs"], catalog, lines)
        self.open.append(Batch(lines, out))
        return out

    def wrong(self, name, text, gold, got):
        self.open[-1].blame(text, got)


def main():
    sotto = Judged(command)
    for scorer in (food, coffee, questions, intents):
        for row in scorer.rows(sotto, data, data):
            for batch in sotto.open:
                for i, r in enumerate(batch.readings):
                    print(json.dumps({"set": row.set, "right": 1 - batch.wrong[i], "confidence": r.get("confidence", 0),
                                      "read": bool(r.get("actions")), "asks": bool(r.get("asks")),
                                      "acts": acts(r.get("actions") or []),
                                      "signs": r.get("signs") or {}}))
            sotto.open = []
    for crash in sotto.crashes:
        print(crash, file=sys.stderr)
    sys.exit(1 if sotto.crashes else 0)


main()
