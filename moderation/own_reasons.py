"""The reasons that no rule of the policy gives: what the redactor itself says of a text."""

from moderation.policy import Reason, Verdict

FAILED = "detector failed"
STILL_THERE = "still there"
"""Codes by which these two are known again."""

UNSEEN = Reason(
    FAILED, Verdict.HOLD, "A", "policy.reasons.detector_failed", "policy.ticks.checked_by_hand", "inspector"
)
NO_PLAN = Reason("unknown plan", Verdict.FLAG, "K", "policy.reasons.unknown_plan", "policy.ticks.plan_reference")
TOO_LONG = Reason("too long", Verdict.BLOCK, "A", "policy.reasons.too_long")
LEFT = Reason(STILL_THERE, Verdict.BLOCK, "A", "policy.reasons.still_there")
REWORDED = Reason("reworded", Verdict.FLAG, "A", "policy.reasons.reworded", "policy.ticks.reads_well")
