"""What going on with a conversation costs before its first answer, in one line for the user."""

from __future__ import annotations

from app.cli.turns import count
from app.services.states import NOT_KEPT
from app.services.talk import Plan

ASKED_FROM_S = 30.0
"""A reading that takes longer is not begun on a terminal without asking."""


def cost_line(plan: Plan, model_name: str, *, new: bool) -> str:
    """What has to be read, how long that takes and why; '' where nothing has to be. `new`: nothing was said yet."""
    if plan.reading is None and not plan.replayed:
        return ""
    subjects = ["the document"] if plan.reading is not None else []
    subjects += [count(plan.replayed, "turn")] if plan.replayed else []
    verb = "is" if len(subjects) == 1 and plan.replayed <= 1 else "are"
    tokens = plan.replayed_tokens + (plan.reading.tokens if plan.reading is not None else 0)
    # Of a document that was never read no state could have been kept: that is no reason worth telling.
    untouched = new and plan.reason == NOT_KEPT
    led = f"this conversation was led with {plan.other_model}; with {model_name} " if plan.other_model else ""
    why = "" if untouched or not plan.reason else f" (the saved state cannot be used: {plan.reason})"
    when = "first" if untouched else "again"
    return f"{led}{' and '.join(subjects)} {verb} read {when}: {count(tokens, 'token')}, {about(plan.seconds)}{why}"


def is_long(plan: Plan) -> bool:
    """Whether the user should be asked: a document is to be read, for long or nobody knows how long."""
    return plan.reading is not None and (plan.seconds is None or plan.seconds > ASKED_FROM_S)


def about(seconds: float | None) -> str:
    """`about 2 min`."""
    if seconds is None:
        return "time not known yet"
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 90 else f"about {minutes // 60} h {minutes % 60} min"
