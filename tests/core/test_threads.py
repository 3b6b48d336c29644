"""app.core.threads: the user's own choice stands."""

from app.core.threads import wait_passively


def test_idle_threads_sleep_by_default() -> None:
    """Nothing set: passive."""
    environ: dict[str, str] = {}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "PASSIVE"}


def test_the_users_choice_stands() -> None:
    """Set already: left alone."""
    environ = {"OMP_WAIT_POLICY": "ACTIVE"}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "ACTIVE"}
