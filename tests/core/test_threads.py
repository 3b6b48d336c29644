"""app.core.threads: the user's own choice stands."""

from app.core.threads import wait_passively


def test_idle_threads_sleep_by_default() -> None:
    """Nothing set: asleep after a short while."""
    environ: dict[str, str] = {}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}


def test_the_users_choice_stands() -> None:
    """Set already: left alone."""
    environ = {"OMP_WAIT_POLICY": "ACTIVE"}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "ACTIVE"}
