"""Code blocks with a language: colours, and the field that picks it."""

import json

from playwright.sync_api import expect

from tests.e2e.people import Person
from tests.support.eventually import eventually

#: Counts the workers that highlight.
COUNT_WORKERS = """() => {
  window.workers = 0;
  window.Worker = class extends Worker {
    constructor(url, options) {
      super(url, options);
      if (String(url).endsWith('/code_worker.js')) window.workers += 1;
    }
  };
}"""
FAILURE = "Code is not highlighted"


def test_code_gets_colours_with_a_language(ada: Person, grace: Person, shared: str) -> None:
    """Only decorations; the grammars are loaded with the first language."""
    ada.open(shared)
    asked: list[str] = []
    ada.page.on("request", lambda request: asked.append(request.url))
    ada.write("``` def f(): return 1")
    picker = ada.page.get_by_label("Language of the code")
    expect(picker).to_have_value("")
    assert not any("vendor/highlight" in url for url in asked)
    picker.select_option("Python")
    expect(ada.text).to_be_focused()
    expect(ada.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    ada.page.keyboard.press("End")
    ada.page.keyboard.type(" # end")
    expect(ada.text.locator("pre .hljs-comment")).to_have_text("# end")
    expect(ada.chip).to_have_text("Saved")
    # Another plugin of the editor makes the binding draw the text again.
    ada.page.keyboard.press("ControlOrMeta+f")
    expect(ada.page.locator(".find")).to_be_visible()
    expect(ada.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    grace.open(shared)
    expect(grace.text.locator("pre .hljs-keyword")).to_have_text(["def", "return"])
    expect(grace.page.get_by_label("Language of the code")).to_be_hidden()
    block = json.loads(ada.exported(shared, "json"))["content"][0]
    assert block["attrs"]["language"] == "python"
    assert block["content"] == [{"type": "text", "text": "def f(): return 1 # end"}]
    grace.text.locator("pre").click()
    grace.page.get_by_label("Language of the code").select_option("No language")
    for person in (ada, grace):
        expect(person.text.locator("[class^='hljs-']")).to_have_count(0)


def test_long_code_and_unknown_languages_have_no_colours(ada: Person) -> None:
    """A language without a grammar stays as it is written."""
    long = "x = 1\n" * 4_000
    content = f"```mermaid\nA-->B\n```\n\n```python\n{long}```\n\n```python\ndef f(): pass\n```\n"
    made = ada.api("POST", "documents/import/", format="md", content=content, title="Code")
    ada.open(made["id"])
    colours = "[class^='hljs-']"
    expect(ada.text.locator("pre").nth(2).locator(colours).first).to_have_text("def")
    expect(ada.text.locator("pre").nth(1).locator(colours)).to_have_count(0)
    expect(ada.text.locator("pre").nth(0).locator(colours)).to_have_count(0)
    ada.text.locator("pre").nth(0).click()
    expect(ada.page.get_by_label("Language of the code")).to_have_value("mermaid")


def test_language_is_picked_by_keys_while_others_write(
    ada: Person, grace: Person, shared: str
) -> None:
    """The field is next to the text, keeps the focus, and is not made again."""
    ada.open(shared)
    ada.write("``` x")
    picker = ada.page.get_by_label("Language of the code")
    expect(picker).to_have_value("")
    order = "picker => picker.nextElementSibling?.matches('.block-handle')"
    eventually(lambda: picker.evaluate(order))
    picker.focus()
    picker.evaluate("picker => (window.first = picker.options[0])")
    grace.open(shared)
    grace.text.click()
    grace.page.keyboard.press("End")
    grace.page.keyboard.type("yz")
    expect(ada.text).to_contain_text("xyz")
    assert picker.evaluate("picker => picker.options[0] === window.first")
    for _ in range(2):
        picker.press("ArrowDown")
    expect(picker).to_be_focused()
    expect(picker).to_have_value(picker.evaluate("picker => picker.options[2].value"))
    picker.press("Escape")
    expect(ada.text).to_be_focused()
    expect(ada.text).to_contain_text("xyz")


def test_worker_that_cannot_be_loaded_is_not_asked_for_in_a_loop(ada: Person) -> None:
    """The return of the network tries again."""
    content = "```python\ndef f(): pass\n```\n"
    made = ada.api("POST", "documents/import/", format="md", content=content, title="Code")
    ada.expects_network_noise = True
    ada.page.clock.install()
    ada.page.add_init_script(f"({COUNT_WORKERS})()")
    ada.page.route("**/code_worker.js", lambda route: route.abort())
    ada.open(made["id"])
    tried = []
    for _ in range(6):
        # Each worker has failed.
        eventually(
            lambda: (
                0 < ada.page.evaluate("workers") == sum(FAILURE in text for text in ada.complaints)
            )
        )
        tried.append(ada.page.evaluate("workers"))
        ada.page.clock.run_for(1_000)
    # Other plugins of a page that opens make the text drawn again, some of them later.
    assert tried[-1] == tried[-3] <= 3
    ada.complaints[:] = [text for text in ada.complaints if FAILURE not in text]
    ada.page.unroute("**/code_worker.js")
    ada.page.evaluate("dispatchEvent(new Event('online'))")
    ada.page.clock.run_for(1_000)
    expect(ada.text.locator("pre .hljs-keyword").first).to_have_text("def")
