"""Templates are programs from strangers: what they may not do, and what the user reads then."""

import pytest

from app.core.errors import CheckpointError
from app.inference.template_sandbox import TemplateProgram


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
    "source", ["{% for %}", "{{ 'open", "{% endif %}", "{% nonsense %}", "{{ a | no_such_filter }}"]
)
def test_what_is_no_template_is_refused_when_loaded(source: str) -> None:
    """Before any conversation."""
    with pytest.raises(CheckpointError, match="chat template does not work"):
        TemplateProgram(source)


def test_a_refusal_says_why() -> None:
    """The reason that a template gives reaches the user."""
    program = TemplateProgram("{{ raise_exception('System role not supported') }}")
    with pytest.raises(CheckpointError, match="does not work: System role not supported"):
        program.render(messages=[])


def test_each_rendering_has_the_whole_limit() -> None:
    """Steps are counted per rendering, not per life."""
    program = TemplateProgram("{% for a in range(60000) %}{% endfor %}x")
    assert [program.render(), program.render()] == ["x", "x"]
