"""Runs a model's chat template, a program from a file that nobody here wrote.

Jinja's sandbox keeps it from Python's internals. Here it also gets limits: on the turns of its loops and the values it
handles, on the characters it makes and the processor's time it takes, for the window runs it too. What could go past
them within one step, such as `center(2000000000)`, is not there: chat templates, as far as they are known,
neither pad nor wrap nor format.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any, TypeVar

import jinja2
from jinja2 import nodes
from jinja2.exceptions import SecurityError, TemplateError
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from app.core.errors import CheckpointError

T = TypeVar("T")
MAX_SOURCE_CHARACTERS = 1 << 20
"""Length of a template; the longest published ones have some 20,000."""
MAX_STEPS = 100_000
"""Turns of loops, calls and values handled in one rendering; a conversation takes a few per message."""
MAX_CHARACTERS = 1_000_000
"""Length of a rendering, texts not counted, and of any string on the way to it."""
MAX_MADE = 100 * MAX_CHARACTERS
"""Characters of all strings made in one rendering, so that what is kept of them finds room."""
MAX_SECONDS = 10.0
"""Of the processor's time for one rendering; a conversation takes a few thousandths."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_VALUE_CHARACTERS = 50
"""What an item of a list counts as, for the memory that it takes."""
_FILTERS = _words(
    """abs capitalize count d default dictsort e escape first float int items join last length list lower map max min
    reject rejectattr replace reverse safe select selectattr sort string title trim unique upper"""
)
_AT_ONCE = _words("count d default first last length")
"""Filters that do not go through what they are given; `messages | length` at each message is no square of steps."""
_STRING_METHODS = _words(
    """capitalize casefold count endswith find index isalnum isalpha isascii isdecimal isdigit islower isnumeric isspace
    istitle isupper join lower lstrip partition removeprefix removesuffix replace rfind rindex rpartition rsplit rstrip
    split splitlines startswith strip swapcase title upper"""
)


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja as Hugging Face sets it up for chat templates, with limits."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols], optimized=False, finalize=_plain
        )
        self.globals = {"range": self.globals["range"], "namespace": self.globals["namespace"]}
        self.globals["raise_exception"] = _raise_exception
        self.filters = {name: self._counted(self.filters[name], at_once=name in _AT_ONCE) for name in _FILTERS}
        self.filters |= {name: self._counted(getattr(self, f"_{name}")) for name in ("join", "replace", "tojson")}
        self.begin()

    def begin(self) -> None:
        """Give a rendering its limits."""
        self.steps_left = MAX_STEPS
        self.characters_left = MAX_MADE
        self.ends_at = time.thread_time() + MAX_SECONDS

    def count_step(self, steps: int = 1) -> str:
        """Called at each turn of each loop, and with each value that is handled."""
        self.steps_left -= steps
        if self.steps_left < 0:
            raise SecurityError(f"it takes more than {MAX_STEPS} steps")
        if time.thread_time() > self.ends_at:
            raise SecurityError(f"it takes more than {MAX_SECONDS:g} seconds")
        return ""

    def call(self, context: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Call what the template calls; strings' own methods only as far as their length is known beforehand."""
        owner, name = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if owner is self:
            return function(*args)
        self.count_step()
        if isinstance(owner, str) and name == "join":
            return self._join(args[0], owner)
        if isinstance(owner, str) and name == "replace":
            return self._replace(owner, *args)
        return self._made(super().call(context, function, *args, **kwargs))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Of a string's methods those that neither pad nor format."""
        return super().is_safe_attribute(obj, attr, value) and (not isinstance(obj, str) or attr in _STRING_METHODS)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """Jinja would let `str.format` pass in a form of its own, which pads."""
        return None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Numbers only, and small ones: a string times a number, or a power, could fill the memory."""
        self.count_step()
        if operator == "+" and not isinstance(left, int | float):
            self._require_length(_size(left) + _size(right))
            return self._made(super().call_binop(context, operator, left, right))
        if operator == "**" or not all(isinstance(v, int | float) and abs(v) < 2**31 for v in (left, right)):
            raise SecurityError(f"it uses {operator} on something other than small numbers")
        return super().call_binop(context, operator, left, right)

    def concat(self, texts: Iterable[Any]) -> str:
        """What `~`, macros and blocks make of their parts."""
        parts = [text if isinstance(text, str) else str(_plain(text)) for text in texts]
        self._require_length(sum(map(len, parts)))
        return str(self._made("".join(parts)))

    def collected(self, *items: Any) -> Any:
        """A list, tuple or dict that the template writes down: lists of themselves would have no end to compare."""
        for item in items:
            self._walk(item)
        return items

    def _walk(self, value: Any, depth: int = 0) -> None:
        self.count_step()
        if depth > 100:
            raise SecurityError("it puts lists into lists without end")
        if isinstance(value, dict):
            value = [*value.keys(), *value.values()]
        if isinstance(value, list | tuple):
            for item in value:
                self._walk(item, depth + 1)

    def _counted(self, filter_: Callable[..., Any], *, at_once: bool = False) -> Callable[..., Any]:
        """A filter that takes steps for what it is given and for what it gives."""

        @wraps(filter_)  # with the mark that Jinja puts on filters that want the environment
        def counted(*args: Any, **kwargs: Any) -> Any:
            given = next((arg for arg in args if not isinstance(arg, _NOT_GIVEN)), None)
            self.count_step(1 + (len(given) if isinstance(given, _SIZED) and not at_once else 0))
            return self._made(filter_(*args, **kwargs))

        return counted

    def _made(self, value: Any) -> Any:
        """A value that was made, its size taken from what is left."""
        if isinstance(value, Iterator):
            return self._counted_items(value)
        self.characters_left -= _size(value)
        if self.characters_left < 0:
            raise SecurityError(f"it makes more than {MAX_MADE} characters")
        self._require_length(_size(value))
        return value

    def _counted_items(self, items: Iterator[Any]) -> Iterator[Any]:
        for item in items:
            self.count_step()
            yield item

    def _require_length(self, characters: int) -> None:
        if characters > MAX_CHARACTERS:
            raise SecurityError(f"it makes something of more than {MAX_CHARACTERS} characters")

    def _join(self, value: Iterable[Any], d: str = "", attribute: str | int | None = None) -> str:
        if attribute is not None:
            value = (self.getitem(item, attribute) for item in value)
        parts: list[str] = []
        length = 0
        for item in value:
            self.count_step()
            parts.append(item if isinstance(item, str) else str(_plain(item)))
            length += len(parts[-1]) + len(d)
            self._require_length(length)
        return str(self._made(d.join(parts)))

    def _replace(self, text: Any, old: str, new: str, count: int = -1) -> str:
        text = str(_plain(text))
        found = text.count(old) if count is None or count < 0 else min(count, text.count(old))
        self._require_length(len(text) + found * len(new))
        return str(self._made(text.replace(old, new, -1 if count is None else count)))

    def _tojson(self, value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
        self._walk(value)
        if indent is not None and not 0 <= indent <= 16:
            raise SecurityError(f"it indents by {indent}")
        return json.dumps(value, ensure_ascii=bool(ensure_ascii), indent=indent)


_SIZED = (list, tuple, dict, range)
_NOT_GIVEN = (jinja2.Environment, jinja2.runtime.Context, nodes.EvalContext)


class _Limits(NodeTransformer):
    """Puts the environment's counts where Jinja has no seam for them."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802 (named by Jinja)
        """`a ~ b`."""
        self.generic_visit(node)
        return _call("concat", [nodes.Tuple(node.nodes, "load", lineno=node.lineno)], node.lineno)

    def visit_List(self, node: nodes.List) -> nodes.Node:  # noqa: N802
        """`[a, b]`."""
        self.generic_visit(node)
        made = _call("collected", node.items, node.lineno)
        return nodes.Filter(made, "list", [], [], None, None, lineno=node.lineno)

    def visit_Tuple(self, node: nodes.Tuple) -> nodes.Node:  # noqa: N802
        """`(a, b)`, but for the names of `for a, b in ...`."""
        self.generic_visit(node)
        return _call("collected", node.items, node.lineno) if node.ctx == "load" else node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:  # noqa: N802
        """`a: b` in a dict."""
        self.generic_visit(node)
        zero = nodes.Const(0, lineno=node.lineno)
        key, value = (
            nodes.Getitem(_call("collected", [part], node.lineno), zero, "load", lineno=node.lineno)
            for part in (node.key, node.value)
        )
        return nodes.Pair(key, value, lineno=node.lineno)


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
        if len(source) > MAX_SOURCE_CHARACTERS:
            raise SecurityError(f"it has {len(source)} characters, expected at most {MAX_SOURCE_CHARACTERS}")
        tree = _Limits().visit(self._environment.parse(source))
        bodies = [loop.body for loop in tree.find_all(nodes.For)] + [macro.body for macro in tree.find_all(nodes.Macro)]
        for body in bodies:
            body.insert(0, nodes.ExprStmt(_call("count_step", [], 1), lineno=1))
        return self._environment.from_string(tree)

    def _run(self, variables: dict[str, Any]) -> str:
        self._environment.begin()
        parts: list[str] = []
        length = 0
        for part in self._template.generate(**variables):
            parts.append(part)
            length += len(part)
            if length > MAX_CHARACTERS:
                raise SecurityError(f"it writes more than {MAX_CHARACTERS} characters")
        return "".join(parts)


def _call(name: str, items: list[nodes.Expr], lineno: int) -> nodes.Call:
    """A call of one of the environment's own methods."""
    return nodes.Call(nodes.EnvironmentAttribute(name, lineno=lineno), items, [], None, None, lineno=lineno)


def _size(value: Any) -> int:
    """What a value counts as, in characters."""
    if isinstance(value, str):
        return len(value)
    return _VALUE_CHARACTERS * len(value) if isinstance(value, list | tuple | dict) else 0


def _plain(value: Any) -> Any:
    """What may be written: a list's text could be longer than anything."""
    if value is None or isinstance(value, str | int | float | jinja2.Undefined):
        return value
    raise SecurityError(f"it writes a {type(value).__name__}")


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
