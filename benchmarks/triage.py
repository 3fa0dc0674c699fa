"""How well replies are judged: missed emergencies, false alarms, what would be hidden, and how long one reply takes.

Three sets: the frozen one, written before the rules, which they have to pass; rounds in unusual words that the rules
learnt from, with what was recognised at first sight; and rounds that nothing was learnt from, for both judges together.
Besides: how long a reply takes from its network to the officer's phone, in the whole program."""

import asyncio
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Final

from benchmarks.bars.report import report
from bot.migrating import upgrade
from bot.settings import share_the_cores
from bot.triage import Triage, Triaged
from bot.triage_labels import About, Route
from bot.triage_model import Model
from bot.triage_union import union
from shifts.database import Database, utc_now
from tests.bot.triage_samples import Sample, later, samples, unseen
from tests.journeys.stage import play, stage_settings
from tests.journeys.test_replies import HARMLESS, published
from tests.journeys.test_triage import quoting

CONFIG: Final = Path(__file__).resolve().parents[1] / "config"
MISSED: Final = "missed emergencies"
FALSE: Final = "false alarms, % of what is no emergency"
UNSEEN: Final = "never learnt from: not seen by the control room, %"
GROUND: Final = "harsh but lawful: with a ground for hiding"
THREAT: Final = "harsh but lawful: called threats"
EACH: Final = "one reply, both judges, ms of one core"
PHONE: Final = "reply to the officer's phone, longest s"
BARS: Final = {MISSED: 0.0, FALSE: 5.0, UNSEEN: 10.0, GROUND: 0.0, THREAT: 0.0, EACH: 15.0, PHONE: 15.0}
"""Of the frozen replies, both judges together, unless it says otherwise."""
ASKED: Final = 6
LOADING: Final = 180.0


@dataclass(frozen=True, slots=True)
class Judges:
    """Both judges, and each by itself."""

    rules: Triage
    model: Model

    def alone(self, sample: Sample) -> Triaged:
        return self.rules.triage(sample.text, None)

    def both(self, sample: Sample) -> Triaged:
        return union(self.alone(sample), self.model.weigh(sample.text), self.rules.bars, self.rules.ways)


Judged = Sequence[tuple[Sample, Triaged]]


def rang(table: Judged, *, risk: bool) -> int:
    return sum(triaged.life_risk for sample, triaged in table if sample.life_risk is risk)


def told(table: Judged, *, risk: bool) -> int:
    """Rang, or the control room was asked to look."""
    return sum(triaged.life_risk or triaged.look for sample, triaged in table if sample.life_risk is risk)


def count(table: Judged, *, risk: bool) -> int:
    return sum(sample.life_risk is risk for sample, _ in table)


def by_language(table: Judged) -> None:
    print("language  emergencies  missed  others  false alarms")
    for language in sorted({sample.language for sample, _ in table}):
        of = [row for row in table if row[0].language == language]
        risks, others = count(of, risk=True), count(of, risk=False)
        print(f"{language:8}  {risks:11}  {risks - rang(of, risk=True):6}  {others:6}  {rang(of, risk=False):12}")


def by_kind(table: Judged) -> None:
    """Print where each kind goes."""
    print("\nkind        ways taken")
    for kind in sorted({sample.kind for sample, _ in table}):
        ways = Counter(triaged.route.value for sample, triaged in table if sample.kind == kind)
        print(f"{kind:10}  {', '.join(f'{way} {number}' for way, number in ways.most_common())}")


def first_sight() -> None:
    """Print what the rules of the time recognised of each later round."""
    print("\nunusual words, recognised by the rules at first sight")
    for name in sorted({sample.sort for sample in later()}):
        of = [sample for sample in later() if sample.sort == name]
        risk = [sample for sample in of if sample.life_risk]
        alarms = sum(sample.first for sample in of if not sample.life_risk)
        print(f"{name}: {sum(s.first for s in risk)} of {len(risk)}; false alarms {alarms} of {len(of) - len(risk)}")


def never_learnt(judges: Judges) -> float:
    """Print what both see of replies that nothing was learnt from; gives the share that reaches the control room."""
    print("\nnever learnt from          rang  or looked at  of   |  rang  or looked at  of no emergencies")
    for name, judge in (("rules alone", judges.alone), ("both judges", judges.both)):
        for sort in sorted({sample.sort for sample in unseen()}):
            table = [(sample, judge(sample)) for sample in unseen() if sample.sort == sort]
            numbers = [f(table, risk=risk) for risk in (True, False) for f in (rang, told, count)]
            print(f"{name}, {sort:9}  {'':2}" + "  ".join(f"{number:6}" for number in numbers))
    whole = [(sample, judges.both(sample)) for sample in unseen()]
    return told(whole, risk=True) / count(whole, risk=True)


def other_classes(judges: Judges) -> None:
    """Print how many of each other kind take the way that is theirs, of replies that nothing was learnt from."""
    print("\nkind        right way, never learnt from: rules alone, both judges")
    for kind in sorted({sample.kind for sample in unseen() if not sample.life_risk}):
        of = [sample for sample in unseen() if sample.kind == kind]
        right = next((way.route for about, way in judges.rules.ways.items() if about.value == kind), Route.OFFICER)
        ways = [sum(judge(sample).route is right for sample in of) for judge in (judges.alone, judges.both)]
        print(f"{kind:10}  {ways[0]:3} {ways[1]:3} of {len(of)}")


async def to_phone(folder: Path) -> list[float]:
    """Seconds from a reply on the rehearsal's network to the officer's phone, both judges at work."""
    url = f"sqlite+aiosqlite:///{folder / 'patrol.db'}"
    await asyncio.to_thread(upgrade, Database(url))
    loaded = stage_settings(url, folder / "data", reply_poll_seconds=5)
    moderation = loaded.moderation.model_copy(update={"models": True, "warm": True})
    found: list[float] = []
    async with play(loaded.model_copy(update={"moderation": moderation})) as stage:
        sergeant = await stage.open_shift("lima-3")
        await stage.phone("lima-3").send(HARMLESS)
        await sergeant.tap("card.button.publish", 1, patience=LOADING)
        post = await published(stage, HARMLESS)
        for number in range(ASKED):
            text = f"Is the road open again, number {number}?" if number % 2 else f"My {number} cats like your van."
            started = perf_counter()
            await stage.platform.public.reply(post.id, "Ada", text, secrets.token_hex(8), utc_now())
            await stage.phone("lima-3").card(quoting(text), text)
            found.append(perf_counter() - started)
            await asyncio.sleep(0.7)  # so that the polls of the network do not fall on the same moment
    return found


def phone_seconds() -> dict[str, float]:
    """How long replies take to a phone. Loads every model: not in the quick run."""
    if "--quick" in sys.argv:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        seconds = asyncio.run(to_phone(Path(folder)))
    return {"reply to the officer's phone, median s": median(seconds), PHONE: max(seconds)}


def judged() -> dict[str, float]:
    """Print what the judges see of every set; gives the figures that have bars."""
    judges = Judges(Triage.load(CONFIG / "triage"), Model(CONFIG / "models"))
    judges.both(samples()[0])
    started = process_time()
    table = [(sample, judges.both(sample)) for sample in samples()]
    each = (process_time() - started) * 1000 / len(table)
    by_language(table)
    by_kind(table)
    first_sight()
    other_classes(judges)
    share = never_learnt(judges)
    harsh = [triaged for sample, triaged in table if sample.kind == "criticism"]
    risks, others = count(table, risk=True), count(table, risk=False)
    print(f"\n{risks} emergencies, {others} others, {len(harsh)} of them harsh but lawful\n", flush=True)
    return {
        MISSED: float(risks - rang(table, risk=True)),
        FALSE: rang(table, risk=False) / others * 100,
        UNSEEN: (1 - share) * 100,
        GROUND: float(sum(triaged.ground is not None for triaged in harsh)),
        THREAT: float(sum(triaged.about is About.THREAT for triaged in harsh)),
        EACH: each,
    }


def main() -> int:
    """The judges work in a process started for them, as in the program: only such a one calculates in one thread, and
    else a second thread that waits for the first is counted as work, the more of it the busier the machine."""
    share_the_cores()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as room:
        figures = room.submit(judged).result()
    return report(figures | phone_seconds(), BARS, "--check" in sys.argv, "9.2f")


if __name__ == "__main__":
    sys.exit(main())
