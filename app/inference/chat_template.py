"""Conversations to token ids, in the form that a model was trained on.

A template is a Jinja program from the model's files. It never sees a message's text: it is rendered with a private
mark in place of each text, and the rendering is cut at the marks. Only the template's own words may become control
tokens; texts are encoded as plain data, so no document or message can act as one, whatever the template is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from app.core.errors import CheckpointError, UserError
from app.inference.generator import Message
from app.inference.instruction_tuning import is_instruction_tuned
from app.inference.json_file import read_bytes
from app.inference.template_sandbox import MAX_SOURCE_CHARACTERS, TemplateProgram
from app.inference.tokenizers.base import Tokenizer
from app.inference.tokenizers.settings import read_json

GEMMA = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'system' %}{{ raise_exception('Gemma has no system role') }}{% endif %}"
    "{{ '<start_of_turn>' + ('model' if message.role == 'assistant' else message.role) + '\n' }}"
    "{{ message.content | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
"""Gemma's turns, for instruction-tuned checkpoints that come without a template (DeepMind's own format)."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""ChatML's turns, likewise."""

_CODE = "chat-template"
_END_NAMES = ("<eos>", "<end_of_turn>", "<|im_end|>", "<|endoftext|>")
# A text's mark stands between two characters that count as white space: where a template trims its texts they are
# gone, and the text is trimmed likewise.
_EDGE = "\x1c"
_MARK = _EDGE + "\U000f5ea1{}\U000f5ea1" + _EDGE
_FIND_MARK = re.compile(f"({_EDGE}?)\U000f5ea1([0-9]{{1,9}})\U000f5ea1({_EDGE}?)")
_AS_JSON = re.compile(json.dumps(_EDGE)[1:-1].replace("\\", "\\\\") + "\U000f5ea1([0-9]{1,9})\U000f5ea1")
_EARLIER = [Message("user", ""), Message("assistant", "")]


@dataclass(frozen=True, slots=True)
class _Text:
    """Where a message's text stands in a rendering: its place in the conversation, and it as the template trims it."""

    message: int
    text: str


class ChatTemplate(Protocol):
    """How a model takes a conversation."""

    @property
    def is_chat(self) -> bool:
        """False for base models, which complete text."""
        ...

    @property
    def stop_ids(self) -> frozenset[int]:
        """Tokens that end an answer: end of sequence and end of turn."""
        ...

    @property
    def turn_end(self) -> tuple[int, ...]:
        """Tokens that close an answer which was cut off before its stop token; then `render` with fresh=False fits."""
        ...

    def render(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """Token ids of the messages, ending where the assistant's answer begins.

        With fresh=False they follow on what a state has read, either raw text or an answer with its stop token: no
        BOS, no default system turn, and first what the template puts between a stop token and the next turn.

        Raises UserError when there is no message, CheckpointError when the template cannot take the messages.
        """
        ...


def load_chat_template(folder: Path, tokenizer: Tokenizer, *, name: str = "") -> ChatTemplate:
    """The chat template of a model's folder. name: see is_instruction_tuned.

    From `chat_template.jinja`, else `tokenizer_config.json`, else, where the manifest or a name says instruction-tuned
    (2b-it), the built-in form that the tokenizer's turn markers call for. A model without any is a base model, and so
    is one that the manifest or its own name (recurrentgemma-2b) says to be one, whatever template lies beside it.

    Raises CheckpointError when the template or the manifest is damaged, or the template does what none needs to do.
    """
    stop_ids = tokenizer.eos_ids | {i for name in _END_NAMES if (i := tokenizer.control_id(name)) is not None}
    source = _find_template(folder, tokenizer, name)
    if source is None:
        return CompletionTemplate(tokenizer, stop_ids)
    return JinjaChatTemplate(source, tokenizer, stop_ids, read_json(folder / "tokenizer_config.json"))


class CompletionTemplate:
    """A base model's: the texts one after the other, with a blank line between."""

    is_chat = False
    turn_end: tuple[int, ...] = ()

    def __init__(self, tokenizer: Tokenizer, stop_ids: frozenset[int]) -> None:
        self._tokenizer = tokenizer
        self.stop_ids = stop_ids

    def render(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """See ChatTemplate."""
        text = "\n\n".join(m.text for m in _some(messages))
        if fresh:
            return [*self._tokenizer.document_prefix, *self._tokenizer.encode(text)]
        return self._tokenizer.encode("\n\n" + text)


class JinjaChatTemplate:
    """A template in Jinja, as Hugging Face's `apply_chat_template` takes it."""

    is_chat = True

    def __init__(
        self, source: str, tokenizer: Tokenizer, stop_ids: frozenset[int], settings: dict[str, Any] | None = None
    ) -> None:
        """Raises CheckpointError when the template is damaged, unsafe or cannot take a plain question."""
        self._tokenizer = tokenizer
        self.stop_ids = stop_ids
        names = {i: name for name, i in tokenizer.control_tokens.items()}
        self._variables: dict[str, Any] = {
            key: value for key, value in (settings or {}).items() if key.endswith("_token") and isinstance(value, str)
        }
        if tokenizer.bos_id is not None:
            self._variables["bos_token"] = names.get(tokenizer.bos_id, "")
        if tokenizer.eos_id is not None:
            self._variables["eos_token"] = names.get(tokenizer.eos_id, "")
        # Longest first: one control token's name may begin with another's.
        literal = sorted(tokenizer.control_tokens, key=len, reverse=True)
        self._control = re.compile("(" + "|".join(map(re.escape, literal)) + ")") if literal else None
        self._program = TemplateProgram(source)
        self.render([Message("user", "?")], fresh=True)
        self.turn_end, _ = self._continuation([Message("user", "?")])

    def render(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """See ChatTemplate."""
        turns = _merge_neighbours(_some(messages))
        try:
            return self._encode_turns(turns, fresh=fresh)
        except CheckpointError:
            if all(m.role != "system" for m in turns):
                raise
        # Gemma's template refuses a system turn and others leave it out: then it is said before the user's words.
        return self._encode_turns(_merge_neighbours(_system_into_user(turns)), fresh=fresh)

    def _encode_turns(self, turns: list[Message], *, fresh: bool) -> list[int]:
        if not fresh:
            return self._continuation(turns)[1]
        ids = self._to_ids(self._pieces(turns))
        # Some of Gemma's published templates leave BOS to the tokenizer; without it the model is lost.
        prefix = self._tokenizer.document_prefix
        return ids if tuple(ids[: len(prefix)]) == prefix else [*prefix, *ids]

    def _continuation(self, turns: list[Message]) -> tuple[tuple[int, ...], list[int]]:
        """What closes an earlier answer (its stop token last), and what follows it when the conversation goes on.

        The template continues a made-up conversation, of which only what comes after the answer's text is kept.
        """
        pieces = self._pieces(_EARLIER + turns)
        answer = max(n for n, piece in enumerate(pieces) if isinstance(piece, _Text) and piece.message == 1)
        ids = self._to_ids(pieces[answer + 1 :])
        control = next((n for n, i in enumerate(ids) if i in self._tokenizer.control_ids), None)
        if control is None or ids[control] not in self.stop_ids:
            return (), ids
        return tuple(ids[: control + 1]), ids[control + 1 :]

    def _pieces(self, turns: list[Message]) -> list[str | _Text]:
        """The rendering, cut at the texts. Raises CheckpointError when the template fails or leaves a text out."""
        marked = [{"role": m.role, "content": _MARK.format(n)} for n, m in enumerate(turns)]
        rendering = self._program.render(messages=marked, add_generation_prompt=True, **self._variables)
        if (quoted := _AS_JSON.search(rendering)) and int(quoted[1]) < len(turns):
            role = turns[int(quoted[1])].role
            raise CheckpointError(f"the model's chat template writes the {role}'s message as JSON", code=_CODE)
        pieces: list[str | _Text] = []
        end = 0
        for found in _FIND_MARK.finditer(rendering):
            left_edge, number, right_edge = found.groups()
            if int(number) >= len(turns):
                raise CheckpointError(f"the model's chat template names message {number} of {len(turns)}", code=_CODE)
            text = turns[int(number)].text
            text = text if left_edge else text.lstrip()
            text = text if right_edge else text.rstrip()
            pieces += [rendering[end : found.start()], _Text(int(number), text)]
            end = found.end()
        pieces.append(rendering[end:])
        left_out = set(range(len(turns))) - {p.message for p in pieces if isinstance(p, _Text)}
        if left_out:
            role = turns[min(left_out)].role
            raise CheckpointError(f"the model's chat template leaves out the {role}'s message", code=_CODE)
        return pieces

    def _to_ids(self, pieces: list[str | _Text]) -> list[int]:
        """Control tokens from the template's own words only; what lies between two of them is encoded in one go.

        In one go, because the model was trained so: a token may span the template's words and the text's.
        """
        ids: list[int] = []
        plain: list[str] = []
        for piece in pieces:
            if isinstance(piece, _Text):
                plain.append(piece.text)
                continue
            for n, part in enumerate(self._control.split(piece) if self._control else [piece]):
                if n % 2 == 0:
                    plain.append(part)
                    continue
                ids += [*self._tokenizer.encode("".join(plain)), self._tokenizer.control_tokens[part]]
                plain.clear()
        return ids + self._tokenizer.encode("".join(plain))


def _find_template(folder: Path, tokenizer: Tokenizer, name: str) -> str | None:
    tuned = is_instruction_tuned(folder, name)
    if tuned is False:
        return None  # a template that came along with a base model: the model has never seen its turns
    found = _shipped_template(folder)
    if found is None and tuned:
        for marker, template in (("<start_of_turn>", GEMMA), ("<|im_start|>", CHATML)):
            if tokenizer.control_id(marker) is not None:
                return template
    return found


def _shipped_template(folder: Path) -> str | None:
    try:
        content = read_bytes(folder / "chat_template.jinja", 4 * MAX_SOURCE_CHARACTERS)
        return content.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
    except FileNotFoundError:
        pass
    except (OSError, ValueError) as error:
        raise CheckpointError(
            f"chat_template.jinja in {folder} cannot be read ({error}); fetch the model's files again", code=_CODE
        ) from error
    found = read_json(folder / "tokenizer_config.json").get("chat_template")
    if isinstance(found, list):  # several, by name
        found = next((t.get("template") for t in found if isinstance(t, dict) and t.get("name") == "default"), None)
    return found if isinstance(found, str) else None


def _some(messages: Sequence[Message]) -> Sequence[Message]:
    if not messages:
        raise UserError("there is no message to answer; write one")
    return messages


def _merge_neighbours(messages: Iterable[Message]) -> list[Message]:
    """Join turns of the same role that follow each other: templates take roles in alternation."""
    turns: list[Message] = []
    for message in messages:
        if turns and turns[-1].role == message.role:
            turns[-1] = replace(message, text=f"{turns[-1].text}\n\n{message.text}")
        else:
            turns.append(message)
    return turns


def _system_into_user(turns: Sequence[Message]) -> Iterator[Message]:
    """Put each system text before the next user text, with a blank line between."""
    waiting: list[str] = []
    for turn in turns:
        if turn.role == "system":
            waiting.append(turn.text)
        elif turn.role == "user":
            yield replace(turn, text="\n\n".join([*waiting, turn.text]))
            waiting.clear()
        else:
            yield turn
    if waiting:
        yield Message("user", "\n\n".join(waiting))
