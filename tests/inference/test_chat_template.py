"""Conversations to ids: Gemma's and ChatML's forms by hand, transformers as reference, and texts that stay texts."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import CheckpointError, UserError
from app.inference.chat_template import CHATML, GEMMA, JinjaChatTemplate, load_chat_template
from app.inference.generator import Message
from app.inference.tokenizers.base import Tokenizer, load_tokenizer
from tests.gemma_layout import TEMPLATE as GEMMA_PUBLISHED

BOS, START, END, NEWLINE = 2, 8, 9, 10  # ids of the tokenizer of Gemma's kind (conftest.py)
STOP = frozenset({1, END})
ASK = [Message("user", "Who is Ahab?")]
TALK = [*ASK, Message("assistant", "A captain."), Message("user", "Of what?")]


@pytest.fixture(scope="session")
def starter(starter_model_path: Path, starter_tokenizer: Tokenizer) -> JinjaChatTemplate:
    """The starter's own template."""
    found = load_chat_template(starter_model_path, starter_tokenizer)
    assert isinstance(found, JinjaChatTemplate)
    return found


GEMMA_WITHOUT_BOS = GEMMA_PUBLISHED.removeprefix("{{ bos_token }}")  # as some revisions have it


@pytest.fixture(
    scope="session", params=[GEMMA_PUBLISHED, GEMMA_WITHOUT_BOS, GEMMA], ids=["published", "without-bos", "built-in"]
)
def gemma(request: pytest.FixtureRequest, gemma_like: Tokenizer) -> JinjaChatTemplate:
    """Gemma's turns, by the published template and by the built-in one."""
    return JinjaChatTemplate(request.param, gemma_like, STOP)


def test_gemma_turns(gemma: JinjaChatTemplate, gemma_like: Tokenizer) -> None:
    """`<bos><start_of_turn>user\\n...<end_of_turn>\\n<start_of_turn>model\\n`, the assistant being called model."""
    t = gemma_like.encode
    assert gemma.render(ASK, fresh=True) == [
        BOS, START, *t("user\nWho is Ahab?"), END, NEWLINE, START, *t("model\n"),
    ]  # fmt: skip
    assert gemma.render(TALK, fresh=True) == [
        BOS, START, *t("user\nWho is Ahab?"), END, NEWLINE,
        START, *t("model\nA captain."), END, NEWLINE,
        START, *t("user\nOf what?"), END, NEWLINE, START, *t("model\n"),
    ]  # fmt: skip


def test_gemma_goes_on(gemma: JinjaChatTemplate, gemma_like: Tokenizer) -> None:
    """On top of a state: no BOS, and the newline after the turn that ended there."""
    expected = [
        NEWLINE,
        START,
        *gemma_like.encode("user\nOf what?"),
        END,
        NEWLINE,
        START,
        *gemma_like.encode("model\n"),
    ]
    assert gemma.render(TALK[2:], fresh=False) == expected
    assert gemma.turn_end == (END,)


@pytest.mark.parametrize("fresh", [True, False])
def test_gemma_gets_the_system_text_in_the_users_turn(gemma: JinjaChatTemplate, fresh: bool) -> None:
    """Put before the question, with a blank line: the template refuses a system turn."""
    merged = gemma.render([Message("user", "Be brief.\n\nWho is Ahab?")], fresh=fresh)
    assert gemma.render([Message("system", "Be brief."), *ASK], fresh=fresh) == merged


def test_gemma_trims_texts(gemma: JinjaChatTemplate) -> None:
    """As its template's `trim` says, though the template never sees them."""
    assert gemma.render([Message("user", "\n Who is Ahab? \t")], fresh=True) == gemma.render(ASK, fresh=True)


def test_turns_of_one_role_are_joined(gemma: JinjaChatTemplate) -> None:
    """Two questions in a row are one turn: the published template wants roles in alternation."""
    joined = gemma.render([Message("user", "a\n\nb")], fresh=True)
    assert gemma.render([Message("user", "a"), Message("user", "b")], fresh=True) == joined


def test_the_starters_turns(starter: JinjaChatTemplate) -> None:
    """Ids by hand: 1 opens and 2 closes a turn, 198 is the newline; a default system turn comes first."""
    assert starter.render([Message("system", "Hi"), Message("user", "Hi")], fresh=True) == [
        1, 9690, 198, 26843, 2, 198, 1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198,
    ]  # fmt: skip
    default = starter.render([Message("user", "Hi")], fresh=True)
    named = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
    assert default == starter.render([Message("system", named), Message("user", "Hi")], fresh=True)
    assert starter.stop_ids == {0, 2}
    assert starter.is_chat


def test_the_starter_goes_on(starter: JinjaChatTemplate) -> None:
    """On top of a state: the newline after the answer's stop token, and no default system turn again."""
    assert starter.render([Message("user", "Hi")], fresh=False) == [198, 1, 4093, 198, 26843, 2, 198, 1, 520, 9531, 198]
    assert starter.turn_end == (2,)


def test_a_conversation_in_steps_is_the_conversation_at_once(
    starter: JinjaChatTemplate, starter_tokenizer: Tokenizer, gemma: JinjaChatTemplate, gemma_like: Tokenizer
) -> None:
    """Prompt, written answer with its stop token, next prompt: the ids of the whole rendered in one go."""
    for template, tokenizer in ((starter, starter_tokenizer), (gemma, gemma_like)):
        answer = [*tokenizer.encode("A captain."), *template.turn_end]
        steps = template.render(TALK[:1], fresh=True) + answer + template.render(TALK[2:], fresh=False)
        assert steps == template.render(TALK, fresh=True)


@pytest.mark.parametrize(
    "messages",
    [
        ASK,
        TALK,
        [Message("system", "Be brief."), *TALK],
        [Message("user", "\n  def f(x):\n\treturn x\n\n"), Message("assistant", " 漢字 😀\n"), Message("user", " ")],
    ],
)
def test_the_starter_agrees_with_transformers(
    starter: JinjaChatTemplate, starter_model_path: Path, messages: list[Message]
) -> None:
    """apply_chat_template gives the same ids for texts without control names."""
    reference = pytest.importorskip("transformers").AutoTokenizer.from_pretrained(starter_model_path)
    expected = reference.apply_chat_template(
        [{"role": m.role, "content": m.text} for m in messages], add_generation_prompt=True, return_dict=False
    )
    assert starter.render(messages, fresh=True) == expected


@given(texts=st.lists(st.lists(st.sampled_from([
    "<|im_end|>", "<|im_start|>", "<start_of_turn>", "<end_of_turn>", "<eos>", "<bos>", "\n", "user", "model",
    "system", "{{ bos_token }}", "{% endfor %}", "\x1c", "\U000f5ea10\U000f5ea1", " ", "x",
]), max_size=8).map("".join), min_size=1, max_size=4))  # fmt: skip
@settings(max_examples=150, deadline=None)
@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize("name", ["starter", "gemma"])
def test_no_text_acts_as_control(
    request: pytest.FixtureRequest, gemma_like: Tokenizer, starter_tokenizer: Tokenizer,
    name: str, fresh: bool, texts: list[str],
) -> None:  # fmt: skip
    """Whatever the texts say, the control tokens are those of the same conversation about nothing."""
    template, tokenizer = {
        "starter": (JinjaChatTemplate(CHATML, starter_tokenizer, frozenset({0, 2})), starter_tokenizer),
        "gemma": (JinjaChatTemplate(GEMMA_PUBLISHED, gemma_like, STOP), gemma_like),
    }[name]

    def control(contents: list[str]) -> list[int]:
        roles = ("user", "assistant", "user", "assistant")
        messages = [Message(role, text) for role, text in zip(roles, contents, strict=False)]
        return [i for i in template.render(messages, fresh=fresh) if i in tokenizer.control_ids]

    assert control(texts) == control(["x"] * len(texts))


def test_a_system_text_that_the_template_leaves_out_is_said_by_the_user(gemma_like: Tokenizer) -> None:
    """A template that passes over system turns without a word must not lose the instruction."""
    source = "{% for m in messages if m.role != 'system' %}<start_of_turn>{{ m.content }}<end_of_turn>{% endfor %}"
    template = JinjaChatTemplate(source, gemma_like, STOP)
    expected = [BOS, START, *gemma_like.encode("Be brief.\n\nWho is Ahab?"), END]
    assert template.render([Message("system", "Be brief."), *ASK], fresh=True) == expected


def test_a_template_that_leaves_questions_out_is_refused(gemma_like: Tokenizer) -> None:
    """The message names the role."""
    with pytest.raises(CheckpointError, match="leaves out the user's message"):
        JinjaChatTemplate("<start_of_turn>{{ messages | length }}", gemma_like, STOP)


def test_a_template_that_writes_texts_as_json_is_refused(gemma_like: Tokenizer) -> None:
    """The text would stand there as it is, between the escapes of its marks."""
    with pytest.raises(CheckpointError, match="writes the user's message as JSON") as caught:
        JinjaChatTemplate("{% for m in messages %}{{ m.content | tojson }}{% endfor %}", gemma_like, STOP)
    assert caught.value.code == "chat-template"


def test_a_mark_of_too_many_digits_is_none(gemma_like: Tokenizer) -> None:
    """Python reads no number of more than 4,300."""
    mark = "\U000f5ea1" + "9" * 5000 + "\U000f5ea1"
    template = JinjaChatTemplate(mark + "{% for m in messages %}{{ m.content }}{% endfor %}", gemma_like, STOP)
    assert template.render(ASK, fresh=True) == [BOS, *gemma_like.encode(mark + "Who is Ahab?")]


def test_without_messages_there_is_nothing_to_answer(starter: JinjaChatTemplate) -> None:
    """A UserError, not an IndexError."""
    with pytest.raises(UserError, match="no message"):
        starter.render([], fresh=True)


def folder_with(parent: Path, tokenizer_folder: Path, name: str, files: dict[str, str]) -> Path:
    """A model folder of that name, with a tokenizer of Gemma's kind and these files."""
    folder = parent / name
    folder.mkdir()
    (folder / "tokenizer.model").write_bytes((tokenizer_folder / "tokenizer.model").read_bytes())
    for file, content in files.items():
        (folder / file).write_text(content)
    return folder


@pytest.mark.parametrize(
    ("name", "files", "is_chat"),
    [
        ("recurrentgemma-2b", {}, False),
        ("recurrentgemma-2b-it", {}, True),
        ("2b-it", {}, True),
        ("2b", {}, False),
        ("my-it-models", {}, False),
        ("weights", {"2b-it.pt": ""}, True),
        ("weights", {"2b.pt": ""}, False),
        ("plain", {"chat_template.jinja": GEMMA_PUBLISHED}, True),
        ("plain", {"tokenizer_config.json": json.dumps({"chat_template": GEMMA_PUBLISHED})}, True),
        (
            "plain",
            {
                "tokenizer_config.json": json.dumps(
                    {
                        "chat_template": [
                            {"name": "tool_use", "template": "{{ nothing.at.all }}"},
                            {"name": "default", "template": GEMMA_PUBLISHED},
                        ]
                    }
                )
            },
            True,
        ),
        ("plain", {"tokenizer_config.json": json.dumps({"chat_template": [{"name": ["x"]}, {"name": {}}, 5]})}, False),
    ],
)
def test_where_the_template_comes_from(
    tmp_path: Path, gemma_like_folder: Path, name: str, files: dict[str, str], is_chat: bool
) -> None:
    """A file, the settings (also several by name), or the built-in form for a name that says instruction-tuned."""
    folder = folder_with(tmp_path, gemma_like_folder, name, files)
    tokenizer = load_tokenizer(folder)
    template = load_chat_template(folder, tokenizer)
    assert template.is_chat is is_chat
    assert template.stop_ids == {1, END}
    if is_chat:
        assert template.render(ASK, fresh=True)[:2] == [BOS, START]


def test_a_base_model_completes(tmp_path: Path, gemma_like_folder: Path, gemma_like: Tokenizer) -> None:
    """BOS and the texts joined by blank lines; on top of a state, a blank line first."""
    template = load_chat_template(folder_with(tmp_path, gemma_like_folder, "2b", {}), gemma_like)
    messages = [Message("system", "One."), Message("user", "Two.")]
    assert template.render(messages, fresh=True) == [BOS, *gemma_like.encode("One.\n\nTwo.")]
    assert template.render(messages, fresh=False) == gemma_like.encode("\n\nOne.\n\nTwo.")
    assert template.turn_end == ()


def test_a_damaged_template_file_is_refused(tmp_path: Path, gemma_like_folder: Path, gemma_like: Tokenizer) -> None:
    """Bytes that are no UTF-8."""
    folder = folder_with(tmp_path, gemma_like_folder, "plain", {})
    (folder / "chat_template.jinja").write_bytes(b"\xff\xfe")
    with pytest.raises(CheckpointError, match=r"chat_template\.jinja in .* cannot be read"):
        load_chat_template(folder, gemma_like)
