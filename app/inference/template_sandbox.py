"""Runs a model's chat template, a program from a file that nobody here wrote.

Jinja's sandbox keeps it from Python's internals; here it also gets a limit on loops and on the length of what it
writes. What memory it takes is not limited beyond the plainest tricks: that is left to the process it runs in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from app.core.errors import CheckpointError

T = TypeVar("T")
MAX_STEPS = 100_000
"""Turns of loops and calls of macros in one rendering; a conversation takes a few per message."""
MAX_CHARACTERS = 1_000_000
"""Length of a rendering, texts not counted."""


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja as Hugging Face sets it up for chat templates, with limits."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def __init__(self) -> None:
        super().__init__(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
        self.globals = {"range": self.globals["range"], "namespace": self.globals["namespace"]}
        self.globals["raise_exception"] = _raise_exception
        self.steps_left = MAX_STEPS

    def count_step(self) -> str:
        """Called at each turn of each loop."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise SecurityError(f"it takes more than {MAX_STEPS} steps")
        return ""

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers only, and small ones: a string times a number, or a power, could fill the memory."""
        if operator == "**" or not all(isinstance(v, int | float) and abs(v) < 2**31 for v in (left, right)):
            raise SecurityError(f"it uses {operator} on something other than small numbers")
        return super().call_binop(context, operator, left, right)


class TemplateProgram:
    """A compiled chat template."""

    def __init__(self, source: str) -> None:
        """Raises CheckpointError when the source is no Jinja template."""
        self._environment = _Environment()
        self._template: jinja2.Template = _guarded(lambda: self._compile(source))

    def render(self, **variables: Any) -> str:
        """Run it. Raises CheckpointError when it fails, refuses the messages or goes beyond a limit."""
        return _guarded(lambda: self._run(variables))

    def _compile(self, source: str) -> jinja2.Template:
        tree = self._environment.parse(source)
        bodies = [loop.body for loop in tree.find_all(nodes.For)] + [macro.body for macro in tree.find_all(nodes.Macro)]
        for body in bodies:
            count = nodes.Call(nodes.EnvironmentAttribute("count_step"), [], [], None, None)
            body.insert(0, nodes.ExprStmt(count, lineno=1))
        return self._environment.from_string(tree)

    def _run(self, variables: dict[str, Any]) -> str:
        self._environment.steps_left = MAX_STEPS
        parts: list[str] = []
        length = 0
        for part in self._template.generate(**variables):
            parts.append(part)
            length += len(part)
            if length > MAX_CHARACTERS:
                raise SecurityError(f"it writes more than {MAX_CHARACTERS} characters")
        return "".join(parts)


def _guarded(action: Callable[[], T]) -> T:
    try:
        return action()
    # A template is a program: anything may go wrong in it, and all of it is the template's fault.
    except Exception as error:
        what = "is unsafe" if isinstance(error, SecurityError) else "does not work"
        found = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
        raise CheckpointError(
            f"the model's chat template {what}: {' '.join(found.split())[:200]}", code="chat-template"
        ) from error


def _raise_exception(message: str) -> str:
    """What Hugging Face's templates call to refuse a conversation."""
    raise TemplateError(message)
