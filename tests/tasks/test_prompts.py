from app.inference.generator import Message
from app.tasks.model import Style
from app.tasks.prompts import notes_after_reading, notes_of_text


def test_text_stands_alone_in_its_turn() -> None:
    """The request is in the system turn; the user's turn is the text and nothing else."""
    system, user = notes_of_text(Style.DETAILED, "  The text. \n")
    assert (system.role, user.role, user.text) == ("system", "user", "The text.")
    assert "five sentences" in system.text


def test_running_state_is_asked_about_the_text_above() -> None:
    """No text is repeated; the section's title helps where there is one."""
    assert notes_after_reading(Style.BRIEF, "Rivers")[-1].text.endswith('It is from the section "Rivers".')
    assert notes_after_reading(Style.BRIEF, "")[-1].text == "Summarize the text above."


def test_a_base_model_is_given_a_summarys_beginning() -> None:
    """The text, then what a summary of it begins with: no instruction, and no space that would be a word of its own."""
    (asked,) = notes_of_text(Style.BRIEF, "  The text. \n", is_chat=False)
    assert asked == Message("user", "The text.\n\nSummary of the passage above:\n-")
    (after,) = notes_after_reading(Style.BRIEF, "Rivers", is_chat=False)
    assert after.text == 'Summary of the passage above ("Rivers"):\n-'
    assert notes_after_reading(Style.BRIEF, "", is_chat=False)[0].text == "Summary of the passage above:\n-"
