"""How well replies are judged: missed emergencies, false alarms, what would be hidden, and how long one reply takes.

Two sets: the frozen one, written before the rules, which the rules have to pass; and later rounds in unusual words, of
which the share recognised at first sight (before anything was learnt from them) says what to expect from a new one."""

import sys
from collections import Counter
from pathlib import Path
from time import perf_counter

from bot.triage import Triage, Triaged
from bot.triage_labels import Route
from tests.bot.triage_samples import Sample, later, samples

CONFIG = Path(__file__).resolve().parents[1] / "config" / "triage"
FALSE_AT_MOST = 0.03
MILLISECONDS_AT_MOST = 20.0
Judged = list[tuple[Sample, Triaged]]


def judged(rules: Triage, of: tuple[Sample, ...]) -> Judged:
    """Every sample with what the rules say."""
    return [(sample, rules.triage(sample.text, None)) for sample in of]


def missed(table: Judged) -> int:
    return sum(sample.life_risk and not triaged.life_risk for sample, triaged in table)


def false_alarms(table: Judged) -> int:
    return sum(triaged.life_risk and not sample.life_risk for sample, triaged in table)


def risks(table: Judged) -> int:
    return sum(sample.life_risk for sample, _ in table)


def by_language(table: Judged) -> None:
    """Print one line a language."""
    print("language  emergencies  missed  others  false alarms")
    for language in sorted({sample.language for sample, _ in table}):
        of = [row for row in table if row[0].language == language]
        print(f"{language:8}  {risks(of):11}  {missed(of):6}  {len(of) - risks(of):6}  {false_alarms(of):12}")


def by_kind(table: Judged) -> None:
    """Print where each kind goes."""
    print("\nkind        ways taken")
    for kind in sorted({sample.kind for sample, _ in table}):
        ways = Counter(triaged.route.value for sample, triaged in table if sample.kind == kind)
        print(f"{kind:10}  {', '.join(f'{way} {number}' for way, number in ways.most_common())}")


def first_sight() -> None:
    """Print what the rules of the time recognised of each later round."""
    print("\nunusual words, recognised at first sight")
    for name in sorted({sample.sort for sample in later()}):
        of = [sample for sample in later() if sample.sort == name]
        risk = [sample for sample in of if sample.life_risk]
        alarms = sum(sample.first for sample in of if not sample.life_risk)
        print(f"{name}: {sum(s.first for s in risk)} of {len(risk)}; false alarms {alarms} of {len(of) - len(risk)}")


def main() -> int:
    rules = Triage.load(CONFIG)
    started = perf_counter()
    table = judged(rules, samples())
    each = (perf_counter() - started) * 1000 / len(table)
    by_language(table)
    by_kind(table)
    first_sight()
    harsh = [triaged for sample, triaged in table if sample.kind == "criticism"]
    hidden = sum(triaged.ground is not None for triaged in harsh)
    spared = sum(triaged.route is Route.KEPT for triaged in harsh)
    others = len(table) - risks(table)
    rate = false_alarms(table) / others
    print(f"\nmissed emergencies: {missed(table)} of {risks(table)}")
    print(f"false alarms: {false_alarms(table)} of {others} ({rate:.1%})")
    print(f"harsh but lawful: {hidden} of {len(harsh)} with a ground for hiding, {spared} kept from officers")
    print(f"one reply: {each:.2f} ms")
    bad = missed(table) or hidden or rate > FALSE_AT_MOST or each > MILLISECONDS_AT_MOST
    return int(bool(bad) and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
