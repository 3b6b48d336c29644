"""Chat templates that want out of their sandbox, never end, fill the memory, or say nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.torture.hostile_model_case import TEMPLATE, Case, either, harmless, refused, with_bytes, with_json

FILE, SETTINGS = "chat_template.jinja", "tokenizer_config.json"
_NAMED = ("chat template", FILE, SETTINGS)
_OUT = """
{{ ''.__class__.__mro__[1].__subclasses__() }}
{{ messages.__class__.__init__.__globals__ }}
{{ raise_exception.__globals__['__builtins__'].open('was-run', 'w') }}
{{ namespace.__init__.__globals__ }}
{{ range.__self__ }}
{{ self.__init__.__globals__ }}
{{ self._TemplateReference__context }}
{{ cycler.__init__.__globals__.os.system('touch was-run') }}
{{ lipsum.__globals__['os'].popen('touch was-run').read() }}
{{ joiner.__init__.__globals__ }}
{{ ''|attr('__class__') }}
{{ messages|map(attribute='__class__')|list }}
{{ messages|map('attr', '__class__')|list }}
{{ messages|selectattr('__class__.__base__')|list }}
{{ [''.__class__]|sort(attribute='__mro__') }}
{{ ''['__cla' ~ 'ss__'] }}
{{ '{0.__class__}'.format('') }}
{{ '%(a)s' % messages[0].__dict__ }}
{{ ''.format_map(messages) }}
{% include '/etc/passwd' %}
{% import 'os' as os %}
{% extends 'was-run' %}
{% from 'os' import system %}
{{ messages.append(1) }}
{{ messages[0].update(role='x') }}
{{ messages.clear() }}
{{ loop.__class__ }}
{% for m in messages recursive %}{{ loop.__globals__ }}{{ loop(messages) }}{% endfor %}
{{ caller.__globals__ }}
{% macro m() %}{% endmacro %}{{ m.__globals__ }}{{ m._func.__globals__ }}
{% set x = namespace.__call__ %}{{ x.__globals__ }}
"""
_ENDLESS = """
{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}
{{ range(1000000000)|list }}
{{ range(99999)|map('string')|list|sort|length }}
{% set s = 'x' * 9999999999 %}
{% set s = 9 ** 9 ** 9 %}
{% set s = 10 ** 99999999 %}
{% set s = '%9999999999d' % 1 %}
{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}
{{ 'x'.ljust(10000000000) }}
{{ 'x'.zfill(1000000000)|length }}
{{ '{:>1000000000}'.format('x') }}
{{ messages|tojson(indent=1000000000) }}
{% set n = namespace(s='xxxx') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}
{% set n = namespace(s='xxxx') %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}
{% set n = namespace(s='xxx') %}{% for i in range(99) %}{% set n.s = n.s.replace('x', 'xxx') %}{% endfor %}
{% set n = namespace(s='xxx') %}{% for i in range(99) %}{% set n.s = n.s|replace('', 'xxx') %}{% endfor %}
{% set n = namespace(s=[1]) %}{% for i in range(99) %}{% set n.s = n.s + n.s %}{% endfor %}
{% set n = namespace(s=[]) %}{% for i in range(9999) %}{% set n.s = [n.s] %}{% endfor %}{{ n.s|tojson }}
{% set n = namespace(s='x') %}{% for i in range(99) %}{% set n.s = n.s|escape|upper ~ '&' ~ n.s %}{% endfor %}
{% set n = namespace() %}{% set n.n = n %}{{ n|tojson }}
{% set n = namespace(s='x' ~ messages[0].content) %}{% for i in range(99) %}{% set n.s = n.s.split('') %}{% endfor %}
{% for a in range(90000) %}{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' }}{% endfor %}
{{ messages|map('upper')|map('lower')|map('title')|join(messages|join) ~ (range(99999)|join(range(99999)|join)) }}
"""
_WRONG = """
{% for %}
{{ 'open
{% nonsense %}
{{ a|no_such_filter }}
{{ 1 / 0 }}
{{ messages[99].content + 'x' }}
no message at all
{{ messages }}
{{ raise_exception('\x1b[31mred\nand more') }}
{{ raise_exception('x' * 5) }}
{{ raise_exception(messages) }}
{% for m in messages %}{{ m.content }}{{ m.content.replace('0', '77') }}{% endfor %}
{% for m in messages %}{{ m.content|upper|replace('0', '9' ~ '9') }}{% endfor %}
"""


def templates() -> list[Case]:
    """From the file, and from the settings."""
    own = "{# {{ #}" + TEMPLATE
    whole = {
        "no UTF-8": b"\xff\xfe{{",
        "5 MiB": b" " * (5 << 20),
        "2 million characters": b"{# " + b"x" * 2_000_000 + b" #}",
        "5,000 conditions in each other": b"{% if true %}" * 5000 + b"{% endif %}" * 5000,
        "100,000 brackets": b"{{ " + b"(" * 100_000 + b"1" + b")" * 100_000 + b" }}",
        "a sum of 20,000": b"{{ " + b"1+" * 20_000 + b"1 }}",
        "a number of 100,000 digits": b"{{ " + b"9" * 100_000 + b" }}",
        "NULs": b"\0" * 500,
    }
    listed = {"chat_template": [{"name": "default", "template": "{{ ''.__class__.__mro__ }}" + TEMPLATE}]}
    return [
        *_lines("wants out", _OUT), *_lines("has no end", _ENDLESS), *_lines("is wrong", _WRONG),
        *(refused(f"a template of {name}", with_bytes(FILE, content), *_NAMED) for name, content in whole.items()),
        harmless("a template with a remark", with_bytes(FILE, own.encode())),
        refused("a template in the settings", _in_settings(listed), *_NAMED, cli=True),
        *(either(f"a template in the settings that is {value!r:.30}", _in_settings({"chat_template": value}), *_NAMED)
          for value in (5, {"a": 1}, [5, None], ["x"], [{"name": ["x"], "template": 5}], [{"name": {}}])),
        *(either(f"settings of {value!r:.30}", with_json(SETTINGS, {"bos_token": value, "eos_token": value}), *_NAMED)
          for value in (5, ["<bos>"], {"content": ["x"]}, {"content": {"content": "x"}}, "x" * 10**6, "\x1b[31m\n")),
        *(refused(f"settings of {name}", with_bytes(SETTINGS, content), *_NAMED)
          for name, content in {"nothing": b"", "brackets": b"[" * 99_999, "a list": b"[]", "17 MiB": b" " * (17 << 20)}
          .items()),
    ]  # fmt: skip


def _lines(what: str, lines: str) -> list[Case]:
    """Those that do not say the conversation are refused; one that does may be harmless."""
    return [
        either(f"a template that {what}: {line[:100]}", with_bytes(FILE, (line + TEMPLATE).encode()), *_NAMED)
        for line in lines.strip("\n").split("\n")
    ] + [
        refused(f"a template that {what}, and says no word: {line[:100]}", with_bytes(FILE, line.encode()), *_NAMED)
        for line in lines.strip("\n").split("\n")[:4]
    ]


def _in_settings(settings: dict[str, object]) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        (folder / FILE).unlink()
        with_json(SETTINGS, {"bos_token": "<bos>", "eos_token": "<eos>", **settings})(folder)

    return change
