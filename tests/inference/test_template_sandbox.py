"""Templates are programs from strangers: what they may not do, and what the user reads then."""

import pytest

from app.core.errors import CheckpointError
from app.inference.template_sandbox import TemplateProgram


def _grown(start: str, step: str) -> str:
    """A template whose value grows at each of 99 turns."""
    return f"{{% set ns = namespace(s={start}) %}}{{% for i in range(99) %}}{{% set ns.s = {step} %}}{{% endfor %}}"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("{% for m in messages %}{{ m.role }}{% endfor %}", "useruser"),
        ("{% for m in messages %}{% if loop.index0 % 2 == 1 %}{{ loop.index * 2 }}{% endif %}{% endfor %}", "4"),
        ("{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}", "2"),
        ("{% macro turn(m) %}[{{ m.role }}]{% endmacro %}{{ turn(messages[0]) }}", "[user]"),
        ("{% for m in messages %}{% if loop.first %}{% continue %}{% endif %}{{ loop.index }}{% endfor %}", "2"),
        ("{{ messages[1]['content'] | trim }}|{{ missing }}|{{ bos_token }}", "b||<s>"),
        ("  {% if true %}\nx\n  {% endif %}\n", "x\n"),
        ("{{ messages | map(attribute='content') | join('-') }}{{ 'a' ~ 1 ~ missing }}", "a- b a1"),
        ("{{ messages[0] | tojson }}{{ ['b', 'a'] | sort | join }}", '{"role": "user", "content": "a"}ab'),
        ("{% set x %}[{{ messages[1].content.strip() }}]{% endset %}{{ x | replace('b', 'cc') }}", "[cc]"),
        ("{% for k, v in messages[0].items() %}{{ k + ': ' + v }};{% endfor %}", "role: user;content: a;"),
        ("{{ messages[0].content.split(',')[0].replace('a', 'b') }}{{ 'user' in ['user', 'x'] }}", "bTrue"),
        ("{{ messages | selectattr('role', 'equalto', 'user') | list | length }}{{ messages[1:] | length }}", "21"),
        ("{{ {'user': 'U'}[messages[0].role] }}{{ ('a', 'b')[1] }}{{ dict_missing is defined }}", "UbFalse"),
        (
            "{% set ns = namespace(a=[]) %}{% for m in messages %}{% set ns.a = ns.a + [m.role] %}{% endfor %}"
            "{{ ns.a | unique | join(', ') | upper }}",
            "USER",
        ),
    ],
)
def test_what_templates_do(source: str, expected: str) -> None:
    """Loops, loop controls, macros, namespaces, filters; white space handled as Hugging Face does."""
    messages = [{"role": "user", "content": "a"}, {"role": "user", "content": " b "}]
    assert TemplateProgram(source).render(messages=messages, bos_token="<s>") == expected


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ messages.__class__.__init__.__globals__ }}",
        "{{ raise_exception.__globals__.x }}",
        "{{ messages.append(1) }}",
        "{{ messages[0].update({'role': 'x'}) }}",
        "{{ range(1000000000) | list }}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set s = 'x' * 9999999999 %}",
        "{% set s = 9 ** 9 ** 9 %}",
        "{% set s = '%9999999999d' % 1 %}",
        "{% for a in range(3000) %}{{ messages[0].content }}{{ long }}{% endfor %}",
        "{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
        "{{ lipsum(100000) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{{ cycler.__init__.__globals__.os }}",
        "{{ messages[7].content + 'x' }}",
        "{{ 1 / 0 }}",
        "{{ 'x'.ljust(10**9) }}",
        "{{ 'x'.ljust(1000000000) | length }}",
        "{{ '{:>1000000000}'.format('x') | length }}",
        "{{ 'x'.zfill(1000000000) | length }}",
        "{{ messages | tojson(indent=100000000) }}",
        _grown("'xxxxxxxxxx'", "ns.s ~ ns.s"),
        _grown("'xxxxxxxxxx'", "ns.s + ns.s"),
        _grown("'xxx'", "ns.s.replace('x', 'xxx')"),
        _grown("'xxx'", "ns.s | replace('x', 'xxx')"),
        _grown("'xxx'", "ns.s.join([ns.s] + [ns.s])"),
        _grown("'xxx'", "[ns.s, ns.s] | join(ns.s)"),
        _grown("[1]", "ns.s + ns.s"),
        _grown("[]", "[ns.s, ns.s]"),
        _grown("{}", "{0: ns.s, 1: ns.s}"),
        "{% set ns = namespace(s=[]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}",
        "{% set big %}{% for i in range(9999) %}{{ long }}{% endfor %}{% endset %}",
        "{{ messages }}",
        *("{{ range(99999) | map('string') | list | sort | length }}" * 99,),
    ],
)
def test_hostile_and_broken_templates_are_refused(source: str) -> None:
    """One sentence, that begins with what is at fault; and soon."""
    program = TemplateProgram(source)
    with pytest.raises(CheckpointError, match=r"^the model's chat template (is unsafe|does not work): ") as caught:
        program.render(messages=[{"role": "user", "content": "a"}], long="x" * 1000)
    assert "\n" not in caught.value.message
    assert caught.value.code == "chat-template"


@pytest.mark.parametrize(
    "source",
    [
        "{% for %}",
        "{{ 'open",
        "{% endif %}",
        "{% nonsense %}",
        "{{ a | no_such_filter }}",
        "{{ 'x' | center(1000000000) | length }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ 1 | round(-1000000000) }}",
        "{{ [1] | slice(1000000000) | list }}",
        "{{ 'x' | indent(1000000000) }}",
        "{% if true %}" * 5000,
        "{# " + "x" * 2_000_000 + " #}",
    ],
)
def test_what_is_no_template_is_refused_when_loaded(source: str) -> None:
    """Before any conversation."""
    with pytest.raises(CheckpointError, match=r"chat template (does not work|is unsafe)"):
        TemplateProgram(source)


def test_a_refusal_says_why() -> None:
    """The reason that a template gives reaches the user."""
    program = TemplateProgram("{{ raise_exception('System role not supported') }}")
    with pytest.raises(CheckpointError, match="does not work: System role not supported"):
        program.render(messages=[])


def test_a_long_conversation_is_no_attack() -> None:
    """Qwen's templates ask for the number of messages at each of them."""
    source = "{% for m in messages %}{% if messages | length == loop.index %}{{ m.content }}{% endif %}{% endfor %}"
    assert TemplateProgram(source).render(messages=[{"role": "user", "content": "a"}] * 2000) == "a"


def test_each_rendering_has_the_whole_limit() -> None:
    """Steps are counted per rendering, not per life."""
    program = TemplateProgram("{% for a in range(60000) %}{% endfor %}x")
    assert [program.render(), program.render()] == ["x", "x"]
